"""Polars types for the rows of a SQL result, the same for every partition of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

MONEY = pl.Decimal(38, 10)
LARGEST = 2**63 - 1
# Object ids of PostgreSQL's types (pg_type.dat): they type a column that is null in a whole partition.
POSTGRESQL_TYPES: dict[int, pl.DataType] = {
    16: pl.Boolean(),
    17: pl.Binary(),
    20: pl.Int64(),
    21: pl.Int64(),
    23: pl.Int64(),
    700: pl.Float64(),
    701: pl.Float64(),
    1082: pl.Date(),
    1114: pl.Datetime("us"),
    1184: pl.Datetime("us", "UTC"),
    1700: MONEY,
}


def declared_types(cursor: Any) -> dict[str, pl.DataType]:
    """Types that a PostgreSQL cursor declares for its columns; the others are found from the values."""
    known = [(column[0], POSTGRESQL_TYPES.get(column[1])) for column in (cursor.description or ()) if cursor]
    return {name: dtype for name, dtype in known if dtype is not None}


def typed_frame(
    rows: Sequence[Sequence[Any]], columns: Sequence[str], declared: dict[str, pl.DataType]
) -> pl.DataFrame:
    """Rows as a frame: numbers, booleans, dates, times with zone (as UTC) and bytes stay what they are.

    Decimals get 28 digits before and 10 after the point; JSON and arrays become JSON text; what has no type
    of its own, a mixture, or a number that does not fit becomes text. A column without any value is Null
    unless it is declared.
    """
    series = []
    for position, name in enumerate(columns):
        values = [row[position] for row in rows]
        dtype = declared.get(name) or _found(values)
        if not all(_fits(value, dtype) for value in values):
            dtype = _found(values)
        if dtype == pl.String():
            values = [_text(value) for value in values]
        elif isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            values = [value if value is None else value.astimezone(UTC) for value in values]
        series.append(pl.Series(name, values, dtype=dtype, strict=False))
    return pl.DataFrame(series)


def _found(values: Sequence[Any]) -> pl.DataType:
    types = {_type(value) for value in values if value is not None}
    if not types:
        return pl.Null()
    if types == {pl.Int64(), pl.Float64()}:
        return pl.Float64()
    return types.pop() if len(types) == 1 else pl.String()


def _type(value: Any) -> pl.DataType:
    if isinstance(value, bool):
        return pl.Boolean()
    if isinstance(value, int):
        return pl.Int64() if -LARGEST <= value <= LARGEST else pl.String()
    if isinstance(value, float):
        return pl.Float64()
    if isinstance(value, Decimal):
        return MONEY if _fits_money(value) else pl.String()
    if isinstance(value, datetime):
        return pl.Datetime("us", "UTC" if value.tzinfo else None)
    if isinstance(value, date):
        return pl.Date()
    return pl.Binary() if isinstance(value, bytes | bytearray | memoryview) else pl.String()


def _fits(value: Any, dtype: pl.DataType) -> bool:
    return value is None or _type(value) == dtype or (dtype == pl.Float64() and _type(value) == pl.Int64())


def _fits_money(value: Decimal) -> bool:
    if not value.is_finite():
        return False
    exponent = value.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -10 and value.adjusted() < 28


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
    return value.isoformat() if isinstance(value, date) else str(value)
