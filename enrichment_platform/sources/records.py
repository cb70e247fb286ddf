"""What every reader yields: batches of records that know where in the source each of them stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from enrichment_platform.sources.rejection import Reason, Rejection

BATCH_ROWS = 10_000
BATCH_CHARACTERS = 16 * 1024 * 1024


class Values(Protocol):
    """The values of a batch, by column."""

    def column(self, name: str) -> list[object]:
        """Python values of one column, in source order."""

    def take(self, rows: Sequence[int], columns: Sequence[str]) -> pl.DataFrame:
        """Some rows and columns as a frame."""


@dataclass(frozen=True)
class TextValues:
    """Rows of strings and nulls, as CSV and JSON give them; only what is taken is copied into a frame."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str | None]]

    def column(self, name: str) -> list[object]:
        """Python values of one column, in source order."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]

    def take(self, rows: Sequence[int], columns: Sequence[str]) -> pl.DataFrame:
        """Some rows and columns as a frame of strings."""
        positions = {name: self.columns.index(name) for name in columns}
        return pl.DataFrame(
            {name: [self.rows[row][position] for row in rows] for name, position in positions.items()},
            schema=dict.fromkeys(columns, pl.String),
        )


@dataclass(frozen=True)
class FrameValues:
    """Rows with the native types of Parquet and SQL."""

    frame: pl.DataFrame

    def column(self, name: str) -> list[object]:
        """Python values of one column, in source order."""
        return self.frame[name].to_list()

    def take(self, rows: Sequence[int], columns: Sequence[str]) -> pl.DataFrame:
        """Some rows and columns as a frame."""
        return self.frame.select(columns)[list(rows)]


@dataclass(frozen=True)
class Batch:
    """Records of one origin (a file, `sql` or `http`), in source order.

    Attributes:
        origin: First half of the id of a rejected row, `<origin>:<number>`.
        unit: What `numbers` count: line, row or record (from 1).
        columns: Names that the origin has.
        numbers: Place of each record in the origin.
        values: The records' values.
        bad: What could not be read as a record.
        varying: The columns are those of these records only; others may have more (JSON).
    """

    origin: str
    unit: str
    columns: tuple[str, ...]
    numbers: Sequence[int]
    values: Values
    bad: Sequence[Rejection] = field(default_factory=tuple)
    varying: bool = False

    def reject(self, index: int, reason: Reason, what: str) -> Rejection:
        """The rejection of one record of the batch."""
        return rejection(self.origin, self.unit, self.numbers[index], reason, what)


@dataclass(frozen=True)
class Reading:
    """A source that is about to be read.

    Attributes:
        name: How messages call it; holds no secret.
        batches: Its records.
        whole: Every partition's rows pass by, so that no row at all means an empty source.
        placed: All its rows belong to the partition that is read.
    """

    name: str
    batches: Iterator[Batch]
    whole: bool = True
    placed: bool = False


def rejection(origin: str, unit: str, number: int, reason: Reason, what: str) -> Rejection:
    """A rejection whose id and detail name the place; `what` must not hold the row's text."""
    return Rejection(f"{origin}:{number}", reason, f"{origin}, {unit} {number}: {what}")
