"""The classified table of a partition as it is answered: collected in batches, with its sums."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Any

import polars as pl

from enrichment_platform.inference.answer_schema import output_types, read_answer
from enrichment_platform.inference.row import OK, RowAnswer
from enrichment_platform.lake.spool import Spool
from enrichment_platform.spec import ANSWER_COLUMNS, OutputField

_ANSWER_TYPES: dict[str, Any] = {
    **dict.fromkeys(ANSWER_COLUMNS, pl.String),
    **dict.fromkeys(("attempts", "input_tokens", "cached_tokens", "output_tokens"), pl.Int64),
    **dict.fromkeys(("cost_usd", "latency_ms"), pl.Float64),
}
_SPENT = ("attempts", "input_tokens", "cached_tokens", "output_tokens", "cost_usd", "latency_ms")
_SUMS = ("input_tokens", "cached_tokens", "output_tokens", "cost_usd")
_BATCH_ROWS = 5000
_SHOWN_ROWS = 20  # the most that a preview may have


class StagedRows:
    """Rows of the classified table: row_id, partition_key, the output columns, then how each was answered.

    A row that shares another row's request has spent nothing of its own: attempts, tokens, cost and latency are 0, so
    that sums over the table are what the endpoint billed. Answers that are not good have null outputs.
    """

    def __init__(self, partition_key: str, output: list[OutputField]) -> None:
        self._partition_key = partition_key
        self._output = output
        self._outputs = output_types(output)
        self._schema = {"row_id": pl.String, "partition_key": pl.String, **self._outputs, **_ANSWER_TYPES}
        self._spool = Spool(self._schema)
        self._rows: list[tuple[Any, ...]] = []
        self._first: pl.DataFrame | None = None
        self._sums: Counter[str] = Counter()
        self._status: Counter[str] = Counter()
        self._fingerprints: Counter[str] = Counter()
        self._models: set[str] = set()

    def __enter__(self) -> StagedRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.__exit__(kind, error, trace)

    def add(self, row: RowAnswer) -> None:
        """Add a row; its values are read from the answer where the dispatcher has not done so."""
        answer = row.answer
        values: Any = row.values if row.values is not None else {}
        if row.values is None and answer.status == OK:
            values = read_answer(answer.text, self._output)
        self._rows.append(
            (
                row.row_id,
                self._partition_key,
                *(values.get(name) for name in self._outputs),
                *(0 if row.copied and name in _SPENT else getattr(answer, name) for name in ANSWER_COLUMNS),
            )
        )
        self._status[answer.status] += 1
        self._fingerprints[answer.fingerprint] += 1
        self._models.add(answer.model)
        if not row.copied:
            for name in _SUMS:
                self._sums[name] += getattr(answer, name)
        if len(self._rows) >= _BATCH_ROWS:
            self._flush()

    def spool(self) -> Spool:
        """All rows, on disk."""
        self._flush()
        return self._spool

    def first(self) -> pl.DataFrame:
        """The first rows, with the schema of all."""
        return self._spool.empty if self._first is None else self._first

    @property
    def usual_fingerprint(self) -> str:
        """The fingerprint of most rows; empty where there is no row yet."""
        return max(sorted(self._fingerprints), key=lambda one: self._fingerprints[one], default="")

    def figures(self) -> dict[str, Any]:
        """Sums for metadata: tokens, cost, rows by status, fingerprints, models."""
        return {
            **{name: int(self._sums[name]) for name in _SUMS[:3]},
            "cost_usd": float(self._sums["cost_usd"]),
            "status": dict(self._status),
            "fingerprints": sorted(self._fingerprints),
            "models": sorted(self._models - {""}),
        }

    def _flush(self) -> None:
        if not self._rows:
            return
        frame = pl.DataFrame(self._rows, schema=self._schema, orient="row")
        self._rows.clear()
        if self._first is None:
            self._first = frame.head(_SHOWN_ROWS)
        self._spool.append(frame)
