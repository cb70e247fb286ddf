"""Short forms that the source tests share: windows, specs and reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from enrichment_platform.sources import Ingested, read_partition
from enrichment_platform.spec import FileSource, PartitionsSpec, PartitionWindow

DAILY = PartitionsSpec(start="2026-01-01")
DATA = Path(__file__).parents[3] / "shared" / "data"


def day(key: str, zone: str = "UTC", days: int = 1) -> PartitionWindow:
    start = datetime.fromisoformat(key)
    end = start + timedelta(days=days)
    return PartitionWindow(key, start.replace(tzinfo=ZoneInfo(zone)), end.replace(tzinfo=ZoneInfo(zone)))


def file(path: str, **settings: Any) -> FileSource:
    return FileSource(path=path, **{"key": "id", "timestamp": "at", **settings})


def read(root: Path, path: str, partition: str = "2026-01-05", **settings: Any) -> Ingested:
    return read_partition(file(path, **settings), DAILY, day(partition), root)


def real(name: str) -> str:
    """Path below the shared data; the test is skipped where the machine has none."""
    if not (DATA / name).exists():
        pytest.skip(f"no {DATA / name} on this machine")
    return name
