"""Partitions materialized in this process: what Dagster records of them, and what a killed process leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.test_utils import create_run_for_test
from dagster.components.testing import create_defs_folder_sandbox

from enrichment_platform.components import Enrichment
from enrichment_platform.stages.instance import (
    end_orphaned_runs,
    hold_run,
    open_instance,
    prepare_dagster_home,
    release_run,
)
from enrichment_platform.stages.materialize import PartitionRun, materialize_partitions
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.stages.partition import letters_spec, rows


@contextmanager
def letters(folder: Path, **changes: Any) -> Iterator[tuple[Enrichment, dg.Definitions]]:
    """The letters enrichment as a component, with its definitions."""
    output = [
        {"name": "topic", "type": "label", "description": "what it is about", "labels": ["praise", "complaint"]},
        {"name": "quote", "type": "string", "evidence": True},
    ]
    attributes = letters_spec(folder / "letters.jsonl", output=output, **changes).model_dump(exclude_unset=True)
    contents = {"type": "enrichment_platform.components.Enrichment", "attributes": attributes}
    with create_defs_folder_sandbox() as sandbox:
        path = sandbox.scaffold_component(component_cls=Enrichment, defs_path="letters", defs_yaml_contents=contents)
        with sandbox.load_component_and_build_defs(defs_path=path) as (component, defs):
            assert isinstance(component, Enrichment)
            yield component, defs


@pytest.fixture
def source(tmp_path: Path) -> Path:
    lines = [*rows("1", "2", "3"), {"id": "4", "part": "a", "text": " "}, {"id": "5", "part": "b", "text": "Hello"}]
    path = tmp_path / "letters.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def endpoint(home: Path, provider: RunningServer, monkeypatch: pytest.MonkeyPatch) -> RunningServer:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", provider.url)
    return provider


def metadata(run: PartitionRun) -> dict[str, dict[str, Any]]:
    """Metadata of the run's materializations, by stage."""
    with open_instance() as instance:
        records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
        found = [record.event_log_entry.asset_materialization for record in records]
        return {
            one.asset_key.path[-1]: {name: entry.value for name, entry in one.metadata.items()}
            for one in found
            if one is not None
        }


def test_a_materialization_tells_rows_schema_lineage_and_spending(
    endpoint: RunningServer, source: Path, tmp_path: Path
) -> None:
    with letters(tmp_path) as (spec, defs):
        (run,) = materialize_partitions(defs, spec, ["a"])
    assert (run.succeeded, run.requests) == (True, 3)
    assert run.materialized == ["raw", "cleaned", "classified", "enriched"]
    told = metadata(run)
    assert {stage: one["dagster/partition_row_count"] for stage, one in told.items()} == {
        "raw": 4,
        "cleaned": 3,
        "classified": 3,
        "enriched": 3,
    }
    assert told["cleaned"]["quarantined_by_reason"] == {"empty_text": 1}
    schema = {column.name: column for column in told["enriched"]["dagster/column_schema"].columns}
    assert {"row_id", "partition_key", "text", "topic", "quote", "quote_evidence"} <= schema.keys()
    assert schema["topic"].description == "what it is about"
    lineage = told["enriched"]["dagster/column_lineage"].deps_by_column
    assert [(dep.asset_key.path[-1], dep.column_name) for dep in lineage["topic"]] == [("classified", "topic")]
    assert [(dep.asset_key.path[-1], dep.column_name) for dep in lineage["text"]] == [("cleaned", "text")]
    (source_of_topic,) = told["classified"]["dagster/column_lineage"].deps_by_column["topic"]
    assert (source_of_topic.asset_key.path[-1], source_of_topic.column_name) == ("cleaned", "text")
    assert told["classified"]["requests"] == 3
    assert told["classified"]["input_tokens"] == endpoint.stats()["prompt_tokens"]
    assert told["classified"]["models"] == ["fake-model-2026-01-01"]
    assert len(told["classified"]["fingerprints"]) == 1


def test_a_failed_check_stops_its_partition_and_not_the_others(
    endpoint: RunningServer, source: Path, tmp_path: Path
) -> None:
    endpoint.behave({"kind": "400", "first": 3})
    with letters(tmp_path) as (spec, defs):
        seen: list[str] = []
        runs = materialize_partitions(defs, spec, ["a", "b"], on_partition=lambda run: seen.append(run.partition_key))
    assert seen == ["a", "b"]
    assert [run.succeeded for run in runs] == [False, True]
    assert "answer_status" in runs[0].failed_checks
    assert runs[0].errors == [], "the failed check says it"
    assert runs[0].materialized == ["raw", "cleaned", "classified"]
    with open_instance() as instance:
        assert set(instance.get_materialized_partitions(dg.AssetKey(["letters", "enriched"]))) == {"b"}


def test_an_endpoint_that_is_down_is_one_message(
    home: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", "http://127.0.0.1:9")
    with letters(tmp_path) as (spec, defs):
        (run,) = materialize_partitions(defs, spec, ["a"])
    assert not run.succeeded
    (error,) = run.errors
    assert "http://127.0.0.1:9" in error
    assert "does not answer" in error
    assert run.materialized == ["raw", "cleaned"]


def run_of(instance: dg.DagsterInstance, status: DagsterRunStatus) -> str:
    return create_run_for_test(instance, job_name="letters_job", status=status).run_id


def holder(*run_ids: str) -> subprocess.Popen[str]:
    """A process that holds runs."""
    code = "import sys, time; from enrichment_platform.stages.instance import hold_run\n"
    code += "for run_id in sys.argv[1:]: hold_run(run_id)\nprint('held', flush=True); time.sleep(120)"
    process = subprocess.Popen([sys.executable, "-c", code, *run_ids], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_runs_of_processes_that_are_gone_are_ended_and_all_others_left_alone(home: Path) -> None:
    started = DagsterRunStatus.STARTED
    with open_instance() as instance:
        orphans = [run_of(instance, started), run_of(instance, DagsterRunStatus.STARTING)]
        ended, alive, own, elsewhere = (
            run_of(instance, status) for status in (DagsterRunStatus.SUCCESS, started, started, started)
        )
        killed, living = holder(*orphans, ended), holder(alive)
        killed.kill()
        killed.communicate()
        hold_run(own)
        try:
            assert set(end_orphaned_runs(instance)) == {*orphans}
            assert end_orphaned_runs(instance) == []
        finally:
            release_run(own)
            living.kill()
            living.communicate()

        def status(run_id: str) -> DagsterRunStatus:
            run = instance.get_run_by_id(run_id)
            assert run is not None
            return run.status

        assert [status(run_id) for run_id in orphans] == [DagsterRunStatus.FAILURE] * 2
        assert [status(run_id) for run_id in (alive, own, elsewhere)] == [started] * 3
        assert status(ended) is DagsterRunStatus.SUCCESS


def test_the_dagster_home_gets_our_settings_once_and_keeps_changed_ones(home: Path) -> None:
    folder = prepare_dagster_home()
    assert folder == home / "dagster"
    settings = folder / "dagster.yaml"
    assert "telemetry" in settings.read_text()
    with open_instance() as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert instance.global_op_concurrency_default_limit == 2
    settings.write_text("telemetry:\n  enabled: false\n")
    prepare_dagster_home()
    assert "run_monitoring" not in settings.read_text()
