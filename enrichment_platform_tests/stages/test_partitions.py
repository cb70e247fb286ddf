"""Partition keys: what a person asks for, what a tick picks, what a window covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from enrichment_platform.errors import InputError
from enrichment_platform.spec import PartitionsSpec
from enrichment_platform.stages.partitions import newest_key, partitions_definition, select_keys, window

DAILY = PartitionsSpec(start="2026-01-30", end="2026-02-03")
HOURLY = PartitionsSpec(type="hourly", start="2026-01-01-00:00", end="2026-01-03-00:00")
WEEKLY = PartitionsSpec(type="weekly", start="2026-01-01", end="2026-01-29")
MONTHLY = PartitionsSpec(type="monthly", start="2025-11-01", end="2026-03-01")
STATIC = PartitionsSpec(type="static", keys=["north", "east", "south"], column="region")


def chosen(
    spec: PartitionsSpec, key: str | None = None, first: str | None = None, last: str | None = None
) -> list[str]:
    return select_keys(partitions_definition(spec), key, first, last)


@pytest.mark.parametrize(
    ("spec", "first", "last", "keys"),
    [
        (DAILY, None, None, ["2026-02-02"]),
        (DAILY, "2026-01-31", "2026-02-01", ["2026-01-31", "2026-02-01"]),
        (DAILY, "2026-02", None, ["2026-02-01", "2026-02-02"]),
        (DAILY, None, "2026-01", ["2026-01-30", "2026-01-31"]),
        (DAILY, "2026-2-1", "2026-2-1", ["2026-02-01"]),
        (DAILY, "2000-01-01", "2100-01-01", ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"]),
        (HOURLY, "2026-01-01-23:00", "2026-01-02-00:00", ["2026-01-01-23:00", "2026-01-02-00:00"]),
        (HOURLY, "2026-01-02", "2026-01-02", [f"2026-01-02-{hour:02}:00" for hour in range(24)]),
        (WEEKLY, "2026-01-01", "2026-01-08", ["2026-01-01", "2026-01-08"]),
        (WEEKLY, "2026-01-12", "2026-01-18", ["2026-01-15"]),
        (MONTHLY, "2025-12", "2026-01", ["2025-12-01", "2026-01-01"]),
        (STATIC, None, None, ["south"]),
        (STATIC, "north", "east", ["north", "east"]),
        (STATIC, "east", None, ["east", "south"]),
    ],
)
def test_a_range_includes_both_ends_and_a_date_stands_for_all_its_keys(
    spec: PartitionsSpec, first: str | None, last: str | None, keys: list[str]
) -> None:
    assert chosen(spec, None, first, last) == keys


@pytest.mark.parametrize(
    ("spec", "key", "first", "last", "message"),
    [
        (DAILY, "2026-02-30", None, None, r"no partition '2026-02-30'; partitions run from 2026-01-30 to 2026-02-02"),
        (DAILY, None, "2026-02-30", None, r"'2026-02-30' is not a partition or a date"),
        (DAILY, None, "tomorrow", None, r"'tomorrow' is not a partition or a date"),
        (DAILY, None, "2026-02-02", "2026-01-30", r"no partition lies from 2026-02-02 to 2026-01-30"),
        (DAILY, None, "2026-03-01", None, r"no partition lies from 2026-03-01"),
        (STATIC, "west", None, None, r"no partition 'west'; partitions run from north to south"),
        (STATIC, None, "west", None, r"no partition 'west'"),
        (STATIC, None, "south", "north", r"no partition lies from south to north"),
    ],
)
def test_a_key_that_does_not_exist_is_an_error_that_names_those_that_do(
    spec: PartitionsSpec, key: str | None, first: str | None, last: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        chosen(spec, key, first, last)


def test_before_the_first_partition_has_ended_there_is_none() -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    with pytest.raises(InputError, match="there is no partition yet"):
        chosen(PartitionsSpec(start=tomorrow))


@pytest.mark.parametrize(
    ("settings", "now", "newest"),
    [
        ({}, "2026-01-05T00:00:00+00:00", "2026-01-04"),
        ({}, "2026-01-04T23:59:59+00:00", "2026-01-03"),
        ({"end_offset": 1}, "2026-01-05T00:00:00+00:00", "2026-01-05"),
        ({"end_offset": -1}, "2026-01-05T00:00:00+00:00", "2026-01-03"),
        ({"timezone": "America/New_York"}, "2026-01-05T04:59:00+00:00", "2026-01-03"),
        ({"timezone": "America/New_York"}, "2026-01-05T05:00:00+00:00", "2026-01-04"),
        ({"timezone": "America/New_York"}, "2026-03-09T04:00:00+00:00", "2026-03-08"),
        ({"type": "monthly"}, "2026-03-01T00:00:00+00:00", "2026-02-01"),
        ({"type": "monthly", "start": "2026-01-15"}, "2026-03-14T23:00:00+00:00", "2026-01-15"),
        ({"type": "weekly"}, "2026-01-15T00:00:00+00:00", "2026-01-08"),
        ({"type": "hourly", "start": "2026-01-01-00:00"}, "2026-01-05T06:30:00+00:00", "2026-01-05-05:00"),
        ({"end": "2026-01-03"}, "2026-06-01T00:00:00+00:00", "2026-01-02"),
        ({}, "2026-01-01T12:00:00+00:00", None),
    ],
)
def test_the_newest_partition_is_the_last_complete_one_in_its_time_zone(
    settings: dict[str, object], now: str, newest: str | None
) -> None:
    spec = PartitionsSpec.model_validate({"start": "2026-01-01", **settings})
    assert newest_key(partitions_definition(spec), datetime.fromisoformat(now)) == newest


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-07", 24), ("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)]
)
def test_a_day_is_as_long_as_the_clock_change_makes_it(day: str, hours: int) -> None:
    spec = PartitionsSpec(start="2026-01-01", timezone="America/New_York", end="2027-01-01")
    span = window(partitions_definition(spec), day)
    assert span.start is not None
    assert span.end is not None
    assert (span.end.astimezone(UTC) - span.start.astimezone(UTC)) == timedelta(hours=hours)
    assert span.start.isoformat().startswith(f"{day}T00:00:00")


def test_a_static_partition_has_no_window() -> None:
    span = window(partitions_definition(STATIC), "north")
    assert (span.key, span.start, span.end) == ("north", None, None)


@pytest.mark.parametrize(
    "settings",
    [
        {"start": "01.02.2026"},
        {"start": "2026-13-01"},
        {"timezone": "Mars/Olympus"},
        {"end": "soon"},
        {"type": "weekly", "end": "2026-01-30"},
    ],
)
def test_an_unreadable_start_end_or_zone_is_one_error_about_partitions(settings: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"^partitions: "):
        partitions_definition(PartitionsSpec.model_validate({"start": "2026-01-01", **settings}))
