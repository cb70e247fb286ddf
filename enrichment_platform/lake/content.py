"""The version of a table by its content: the same rows have the same hash, wherever and whenever they are stored."""

from __future__ import annotations

import hashlib

import polars as pl


def content_version(frame: pl.DataFrame) -> str:
    """Hash of a table's content, whatever the order of its rows and columns: 16 hex digits.

    A column that is null throughout is no content: a table that gets a column for one partition has it, empty, in all
    the others, which are what they were.
    """
    columns = sorted(series.name for series in frame if series.null_count() < frame.height)
    ordered = pl.DataFrame([_printable(frame[name]) for name in columns])
    if "row_id" in columns:
        ordered = ordered.sort("row_id", *[c for c in columns if c != "row_id" and not ordered[c].dtype.is_nested()])
    digest = hashlib.sha256("\x1f".join(columns).encode())
    digest.update(ordered.write_ndjson().encode())
    return digest.hexdigest()[:16]


def _printable(column: pl.Series) -> pl.Series:
    """The column with text for its bytes: JSON has none, and Polars panics on those in lists and structs."""
    if column.dtype == pl.Binary:
        return column.bin.encode("hex")
    if _holds_bytes(column.dtype):
        values = [None if value is None else repr(value) for value in column.to_list()]
        return pl.Series(column.name, values, pl.String)
    return column


def _holds_bytes(dtype: object) -> bool:
    if isinstance(dtype, pl.Struct):
        return any(_holds_bytes(field.dtype) for field in dtype.fields)
    if isinstance(dtype, (pl.List, pl.Array)):
        return _holds_bytes(dtype.inner)
    return dtype == pl.Binary
