"""A moment is read the same way from text, numbers and native types."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from enrichment_platform.sources.placement import Place, moment_of, time_placing
from enrichment_platform.spec import PartitionsSpec, PartitionWindow

VIENNA = ZoneInfo("Europe/Vienna")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2026-01-05T12:00:00Z", None),
        (" 2026-01-05 12:00:00+00:00 ", None),
        ("2026-01-05T13:00:00", None),
        ("2026-01-05T07:00:00-05:00", None),
        ("05/01/2026 13:00", "%d/%m/%Y %H:%M"),
        ("05/01/2026 12:00 +0000", "%d/%m/%Y %H:%M %z"),
        ("1767614400", "epoch_s"),
        (1767614400, "epoch_s"),
        ("1767614400000", "epoch_ms"),
        (NOON, None),
        (datetime(2026, 1, 5, 13), None),
    ],
)
def test_a_moment_is_read_in_the_partitions_time_zone(value: object, form: str | None) -> None:
    assert moment_of(value, form, VIENNA) == NOON


def test_a_date_is_midnight_in_the_partitions_time_zone() -> None:
    assert moment_of(date(2026, 1, 5), None, VIENNA) == datetime(2026, 1, 4, 23, tzinfo=UTC)
    assert moment_of("2026-01-05", None, VIENNA) == datetime(2026, 1, 4, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, None),
        ("", None),
        ("2026-13-45T00:00:00Z", None),
        ("31/01/2026 10:00", None),
        ("2026-01-05", "%d/%m/%Y"),
        ("soon", "epoch_s"),
        ("nan", "epoch_s"),
        ("inf", "epoch_ms"),
        ("1e300", "epoch_s"),
        ("0001-01-01T00:00:00+10:00", None),
        (True, None),
    ],
)
def test_what_is_no_moment_is_none(value: object, form: str | None) -> None:
    assert moment_of(value, form, VIENNA) is None


def test_the_hour_that_comes_twice_in_autumn_is_two_partitions() -> None:
    partitions = PartitionsSpec(type="hourly", start="2026-10-25-00:00", timezone="Europe/Vienna")
    first = datetime(2026, 10, 25, 0, tzinfo=UTC).astimezone(VIENNA)
    second = datetime(2026, 10, 25, 1, tzinfo=UTC).astimezone(VIENNA)
    third = datetime(2026, 10, 25, 2, tzinfo=UTC).astimezone(VIENNA)
    place_first = time_placing(partitions, PartitionWindow("a", first, second), None)
    place_second = time_placing(partitions, PartitionWindow("b", second, third), None)
    for value, wanted in [
        ("2026-10-25T00:30:00Z", (Place.HERE, Place.ELSEWHERE)),
        ("2026-10-25T01:30:00Z", (Place.ELSEWHERE, Place.HERE)),
    ]:
        assert (place_first(value), place_second(value)) == wanted
