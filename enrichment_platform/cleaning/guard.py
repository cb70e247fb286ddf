"""Guards: costly work is done only on the rows that a cheap Polars expression suspects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
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
    rows = mask.to_numpy().nonzero()[0]
    return replaced(column, rows, kernel(column.filter(mask)).cast(column.dtype))


def replaced(column: pl.Series, rows: np.ndarray[Any, np.dtype[np.int64]], texts: pl.Series) -> pl.Series:
    """Return the column with `texts` in the rows of those numbers; the bytes of the others are not copied."""
    positions = np.arange(len(column))
    positions[rows] = np.arange(len(column), len(column) + len(rows))
    return pl.concat([column, texts.alias(column.name)]).gather(positions)


def by_row(function: Callable[[str], str | None]) -> Callable[[pl.Series], pl.Series]:
    """Return a kernel that calls a Python function on each text; for suspicious rows only."""

    def kernel(column: pl.Series) -> pl.Series:
        texts = [None if text is None else function(text) for text in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)

    return kernel
