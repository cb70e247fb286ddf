"""Guards: costly work is done only on the rows that a cheap Polars expression suspects."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

TEXT = pl.col("text")
NOT_ASCII = TEXT.str.len_bytes() != TEXT.str.len_chars()


def where_suspicious(column: pl.Series, suspicious: pl.Expr, kernel: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Return the column with `kernel` applied to the rows where `suspicious`, over TEXT, is true."""
    frame = column.alias("text").to_frame()
    mask = frame.select(suspicious.fill_null(False).alias("mask"))["mask"]
    count = int(mask.sum())
    if count == 0:
        return column
    if count == len(column):
        return kernel(column)
    changed = kernel(column.filter(mask)).cast(column.dtype).alias(column.name)
    positions = pl.DataFrame({"mask": mask}).select(
        pl.when("mask")
        .then(pl.col("mask").cum_sum().cast(pl.Int64) + (len(column) - 1))
        .otherwise(pl.int_range(pl.len()))
        .alias("at")
    )["at"]
    return pl.concat([column, changed]).gather(positions)


def by_row(function: Callable[[str], str | None]) -> Callable[[pl.Series], pl.Series]:
    """Return a kernel that calls a Python function on each text; for suspicious rows only."""

    def kernel(column: pl.Series) -> pl.Series:
        texts = [None if text is None else function(text) for text in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)

    return kernel
