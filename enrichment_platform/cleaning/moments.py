"""Columns of times as moments in UTC, whatever they are written in; for joins, which must not look into the future."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from enrichment_platform.errors import InputError
from enrichment_platform.sources.placement import moment_of
from enrichment_platform.spec import EnrichmentSpec

_MOMENT = pl.Datetime("us", "UTC")
_EPOCH_FORMATS = {"epoch_s": 1, "epoch_ms": 1_000}  # to units a second
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # of the years 1 and 9999
_BEYOND_MICROSECONDS = re.compile(r"[.,]\d{6}0*[1-9]")


def moments(column: pl.Series, spec: EnrichmentSpec, where: str, *, up: bool = False) -> pl.Series:
    """Return a column of times as Datetime in UTC: dates, times, or ISO 8601 text; null stays null.

    Times without a zone are read in that of the partitions; one that the clock went through twice is the earlier one
    (the later one with `up`), one that it left out is counted on from before the change.

    Args:
        column: The times.
        spec: The enrichment.
        where: Begins messages.
        up: Of two moments that may be meant, and of the two microseconds about a time, the later one: what may not have
            been known is not.

    Raises:
        InputError: the column has no times, or a text is none.
    """
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if isinstance(column.dtype, pl.Datetime):
        return _in_utc(_in_microseconds(column, up=up), spec.partitions.timezone, later=up)
    if column.dtype == pl.Null:
        return column.cast(_MOMENT)
    if isinstance(column.dtype, (pl.Categorical, pl.Enum)):
        column = column.cast(pl.String)
    if column.dtype != pl.String:
        raise InputError(f"{where}: column {column.name!r} is {column.dtype}; a time is a date, a timestamp or text")
    read = _read_each(column, spec, None, up=up)
    unread = (read.is_null() & column.is_not_null()).sum()
    if unread:
        raise InputError(
            f"{where}: {unread:,} values of column {column.name!r} are no times; write them in ISO 8601,"
            " e.g. 2026-01-05T10:00:00Z"
        )
    return read


def our_moments(column: pl.Series, spec: EnrichmentSpec) -> pl.Series:
    """Return the times of our rows as Datetime in UTC.

    The source's timestamp is read as it is when rows are placed in partitions, `source.timestamp_format` included; what
    cannot be read is null, and nothing is joined to that row. Other columns are read by `moments`.

    Raises:
        InputError: a column other than the source's timestamp has no times.
    """
    if column.name != spec.source.timestamp or column.dtype.is_temporal():
        return moments(column, spec, f"enrichment {spec.name!r}: cleaning.join")
    form = spec.source.timestamp_format
    if form in _EPOCH_FORMATS and column.dtype.is_numeric():
        return _since_epoch(column, _EPOCH_FORMATS[form])
    return _read_each(column, spec, form, up=False)


def _in_microseconds(column: pl.Series, *, up: bool) -> pl.Series:
    assert isinstance(column.dtype, pl.Datetime)
    if column.dtype.time_unit != "ns":
        return column.cast(pl.Datetime("us", column.dtype.time_zone))
    nanoseconds = column.to_physical()
    whole = nanoseconds // 1_000  # towards the past, before 1970 too
    if up:
        whole = whole + (nanoseconds % 1_000 != 0).cast(pl.Int64)
    return whole.cast(pl.Datetime("us", column.dtype.time_zone))


def _in_utc(column: pl.Series, zone: str, *, later: bool) -> pl.Series:
    assert isinstance(column.dtype, pl.Datetime)
    if column.dtype.time_zone:
        return column.dt.convert_time_zone("UTC")
    twice: Literal["latest", "earliest"] = "latest" if later else "earliest"
    read = column.dt.replace_time_zone(zone, ambiguous=twice, non_existent="null").dt.convert_time_zone("UTC")
    left_out = column.filter(read.is_null() & column.is_not_null()).unique()
    if left_out.is_empty():
        return read
    meant = [moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for moment in left_out]
    counted_on = column.replace_strict(
        left_out, pl.Series("moment", meant, dtype=_MOMENT), default=None, return_dtype=_MOMENT
    )
    return read.fill_null(counted_on)


def _since_epoch(column: pl.Series, per_second: int) -> pl.Series:
    """Read numbers since 1970, to the nearest microsecond (Float64 knows no closer); null outside years 1 to 9999."""
    integers = column.dtype.is_integer()
    numbers = column.cast(pl.Int64 if integers else pl.Float64, strict=False)
    numbers = numbers.set(~numbers.is_between(_FIRST_SECOND * per_second, _LAST_SECOND * per_second), None)
    scaled = numbers * (1_000_000 // per_second)
    return (scaled if integers else scaled.round().cast(pl.Int64)).cast(_MOMENT)


def _read_each(column: pl.Series, spec: EnrichmentSpec, form: str | None, *, up: bool) -> pl.Series:
    """Read each distinct value by itself; null where it is no time."""
    values = column.unique().drop_nulls()
    read = [_moment(value, spec, form, up=up) for value in values]
    return column.replace_strict(values, pl.Series("moment", read, dtype=_MOMENT), default=None, return_dtype=_MOMENT)


def _moment(value: object, spec: EnrichmentSpec, form: str | None, *, up: bool) -> datetime | None:
    moment = moment_of(value, form, ZoneInfo(spec.partitions.timezone))
    if moment is None or not up or not isinstance(value, str):
        return moment
    naive = datetime.fromisoformat(value.strip())
    if naive.tzinfo is None:
        with suppress(OverflowError):
            moment = max(moment, naive.replace(tzinfo=ZoneInfo(spec.partitions.timezone), fold=1).astimezone(UTC))
    # What comes after microseconds is cut off by Python.
    if _BEYOND_MICROSECONDS.search(value):
        return min(moment, datetime.max.replace(tzinfo=UTC) - timedelta.resolution) + timedelta.resolution
    return moment
