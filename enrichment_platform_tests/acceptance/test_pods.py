"""Two pods on one partition, with one lake and one ledger: each row is asked once, and the table is whole."""

from __future__ import annotations

from pathlib import Path

from enrichment_platform.lake.tables import Lake
from enrichment_platform_tests.acceptance.project import (
    Deployment,
    copy_of_the_platform,
    letters,
    letters_spec,
    write_jsonl,
)
from enrichment_platform_tests.servers.ledgers import empty
from enrichment_platform_tests.servers.openai_server import RunningServer

ROWS = 300


def test_two_pods_on_one_partition_ask_each_row_once_and_both_succeed(
    provider: RunningServer, postgres_url: str, tmp_path: Path
) -> None:
    empty(postgres_url)
    source = write_jsonl(tmp_path / "letters.jsonl", letters(ROWS, ["a"]))
    root = copy_of_the_platform(tmp_path / "project")
    shared = {
        "ENRICHMENT_ENDPOINT": provider.url,
        "ENRICHMENT_LAKE": str(tmp_path / "lake"),
        "ENRICHMENT_LEDGER": postgres_url,
        "ENRICHMENT_CONCURRENCY": "8",
    }
    pods = [Deployment(root, tmp_path / name, shared) for name in ("home-1", "home-2")]
    pods[0].define("letters", letters_spec(source, ["a"]))
    provider.behave({"latency_s": 0.1})
    processes = [pod.start("run", "letters", "--partition", "a") for pod in pods]
    outputs = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert not any("Traceback" in text for pair in outputs for text in pair)

    bill = provider.stats()
    assert len(bill["prompts"]) == ROWS
    assert max(bill["prompts"].values()) == 1, "a row was asked by both"
    assert bill["max_in_flight"] > 8, "they were meant to work at once"
    for stage in ("classified", "enriched"):
        rows = Lake(str(tmp_path / "lake")).read(f"letters/{stage}", "a")
        assert sorted(rows["row_id"]) == sorted(row["id"] for row in letters(ROWS, ["a"])), stage
        assert rows["topic"].null_count() == 0
