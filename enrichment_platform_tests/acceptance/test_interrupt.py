"""Ctrl-C: what was answered is kept, no further partition is asked, one message ends the command."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import sqlalchemy as sa

from enrichment_platform_tests.acceptance.project import Deployment, letters, letters_spec, write_jsonl
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.waiting import wait_until

ROWS = 60


@pytest.mark.slow
def test_ctrl_c_keeps_every_answer_and_stops_the_range(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(ROWS, ["a", "b"]))
    deployment.define("letters", letters_spec(source, ["a", "b"]))
    deployment.environment["ENRICHMENT_CONCURRENCY"] = "4"
    provider.behave({"kind": "ok", "latency_s": 0.3})
    process = deployment.start("run", "letters", "--from", "a", "--to", "b")
    wait_until(lambda: provider.stats()["answered"] >= 5, "five answers", process=process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted" in out
    assert "Traceback" not in out + err
    assert "letters b" not in out, "the next partition is not begun"
    answered = provider.stats()["answered"]
    with sa.create_engine(f"sqlite:///{deployment.home / 'ledger.db'}").connect() as ledger:
        stored = ledger.execute(sa.text("select count(*) from answers")).scalar_one()
    assert stored == answered == provider.stats()["requests"], "what was in flight was waited for and kept"

    provider.behave({"kind": "ok"})
    deployment.done("run", "letters", "--from", "a", "--to", "b")
    assert max(provider.stats()["prompts"].values()) == 1, "nothing is asked twice"


def test_ctrl_c_does_not_sit_out_the_waits_of_retries(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(4, ["a"]))
    deployment.define("letters", letters_spec(source, ["a"]))
    provider.behave({"kind": "429", "retry_after": "50"})
    process = deployment.start("run", "letters", "--partition", "a")
    wait_until(lambda: provider.stats()["requests"] >= 4, "four requests", process=process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "interrupted" in out


def test_a_failed_partition_lists_its_failing_rows_before_anything_is_published(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(10, ["a"]))
    deployment.define("letters", letters_spec(source, ["a"]))
    provider.behave({"kind": "refusal", "first": 4})
    failed = deployment.run("run", "letters", "--partition", "a")
    assert failed.returncode == 1
    assert "enrichment quarantine letters --partition a --staged" in failed.stdout
    listed = deployment.done("quarantine", "letters", "--partition", "a", "--staged")
    assert listed.count("answer_status") == 4
    assert "no rows" not in listed
