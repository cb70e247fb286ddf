"""SIGKILL in the middle of the LLM stage, then the same command: nothing that was answered is asked again."""

from __future__ import annotations

import json
import time
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster import DagsterRunStatus

from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.inference.task import Task
from enrichment_platform_tests.acceptance.project import Deployment, as_spec, letters, letters_spec, write_jsonl
from enrichment_platform_tests.servers.openai_server import RunningServer, prompt_hash
from enrichment_platform_tests.waiting import wait_until

ROWS, CONCURRENCY, KILLS = 120, 8, (1, 40, 90)


def settled_rows(home: Path) -> set[str]:
    """Row ids whose answer is in the ledger."""
    with sa.create_engine(f"sqlite:///{home / 'ledger.db'}").connect() as ledger:
        statement = "select attempts.row_id from attempts join answers using (request_key) where outcome = 'ok'"
        return {row_id for (row_id,) in ledger.execute(sa.text(statement))}


def kill_after(deployment: Deployment, provider: RunningServer, answers: int) -> None:
    """Start the command and kill it once the provider has given so many answers in all."""
    process = deployment.start("run", "letters", "--partition", "a")
    wait_until(lambda: provider.stats()["answered"] >= answers, f"{answers} answers", process=process)
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_after_sigkill_only_what_was_in_flight_is_asked_again(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    rows = letters(ROWS, ["a"])
    attributes = letters_spec(write_jsonl(tmp_path / "letters.jsonl", rows), ["a"])
    deployment.define("letters", attributes)
    deployment.environment["ENRICHMENT_CONCURRENCY"] = str(CONCURRENCY)
    provider.behave({"kind": "ok", "latency_s": 0.2})
    task = Task(as_spec(attributes), cleaning_version(as_spec(attributes)))
    prompt_of = {row["id"]: prompt_hash(list(task.question({"row_id": row["id"], **row}).messages)) for row in rows}
    asked_at_kill: dict[str, int] = {}
    for answers in KILLS:
        kill_after(deployment, provider, answers)
        time.sleep(0.3)  # what was in flight at the kill is answered into the void
        prompts = provider.stats()["prompts"]
        for row_id in settled_rows(deployment.home) - asked_at_kill.keys():
            asked_at_kill[row_id] = prompts[prompt_of[row_id]]
    assert 0 < len(asked_at_kill) < ROWS, "the kills were meant to be half-way"

    (report,) = json.loads(deployment.done("run", "letters", "--partition", "a", "--json"))

    prompts = provider.stats()["prompts"]
    assert prompts.keys() == set(prompt_of.values())
    for row_id, asked in asked_at_kill.items():
        assert prompts[prompt_of[row_id]] == asked, "an answer that was in the ledger was paid for again"
    assert sum(asked - 1 for asked in prompts.values()) <= CONCURRENCY * len(KILLS)
    assert provider.stats()["max_in_flight"] <= 2 * CONCURRENCY
    assert report["published"] == ROWS
    published = deployment.sql("select row_id, topic from letters.enriched where partition_key = 'a'")
    assert sorted(row["row_id"] for row in published) == sorted(prompt_of)
    assert all(row["topic"] for row in published)
    killed_runs_are_failed_and_their_slots_free(deployment)


def killed_runs_are_failed_and_their_slots_free(deployment: Deployment) -> None:
    with deployment.instance() as instance:
        assert isinstance(instance, dg.DagsterInstance)
        statuses = [run.status for run in instance.get_runs()]
        assert statuses == [DagsterRunStatus.SUCCESS] + [DagsterRunStatus.FAILURE] * len(KILLS), "newest first"
        slots = instance.event_log_storage.get_concurrency_info("model_default")
        assert slots.active_slot_count == 0
        assert slots.pending_step_count == 0
