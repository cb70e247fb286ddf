"""Parquet as batches of rows with their native types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.columns import refuse_duplicates
from enrichment_platform.sources.records import BATCH_ROWS, Batch, FrameValues


def parquet_batches(stream: Any, origin: str) -> Iterator[Batch]:
    """Batches of a Parquet file, which has to be seekable; row numbers count from 1.

    Raises:
        SourceError: Two columns have the same name, or a type has no counterpart in Polars.
    """
    file = pq.ParquetFile(stream)
    columns = tuple(file.schema_arrow.names)
    refuse_duplicates(columns, origin)
    yield _batch(origin, columns, _frame(file.schema_arrow.empty_table(), origin), 1)
    first = 1
    for part in file.iter_batches(batch_size=BATCH_ROWS):
        frame = _frame(part, origin)
        yield _batch(origin, columns, frame, first)
        first += frame.height


def _frame(part: Any, origin: str) -> pl.DataFrame:
    try:
        frame = pl.from_arrow(part)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise SourceError(f"{origin}: a column has a type that cannot be read ({error})") from error
    assert isinstance(frame, pl.DataFrame)
    return frame


def _batch(origin: str, columns: tuple[str, ...], frame: pl.DataFrame, first: int) -> Batch:
    return Batch(origin, "row", columns, range(first, first + frame.height), FrameValues(frame))
