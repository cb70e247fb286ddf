"""A partition of letters on a lake, stage by stage, with answers that the test chooses instead of a model's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.inference.records import Answer
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.task import Task, request_key
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, PartitionWindow, Stage
from enrichment_platform.stages.cleaned import clean_partition
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.raw import ingest
from enrichment_platform.stages.staged_rows import StagedRows

KEY = "a"


def letters_spec(path: Path, **changes: Any) -> EnrichmentSpec:
    """Letters in JSON lines, partitioned by `part`."""
    return EnrichmentSpec.model_validate(
        {
            "name": "letters",
            "source": {"path": str(path), "key": "id", "columns": ["text", "part"]},
            "partitions": {"type": "static", "keys": ["a", "b"], "column": "part"},
            "prompt": {"columns": ["text"]},
            "output": [{"name": "topic", "type": "label", "labels": ["praise", "complaint"]}],
            "checks": {"max_failed_share": 0.5},
        }
        | changes
    )


def answer(row_id: str, status: str = "ok", fingerprint: str = "f1") -> RowAnswer:
    """An answer of a status."""
    finish = {"truncated": "length", "failed": "connection"}.get(status, "stop")
    given = Answer(
        request_key=f"key-{row_id}",
        fingerprint=fingerprint,
        enrichment="letters",
        partition_key=KEY,
        row_id=row_id,
        status=status,
        text='{"topic": "praise"}' if status == "ok" else "",
        finish_reason=finish,
        model="m",
        endpoint="e",
        attempts=1,
        input_tokens=10,
        cached_tokens=0,
        output_tokens=5,
        cost_usd=0.1,
        latency_ms=3.0,
    )
    return RowAnswer(row_id, given, copied=False)


def prepare(lake: Lake, spec: EnrichmentSpec, lines: Sequence[dict[str, Any] | str], folder: Path) -> list[str]:
    """Write the source, run raw and cleaned; returns the row ids that are left to be answered."""
    path = folder / "letters.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    ingest(lake, spec, PartitionWindow(KEY), folder)
    clean_partition(lake, spec, KEY)
    return sorted(lake.read(table(spec, Stage.CLEANED), KEY)["row_id"])


def classify(lake: Lake, spec: EnrichmentSpec, answers: list[RowAnswer]) -> None:
    """Stage these answers, each under the key of its row's own request."""
    task = Task(spec, cleaning_version(spec))
    rows = {row["row_id"]: row for row in lake.read(table(spec, Stage.CLEANED), KEY).iter_rows(named=True)}
    with StagedRows(KEY, spec.output) as staged:
        for one in answers:
            row, given = rows.get(one.row_id), one.answer
            key = request_key(given.fingerprint, task.question(row)) if row else given.request_key
            staged.add(replace(one, answer=replace(given, request_key=key)))
        lake.replace_partition(table(spec, Stage.CLASSIFIED), KEY, staged.spool())


def rows(*ids: str) -> list[dict[str, Any]]:
    """Rows of partition a."""
    return [{"id": one, "part": KEY, "text": f"Letter {one}"} for one in ids]
