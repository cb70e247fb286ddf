"""Many processes materialize partitions of one enrichment at once, from nothing."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from enrichment_platform_tests.acceptance.project import Deployment, letters, letters_spec, write_jsonl
from enrichment_platform_tests.servers.openai_server import RunningServer

PARTITIONS = [f"p{number:02}" for number in range(16)]
ROWS = 5


@pytest.mark.slow
def test_eight_processes_fill_sixteen_partitions_without_losing_one(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    nowhere = {"id": "nowhere", "part": "unknown", "text": "Every process finds this row that has no partition."}
    source = write_jsonl(tmp_path / "letters.jsonl", [*letters(ROWS, PARTITIONS), nowhere])
    deployment.define("letters", letters_spec(source, PARTITIONS))
    pairs = list(zip(PARTITIONS[::2], PARTITIONS[1::2], strict=True))
    processes = [deployment.start("run", "letters", "--from", a, "--to", b) for a, b in pairs]
    outputs = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, outputs

    rows = deployment.sql("select row_id, partition_key from letters.enriched order by row_id")
    expected = [(row["id"], row["part"]) for row in letters(ROWS, PARTITIONS)]
    assert [(row["row_id"], row["partition_key"]) for row in rows] == expected
    assert provider.stats()["requests"] == len(expected), "each row asked once"
    aside = deployment.sql("select row_id, partition_key from letters.quarantine")
    assert [row["partition_key"] for row in aside] == ["unplaced"]
    with deployment.instance() as instance:
        assert [run.status for run in instance.get_runs()] == [DagsterRunStatus.SUCCESS] * 16
        done = instance.get_materialized_partitions(dg.AssetKey(["letters", "enriched"]))
        assert done == set(PARTITIONS)
