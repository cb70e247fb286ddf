"""Seen from Dagster: a backfill, one stage again, a failing check and a schedule leave the state that one expects.

A real webserver and a real daemon over `workspace.yaml`, driven by the GraphQL that the UI sends.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from enrichment_platform.stages.instance import SETTINGS
from enrichment_platform_tests.acceptance.project import Deployment, copy_of_the_platform, write_jsonl
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server
from enrichment_platform_tests.waiting import wait_until

DAYS = ["2024-05-01", "2024-05-02", "2024-05-03", "2024-05-04"]
STAGES = ["raw", "cleaned", "classified", "enriched"]
CHECKS = ["row_reconciliation", "not_empty", "one_fingerprint", "answer_status", "output_contract", "failed_rows"]
LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "enrichment_platform"}

BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
LAUNCH = """mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
EXECUTIONS = """query($check: String!, $partition: String) { assetCheckExecutions(
  assetKey: {path: ["letters", "classified"]}, checkName: $check, partition: $partition, limit: 10) {
  status partition evaluation { success description } } }"""
DRY_RUN = """mutation($schedule: ScheduleSelector!, $at: Float) {
  scheduleDryRun(selectorData: $schedule, timestamp: $at) {
  __typename ... on PythonError { message } ... on DryRunInstigationTick { evaluationResult {
  error { message } skipReason runRequests { runKey tags { key value } } } } } }"""


@dataclass(frozen=True)
class Dagster:
    deployment: Deployment
    provider: RunningServer
    url: str
    instance: dg.DagsterInstance

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return next(iter(answer["data"].values()))

    def launch(self, day: str, *stages: str) -> str:
        """Materialize stages of one partition, as the UI's button does; waits for the end and returns the status."""
        selection = [{"path": ["letters", stage]} for stage in stages]
        params = {
            "selector": {**LOCATION, "pipelineName": "__ASSET_JOB", "assetSelection": selection},
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": day}]},
        }
        launched = self.ask(LAUNCH, params=params)
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id = launched["run"]["runId"]
        wait_until(lambda: self.run(run_id).is_finished, f"run {run_id} to end", seconds=120, look_s=0.3)
        return self.run(run_id).status.value

    def run(self, run_id: str) -> dg.DagsterRun:
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def materialized(self, stage: str) -> set[str]:
        return set(self.instance.get_materialized_partitions(dg.AssetKey(["letters", stage])))

    def materializations(self, stage: str, day: str) -> int:
        records = self.instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=dg.AssetKey(["letters", stage]), asset_partitions=[day]), limit=20
        )
        return len(records.records)

    def checks(self, day: str) -> dict[str, list[str]]:
        """Statuses of every check in a partition."""
        return {check: [one["status"] for one in self.ask(EXECUTIONS, check=check, partition=day)] for check in CHECKS}


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    folder = tmp_path_factory.mktemp("dagster")
    rows = [
        {"id": f"{day}-{n}", "at": f"{day}T0{n}:00:00Z", "text": f"Letter {n} of {day}"}
        for day in DAYS
        for n in range(4)
    ]
    source = write_jsonl(folder / "letters.jsonl", rows)
    with ExitStack() as stack:
        provider = stack.enter_context(openai_server())
        variables = {"ENRICHMENT_ENDPOINT": provider.url, "DAGSTER_HOME": str(folder / "home" / "dagster")}
        deployment = Deployment(copy_of_the_platform(folder / "project"), folder / "home", variables)
        settings = deployment.home / "dagster" / "dagster.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTINGS.read_text())
        deployment.define(
            "letters",
            {
                "name": "letters",
                "source": {"path": str(source), "key": "id", "timestamp": "at", "columns": ["text"]},
                "partitions": {"start": DAYS[0], "end": "2024-05-05"},
                "prompt": {"columns": ["text"]},
                "output": [{"name": "topic", "type": "label", "labels": ["praise", "complaint"]}],
                "schedule": "0 6 * * *",
            },
        )
        # The first to open the instance creates its databases; two at once get in each other's way.
        instance = stack.enter_context(deployment.instance())
        instance.get_runs(limit=1)
        instance.fetch_materializations(dg.AssetKey(["letters", "raw"]), limit=1)
        instance.all_instigator_state()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        for name, arguments in {
            "dagster_webserver": ["-h", "127.0.0.1", "-p", str(port), "-w", "workspace.yaml"],
            "dagster._daemon": ["run", "-w", "workspace.yaml"],
        }.items():
            command = [sys.executable, "-m", name, *arguments]
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(command, cwd=deployment.root, env=deployment.variables, stdout=log, stderr=log)
            stack.callback(stop, process)
        running = Dagster(deployment, provider, f"http://127.0.0.1:{port}", instance)
        wait_until(lambda: answers(running), "the webserver", seconds=120, look_s=0.3)
        yield running


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(dagster: Dagster) -> bool:
    try:
        return bool(dagster.ask("{ version }"))
    except (OSError, urllib.error.URLError):
        return False


def test_a_backfill_from_the_ui_fills_its_partitions_and_records_their_checks(dagster: Dagster) -> None:
    chosen = DAYS[:3]
    selection = [{"path": ["letters", stage]} for stage in STAGES]
    launched = dagster.ask(BACKFILL, params={"assetSelection": selection, "partitionNames": chosen})
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    def ended() -> bool:
        runs = dagster.instance.get_runs()
        return bool(runs) and all(run.is_finished for run in runs) and dagster.materialized("enriched") == {*chosen}

    wait_until(ended, "the backfill's runs", seconds=120, look_s=0.3)
    assert {run.status.value for run in dagster.instance.get_runs()} == {"SUCCESS"}
    for stage in STAGES:
        assert dagster.materialized(stage) == {*chosen}
    for day in chosen:
        assert dagster.checks(day) == {check: ["SUCCEEDED"] for check in CHECKS}
    assert dagster.provider.stats()["requests"] == 12
    rows = dagster.deployment.sql("select partition_key, count(*) as n from letters.enriched group by 1 order by 1")
    assert [(row["partition_key"], row["n"]) for row in rows] == [(day, 4) for day in chosen]


def test_one_stage_again_materializes_that_stage_only(dagster: Dagster) -> None:
    day = DAYS[0]
    before = {stage: dagster.materializations(stage, day) for stage in STAGES}
    requests = dagster.provider.stats()["requests"]
    assert dagster.launch(day, "classified") == "SUCCESS"
    after = {stage: dagster.materializations(stage, day) for stage in STAGES}
    assert after == before | {"classified": before["classified"] + 1}
    assert dagster.checks(day) == {check: ["SUCCEEDED", "SUCCEEDED"] for check in CHECKS}
    assert dagster.provider.stats()["requests"] == requests, "the ledger answered"


def test_a_failing_check_leaves_enriched_unmaterialized_and_says_why(dagster: Dagster) -> None:
    day = DAYS[3]
    dagster.provider.behave({"kind": "400"})
    assert dagster.launch(day, *STAGES) == "FAILURE"
    assert day in dagster.materialized("classified")
    assert day not in dagster.materialized("enriched")
    checks = dagster.checks(day)
    assert checks["answer_status"] == ["FAILED"]
    assert checks["row_reconciliation"] == ["SUCCEEDED"]
    (told,) = dagster.ask(EXECUTIONS, check="answer_status", partition=day)
    assert told["evaluation"]["description"]
    assert dagster.deployment.sql(f"select * from letters.enriched where partition_key = '{day}'") == []
    dagster.provider.behave()
    assert dagster.launch(day, "classified", "enriched") == "SUCCESS"
    assert day in dagster.materialized("enriched")


def test_a_schedule_tick_asks_for_the_newest_complete_partition(dagster: Dagster) -> None:
    tick = dagster.ask(DRY_RUN, schedule={**LOCATION, "scheduleName": "letters_schedule"}, at=1714716000.0)
    result = tick["evaluationResult"]
    assert result["error"] is None, result
    (request,) = result["runRequests"]
    tags = {tag["key"]: tag["value"] for tag in request["tags"]}
    assert tags["dagster/partition"] == "2024-05-02", "the tick is at 2024-05-03 06:00 UTC"
