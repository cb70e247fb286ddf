"""Types of rows and of the Delta table they go to: stored as the nearest type, refused where a value does not fit."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.lake.spool import Spool


def aligned(frame: pl.DataFrame | Spool, known: pl.Schema, table: str) -> pa.Table | pa.RecordBatchReader:
    """Rows as Arrow data with the types that their table already has, a spool as a stream.

    Raises:
        EnrichmentError: a value does not fit the stored type.
    """
    if isinstance(frame, pl.DataFrame):
        return align(frame, known, table).to_arrow()
    schema = align(frame.empty, known, table).to_arrow().schema
    batches = (
        batch
        for part in frame.batches()
        for batch in align(part, known, table).select(schema.names).to_arrow().cast(schema).to_batches()
    )
    return pa.RecordBatchReader.from_batches(schema, batches)


def storable(frame: pl.DataFrame) -> pl.DataFrame:
    """Types that Delta lacks as the nearest one that it has: nanoseconds as microseconds, null and others as text."""
    casts = []
    for column, dtype in frame.schema.items():
        if isinstance(dtype, pl.Datetime) and dtype.time_unit != "us":
            casts.append(pl.col(column).cast(pl.Datetime("us", dtype.time_zone)))
        elif isinstance(dtype, pl.Duration):
            casts.append(pl.col(column).dt.total_microseconds())
        elif dtype in (pl.Null, pl.Time, pl.Int128, pl.Categorical) or isinstance(dtype, pl.Enum):
            casts.append(pl.col(column).cast(pl.String))
        elif dtype in (pl.UInt8, pl.UInt16, pl.UInt32):
            casts.append(pl.col(column).cast(pl.Int64))
        elif dtype == pl.UInt64:
            casts.append(pl.col(column).cast(pl.String))
    return frame.with_columns(casts)


def _fits(values: pl.Series, stored: pl.DataType) -> bool:
    """Whether a cast to the stored type loses nothing. Anything fits into text."""
    try:
        cast = values.cast(stored, strict=True)
        return stored == pl.String or bool(cast.cast(values.dtype, strict=True).eq_missing(values).all())
    except pl.exceptions.PolarsError:
        return False


def align(frame: pl.DataFrame, known: pl.Schema, table: str) -> pl.DataFrame:
    """Cast a frame to the types that its table already has; columns that it lacks become null.

    Raises:
        EnrichmentError: a value does not fit the stored type.
    """
    casts = []
    frame = storable(frame)
    for column, dtype in frame.schema.items():
        stored = known.get(column)
        if stored is None or stored == dtype:
            continue
        if not _fits(frame[column], stored):
            raise EnrichmentError(
                f"column {column!r} of {table} is stored as {stored} and now comes as {dtype}, with values that do not"
                " fit; rename the column in source.columns or remove the old table"
            )
        casts.append(pl.col(column).cast(stored))
    missing = [
        pl.lit(None, dtype=dtype).alias(column) for column, dtype in known.items() if column not in frame.columns
    ]
    return frame.with_columns(*casts, *missing)
