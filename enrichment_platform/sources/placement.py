"""Which partition a record belongs to: the one that is read, another one, or none that is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.row_id import key_text
from enrichment_platform.spec import PartitionsSpec, PartitionWindow

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CACHED_VALUES = 100_000


class Place(Enum):
    """Where a record belongs."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    OUTSIDE = "outside"
    NOWHERE = "nowhere"


Placing = Callable[[object], Place]


def time_placing(partitions: PartitionsSpec, window: PartitionWindow, timestamp_format: str | None) -> Placing:
    """Places by a timestamp: here when start <= t < end; nowhere when it is missing or unreadable.

    Outside is what lies before `partitions.start` or not before `partitions.end`: no partition holds it.
    """
    if window.start is None or window.end is None:
        raise SourceError(f"partition {window.key} has no start and end, so a timestamp cannot place rows in it")
    zone = ZoneInfo(partitions.timezone)
    start, end = (_in_utc(moment, zone) for moment in (window.start, window.end))
    first, last = _limit(partitions.start, "start", zone), _limit(partitions.end, "end", zone)

    def place(value: object) -> Place:
        moment = moment_of(value, timestamp_format, zone)
        if moment is None:
            return Place.NOWHERE
        if start <= moment < end:
            return Place.HERE
        outside = (first is not None and moment < first) or (last is not None and moment >= last)
        return Place.OUTSIDE if outside else Place.ELSEWHERE

    return _cached(place)


def value_placing(partitions: PartitionsSpec, window: PartitionWindow) -> Placing:
    """Places by the value of a column: nowhere when it is none of the declared keys."""
    keys = frozenset(partitions.keys)

    def place(value: object) -> Place:
        key = key_text(value)
        if key == window.key:
            return Place.HERE
        return Place.ELSEWHERE if key in keys else Place.NOWHERE

    return _cached(place)


def moment_of(value: object, timestamp_format: str | None, zone: ZoneInfo) -> datetime | None:
    """The moment in UTC that a value means, or None.

    Args:
        value: A datetime, a date, text or a number.
        timestamp_format: strptime format, `epoch_s`, `epoch_ms`, or None for ISO 8601.
        zone: Time zone of values that name none.
    """
    try:
        if isinstance(value, datetime):
            return _in_utc(value, zone)
        if isinstance(value, date):
            return _in_utc(datetime(value.year, value.month, value.day), zone)
        text = key_text(value)
        if text is None:
            return None
        if timestamp_format == "epoch_s":
            return EPOCH + timedelta(seconds=float(text))
        if timestamp_format == "epoch_ms":
            return EPOCH + timedelta(milliseconds=float(text))
        if timestamp_format is not None:
            return _in_utc(datetime.strptime(text, timestamp_format), zone)
        return _in_utc(datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        return None


def _limit(text: str | None, field: str, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    for form in ("%Y-%m-%d", "%Y-%m-%d-%H:%M"):
        try:
            return _in_utc(datetime.strptime(text, form), zone)
        except ValueError:
            continue
    raise SourceError(f"partitions.{field} is {text!r}; write 2026-01-01, or 2026-01-01-00:00 for hourly partitions")


def _in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)


def _cached(place: Placing) -> Placing:
    """Many rows share a date: a text is read once. Bounded, because second-exact timestamps hardly repeat."""
    known: dict[str, Place] = {}

    def look_up(value: object) -> Place:
        if not isinstance(value, str):
            return place(value)
        found = known.get(value)
        if found is None:
            if len(known) >= CACHED_VALUES:
                known.clear()
            found = known[value] = place(value)
        return found

    return look_up
