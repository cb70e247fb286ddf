"""Partitions: the spec's words as a Dagster partitions definition, and a key as a window of time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from enrichment_platform.errors import InputError
from enrichment_platform.spec import PartitionsSpec, PartitionWindow

_TIME: dict[str, Callable[..., dg.PartitionsDefinition[str]]] = {
    "hourly": dg.HourlyPartitionsDefinition,
    "daily": dg.DailyPartitionsDefinition,
    "weekly": dg.WeeklyPartitionsDefinition,
    "monthly": dg.MonthlyPartitionsDefinition,
}


def partitions_definition(spec: PartitionsSpec) -> dg.PartitionsDefinition[str]:
    """The Dagster partitions of an enrichment.

    Raises:
        InputError: the start, end or time zone cannot be read.
    """
    if spec.type == "static":
        return dg.StaticPartitionsDefinition(spec.keys)
    try:
        ZoneInfo(spec.timezone)
        partitions = _TIME[spec.type](
            start_date=spec.start,
            end_date=spec.end,
            end_offset=spec.end_offset,
            timezone=spec.timezone,
            **_offset(spec),
        )
        _refuse_cut_ends(spec, partitions)
        return partitions
    except Exception as error:
        raise InputError(
            f"partitions: {error}; write start and end as 2026-01-31 (hourly: 2026-01-31-00:00)"
        ) from error


def _offset(spec: PartitionsSpec) -> dict[str, int]:
    """Weeks and months begin on the day of `start`, so that no row between `start` and a first boundary is left out."""
    if spec.type not in ("weekly", "monthly"):
        return {}
    start = datetime.strptime(str(spec.start), "%Y-%m-%d")
    if spec.type == "monthly" and start.day > 28:
        raise ValueError(f"monthly partitions begin on day 1 to 28 of a month, not {start.day}")
    # Dagster counts weekdays from Sunday, and months from day 1.
    return {"day_offset": start.isoweekday() % 7 if spec.type == "weekly" else start.day}


def _refuse_cut_ends(spec: PartitionsSpec, partitions: dg.PartitionsDefinition[str]) -> None:
    if spec.end is None or not isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        return
    end = partitions.end
    last = partitions.get_prev_partition_window(end) if end else None
    if end and last and last.end != end:
        raise ValueError(f"`end` cuts a partition in two: {last.end:%Y-%m-%d} or a later boundary is allowed")


def window(partitions: dg.PartitionsDefinition[str], key: str) -> PartitionWindow:
    """The window of a partition key; static partitions have none."""
    if isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        span = partitions.time_window_for_partition_key(key)
        return PartitionWindow(key, span.start, span.end)
    return PartitionWindow(key)


def newest_key(partitions: dg.PartitionsDefinition[str], now: datetime | None = None) -> str | None:
    """The newest partition that is complete (or allowed by `end_offset`); None before the first one."""
    keys = partitions.get_partition_keys(current_time=now)
    return keys[-1] if keys else None


def select_keys(
    partitions: dg.PartitionsDefinition[str], key: str | None, first: str | None, last: str | None
) -> list[str]:
    """Partition keys that a person asked for: one key, a range from first to last (both included), or the newest.

    Raises:
        InputError: a key does not exist, the range is empty or there is no partition yet.
    """
    keys = list(partitions.get_partition_keys())
    if not keys:
        raise InputError("there is no partition yet: the first one has not ended")
    known = f"partitions run from {keys[0]} to {keys[-1]}" if len(keys) > 1 else f"the only partition is {keys[0]}"
    if key is not None:
        if key not in keys:
            raise InputError(f"there is no partition {key!r}; {known}")
        return [key]
    if first is None and last is None:
        return [keys[-1]]
    if isinstance(partitions, dg.StaticPartitionsDefinition):
        for name in (first, last):
            if name is not None and name not in keys:
                raise InputError(f"there is no partition {name!r}; {known}")
        chosen = keys[keys.index(first) if first else 0 : (keys.index(last) if last else len(keys) - 1) + 1]
    else:
        low, high = (_comparable(text, known) if text else text for text in (first, last))
        chosen = [k for k in keys if (low is None or k[: len(low)] >= low) and (high is None or k[: len(high)] <= high)]
    if not chosen:
        raise InputError(f"no partition lies from {first or keys[0]} to {last or keys[-1]}; {known}")
    return chosen


def _comparable(text: str, known: str) -> str:
    # Keys of time partitions sort as text, so a date or a month selects every key that begins with it.
    for layout in ("%Y-%m-%d-%H:%M", "%Y-%m-%d", "%Y-%m"):
        with suppress(ValueError):
            return datetime.strptime(text, layout).strftime(layout)  # 2026-1-5 would not sort
    raise InputError(f"{text!r} is not a partition or a date (YYYY-MM-DD); {known}")
