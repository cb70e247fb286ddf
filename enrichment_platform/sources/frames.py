"""Frames of the same table that were read apart, put together under one schema."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def united(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows of all frames in order; columns in order of first appearance, absent values null.

    A column whose type is unknown (only nulls) becomes String; integers widen to Int64, numbers to Float64,
    and types that have nothing in common become String.
    """
    types: dict[str, list[pl.DataType]] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            types.setdefault(name, []).append(dtype)
    schema = {name: _common(dtypes) for name, dtypes in types.items()}
    return pl.concat([_as(frame, schema) for frame in frames], how="vertical") if frames else pl.DataFrame()


def _as(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )


def _common(dtypes: Sequence[pl.DataType]) -> pl.DataType:
    known = {pl.String() if isinstance(dtype, pl.Categorical | pl.Enum) else dtype for dtype in dtypes}
    known.discard(pl.Null())
    if len(known) == 1:
        return known.pop()
    if known and all(dtype.is_integer() and dtype != pl.UInt64() for dtype in known):
        return pl.Int64()
    if known and all(dtype.is_numeric() for dtype in known):
        return pl.Float64()
    zones = {dtype.time_zone for dtype in known if isinstance(dtype, pl.Datetime)}
    if len(zones) == 1 and all(isinstance(dtype, pl.Datetime) for dtype in known):
        return pl.Datetime("us", zones.pop())
    return pl.String()
