"""Rows of one partition out of any source: one mechanism of placing, ids and columns for all readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.columns import Selection, refuse_duplicates, refuse_missing, select
from enrichment_platform.sources.files import read_files
from enrichment_platform.sources.frames import united
from enrichment_platform.sources.http import read_http
from enrichment_platform.sources.placement import Place, Placing, time_placing, value_placing
from enrichment_platform.sources.records import Batch, Reading
from enrichment_platform.sources.rejection import UNPLACED, Reason, Rejection, rejection_frame
from enrichment_platform.sources.row_id import row_id
from enrichment_platform.sources.sql import read_sql
from enrichment_platform.spec import (
    FileSource,
    HttpSource,
    PartitionsSpec,
    PartitionWindow,
    SourceSpec,
    SqlSource,
)


@dataclass(frozen=True)
class Ingested:
    """What one partition's read of a source gave.

    Attributes:
        rows: row_id, partition_key (String), then the kept columns of the source; in source order.
        rejected: Rows of this partition that were not taken in: row_id, partition_key, stage, reason,
            detail (String).
        unplaced: Rows whose partition cannot be known, the same columns, partition_key `unplaced`; every
            partition's read of the source returns them again, with the same ids.
        outside: Rows dated before `partitions.start` or not before `partitions.end`: no partition takes them.
        whole: The whole source passed by, so that every partition's read finds the same unplaced rows.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    unplaced: pl.DataFrame
    outside: int = 0
    whole: bool = True


def read_partition(source: SourceSpec, partitions: PartitionsSpec, window: PartitionWindow, root: Path) -> Ingested:
    """Reads the rows of one partition; the same input gives identical frames.

    Args:
        source: A FileSource, SqlSource or HttpSource.
        partitions: How the table is cut.
        window: The partition that is read.
        root: Folder that relative paths of the source start from.

    Raises:
        SourceError: The source cannot be read, lacks columns or has no rows at all. A partition without
            rows in a source that has rows gives empty frames.
    """
    reading = _open(source, partitions, window, root)
    intake = _Intake(source, partitions, window, reading)
    for batch in reading.batches:
        intake.add(batch)
    return intake.result()


def _open(source: SourceSpec, partitions: PartitionsSpec, window: PartitionWindow, root: Path) -> Reading:
    if isinstance(source, FileSource):
        return read_files(source, window, root)
    if isinstance(source, SqlSource):
        return read_sql(source, partitions, window, root)
    if isinstance(source, HttpSource):
        return read_http(source, partitions, window)
    raise SourceError(f"no reader for a {type(source).__name__}; use type file, sql or http")


@dataclass
class _Intake:
    """What has been taken in so far."""

    source: SourceSpec
    partitions: PartitionsSpec
    window: PartitionWindow
    reading: Reading
    frames: list[pl.DataFrame] = field(default_factory=list)
    ids: dict[str, None] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    unplaced: list[Rejection] = field(default_factory=list)
    found: dict[str, None] = field(default_factory=dict)
    selections: dict[tuple[str, ...], Selection] = field(default_factory=dict)
    records: int = 0
    outside: int = 0
    placing: Placing | None = None

    def __post_init__(self) -> None:
        if self.reading.placed:
            return
        if self.partitions.type == "static":
            self.placing = value_placing(self.partitions, self.window)
        else:
            self.placing = time_placing(self.partitions, self.window, self.source.timestamp_format)

    def add(self, batch: Batch) -> None:
        """Takes in the batch's rows of this partition and notes what is rejected."""
        self.records += len(batch.numbers) + len(batch.bad)
        (self.rejected if self.reading.placed else self.unplaced).extend(batch.bad)
        if not batch.columns:
            return
        selection = self._selection(batch)
        here = self._here(batch, selection)
        keys = [batch.values.column(name) if name is not None else None for name in selection.key]
        taken: list[int] = []
        for index in here:
            identity = row_id([column[index] if column is not None else None for column in keys])
            if identity is None:
                names = " or ".join(self.source.key)
                self.rejected.append(batch.reject(index, Reason.MISSING_KEY, f"no value in {names}"))
            elif identity in self.ids:
                what = "a row before it has the same key"
                self.rejected.append(batch.reject(index, Reason.DUPLICATE_KEY, what))
            else:
                self.ids[identity] = None
                taken.append(index)
        if taken:
            self.frames.append(_kept(batch, selection, taken))

    def result(self) -> Ingested:
        """The frames; raises where the source as a whole is not what the spec says."""
        found = list(self.found)
        if self.records == 0 and self.reading.whole:
            raise SourceError(f"{self.reading.name} has no rows at all: check that it is the file or table you mean")
        if found:
            selection = select(self.source, self.partitions, found, placed=self.reading.placed)
            refuse_missing(selection, found, self.reading.name)
            names = list(selection.kept)
        else:
            names = list(select(self.source, self.partitions, [], placed=True).kept)
        kept = united(self.frames)
        # A JSON column may turn up only in rows of other partitions: every partition has the same columns.
        kept = kept.with_columns(pl.lit(None, pl.String).alias(name) for name in names if name not in kept.columns)
        rows = pl.DataFrame(
            {"row_id": list(self.ids), "partition_key": [self.window.key] * len(self.ids)},
            schema={"row_id": pl.String, "partition_key": pl.String},
        )
        return Ingested(
            rows=rows.hstack(kept.head(len(self.ids)).select(names)) if names else rows,
            rejected=rejection_frame(self.rejected, self.window.key),
            unplaced=rejection_frame(self.unplaced, UNPLACED),
            outside=self.outside,
            whole=self.reading.whole,
        )

    def _selection(self, batch: Batch) -> Selection:
        selection = self.selections.get(batch.columns)
        if selection is None:
            name = self.reading.name if batch.origin in ("sql", "http") else f"{self.reading.name} ({batch.origin})"
            refuse_duplicates(batch.columns, name)
            selection = select(self.source, self.partitions, batch.columns, placed=self.reading.placed)
            if not batch.varying:
                refuse_missing(selection, batch.columns, name)
            self.selections[batch.columns] = selection
            self.found.update(dict.fromkeys(batch.columns))
            self.frames.append(_kept(batch, selection, []))
        return selection

    def _here(self, batch: Batch, selection: Selection) -> list[int]:
        if self.placing is None:
            return list(range(len(batch.numbers)))
        values = batch.values.column(selection.placing) if selection.placing else [None] * len(batch.numbers)
        here: list[int] = []
        for index, value in enumerate(values):
            place = self.placing(value)
            if place is Place.HERE:
                here.append(index)
            elif place is Place.OUTSIDE:
                self.outside += 1
            elif place is Place.NOWHERE:
                self.unplaced.append(self._nowhere(batch, index))
        return here

    def _nowhere(self, batch: Batch, index: int) -> Rejection:
        if self.partitions.type == "static":
            what = f"the value of {self.partitions.column} is none of partitions.keys"
            return batch.reject(index, Reason.UNKNOWN_PARTITION, what)
        wanted = self.source.timestamp_format or "ISO 8601"
        return batch.reject(index, Reason.BAD_TIMESTAMP, f"{self.source.timestamp} is missing or not {wanted}")


def _kept(batch: Batch, selection: Selection, rows: list[int]) -> pl.DataFrame:
    names = {ours: theirs for ours, theirs in selection.kept.items() if theirs is not None}
    frame = batch.values.take(rows, list(dict.fromkeys(names.values())))
    return frame.select(pl.col(theirs).alias(ours) for ours, theirs in names.items())
