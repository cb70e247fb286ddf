"""Controls: what is asked beside the rows of a partition, to see what its answers are worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import polars as pl

from enrichment_platform.checks.asked_again import chosen_below, place, planted_below
from enrichment_platform.checks.inputs import CANARY, CONTROL_COLUMNS, PLANTED, REASKED, REORDERED
from enrichment_platform.checks.planted_orders import planted_order, with_order
from enrichment_platform.inference.answer_schema import output_types
from enrichment_platform.inference.golden import GoldenRow, canaries
from enrichment_platform.inference.task import Question, Task
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import CONTROL_PREFIX, EnrichmentSpec
from enrichment_platform.stages.naming import controls_table
from enrichment_platform.stages.staged_rows import StagedRows


class Controls:
    """The controls of one partition: golden rows, and rows of it that are asked again.

    Each is asked in the partition that it is a control of, never answered from the ledger of another one: a stored
    answer would say nothing of the provider today.

    Args:
        task: What is asked.
        golden: The golden set.
        partition_key: Which partition.
        rows: How many rows it has.
    """

    def __init__(self, task: Task, golden: Sequence[GoldenRow], partition_key: str, rows: int) -> None:
        self._task = task
        self._occasion = partition_key
        settings = task.spec.checks
        chosen = canaries_of(task.spec, partition_key, golden) if rows else []
        self._canaries = [(self._id(CANARY, row.golden_id), row) for row in chosen]
        self._every = rows // (len(self._canaries) + 1) + 1  # so that they are spread among the rows
        self._rows_read = 0
        self._waiting = iter(self._canaries)
        self._reask = chosen_below(settings.reask_share, rows)
        self._reorder = chosen_below(settings.reorder_share, rows) if _has_order(task.spec) else 0
        self._plant = planted_below(settings.plant_share, rows)
        self._kinds: dict[str, tuple[str, str, str | None]] = {
            id_: (CANARY, row.golden_id, orjson.dumps(row.expected).decode()) for id_, row in self._canaries
        }
        self._reordered: list[Mapping[str, Any]] = []

    @property
    def expected(self) -> int:
        """About how many questions there will be."""
        return len(self._canaries)

    def beside(self, row: Mapping[str, Any]) -> Iterator[Question]:
        """What is asked after a row of the partition."""
        self._rows_read += 1
        if self._rows_read % self._every == 0:
            yield from self._next_canary()
        if place(REASKED, row["row_id"]) < self._reask:
            yield self._task.control(row, self._note(REASKED, row["row_id"]), f"{REASKED} {self._occasion}")
        if place(PLANTED, row["row_id"]) < self._plant:
            yield from self._with_order(row)
        if place(REORDERED, row["row_id"]) < self._reorder:
            self._reordered.append(row)

    def rest(self) -> Iterator[Question]:
        """The golden rows that are left."""
        while question := next(self._next_canary(), None):
            yield question

    def reordered(self) -> tuple[Task, list[Question]]:
        """A task that shows the labels in reverse order, and the rows that are asked so; read after all others."""
        spec = self._task.spec
        output = [field.model_copy(update={"labels": dict(reversed(field.labels.items()))}) for field in spec.output]
        task = replace(self._task, spec=spec.model_copy(update={"output": output}))
        questions = [
            task.control(row, self._note(REORDERED, row["row_id"]), f"{REORDERED} {self._occasion}")
            for row in self._reordered
        ]
        return task, questions

    def has(self, row_id: str) -> bool:
        """Whether the row is a control."""
        return row_id in self._kinds

    def table(self, answered: StagedRows) -> pl.DataFrame:
        """The controls with their answers: `CONTROL_COLUMNS` and the output columns."""
        parts = list(answered.spool().batches())
        rows = pl.concat(parts) if parts else answered.spool().empty
        kinds = pl.DataFrame(
            [(row_id, *told) for row_id, told in self._kinds.items()],
            schema=dict.fromkeys(("row_id", "kind", "of_row_id", "expected"), pl.String),
            orient="row",
        )
        return rows.join(kinds, on="row_id", how="inner").select(
            *CONTROL_COLUMNS, *output_types(self._task.spec.output)
        )

    def _next_canary(self) -> Iterator[Question]:
        for row_id, golden in self._waiting:
            row = {**golden.row, "row_id": row_id}
            yield self._task.control(row, row_id, f"{CANARY} {self._occasion}")
            return

    def _with_order(self, row: Mapping[str, Any]) -> Iterator[Question]:
        spec, row_id = self._task.spec, row["row_id"]
        order = planted_order(spec, row_id)
        copy = with_order(row, spec.prompt.columns, order) if order else None
        if order and copy:
            yield self._task.control(copy, self._note(PLANTED, row_id, order.expected), f"{PLANTED} {self._occasion}")

    def _note(self, kind: str, row_id: str, expected: str | None = None) -> str:
        own = self._id(kind, row_id)
        self._kinds[own] = (kind, row_id, expected)
        return own

    @staticmethod
    def _id(kind: str, of_row_id: str) -> str:
        return f"{CONTROL_PREFIX}{kind}/{of_row_id}"


def canaries_of(spec: EnrichmentSpec, partition_key: str, golden: Sequence[GoldenRow]) -> list[GoldenRow]:
    """The golden rows that ride along in a partition that has rows."""
    return canaries(list(golden), partition_key, spec.checks.golden.canaries) if spec.checks.golden else []


def read_controls(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> pl.DataFrame | None:
    """The controls of a staged partition; None where the partition was staged without any being looked at."""
    name = controls_table(spec)
    if not lake.exists(name):
        return None
    columns = [*CONTROL_COLUMNS, *output_types(spec.output)]
    present = lake.columns(name)
    found = lake.read(name, partition_key, columns=[column for column in columns if column in present])
    absent = {column: dtype for column, dtype in output_types(spec.output).items() if column not in present}
    return found.with_columns(pl.lit(None, dtype=dtype).alias(column) for column, dtype in absent.items())


def _has_order(spec: EnrichmentSpec) -> bool:
    return any(field.type == "label" for field in spec.output)
