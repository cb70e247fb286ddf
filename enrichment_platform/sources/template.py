"""The placeholders of a partition, such as {partition_start}, and their values."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from enrichment_platform.errors import SourceError
from enrichment_platform.spec import PartitionsSpec, PartitionWindow

PLACEHOLDER = re.compile(r"\{(partition_\w+)\}")


def partition_values(partitions: PartitionsSpec, window: PartitionWindow) -> dict[str, str]:
    """Value of each placeholder: ISO dates, or ISO datetimes with offset for hourly partitions.

    Days are those of the partitions' time zone; `partition_end` is exclusive, `partition_last_day` inclusive.
    """
    values = {"partition_key": window.key}
    if window.start is None or window.end is None:
        return values
    start, end = local(window.start, partitions), local(window.end, partitions)
    hourly = partitions.type == "hourly"
    values["partition_start"] = start.isoformat() if hourly else start.date().isoformat()
    values["partition_end"] = end.isoformat() if hourly else end.date().isoformat()
    values["partition_last_day"] = (end - timedelta(microseconds=1)).date().isoformat()
    return values


def fill(text: str, values: dict[str, str], field: str) -> str:
    """The text with its placeholders replaced; other braces stay as they are.

    Raises:
        SourceError: A placeholder that does not exist, or has no value because the partitions are static.
    """
    unknown = sorted({name for name in PLACEHOLDER.findall(text) if name not in values})
    if unknown:
        raise SourceError(
            f"{field} uses {{{unknown[0]}}}, which this partition does not have; use one of"
            f" {', '.join(f'{{{name}}}' for name in sorted(values))}"
        )
    return PLACEHOLDER.sub(lambda match: values[match.group(1)], text)


def uses_placeholder(*texts: str) -> bool:
    """Whether any of the texts depends on the partition."""
    return any(PLACEHOLDER.search(text) for text in texts)


def local(moment: datetime, partitions: PartitionsSpec) -> datetime:
    """The moment in the partitions' time zone; one without a zone is in it already."""
    zone = ZoneInfo(partitions.timezone)
    # Through UTC: arithmetic within one zone is in wall time, and gives other answers around a change of the
    # clocks.
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(UTC).astimezone(zone)
