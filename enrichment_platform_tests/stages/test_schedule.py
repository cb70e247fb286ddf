"""The schedule: a tick fills the newest partition that is complete."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from enrichment_platform.stages.schedule import enrichment_job, enrichment_schedule
from enrichment_platform_tests.stages.partition import letters_spec

DAILY = {"start": "2026-01-01"}


def tick(at: str, partitions: dict[str, Any]) -> Any:
    source = {"path": "x.jsonl", "key": "id", "timestamp": "at", "columns": ["text"]}
    spec = letters_spec(Path("x.jsonl"), source=source, partitions=partitions, schedule="0 6 * * *")
    schedule = enrichment_schedule(spec, enrichment_job(spec))
    return schedule(dg.build_schedule_context(scheduled_execution_time=datetime.fromisoformat(at)))


@pytest.mark.parametrize(
    ("at", "partitions", "key"),
    [
        ("2026-01-05T06:00:00+00:00", DAILY, "2026-01-04"),
        ("2026-01-05T06:00:00+00:00", DAILY | {"end_offset": 1}, "2026-01-05"),
        ("2026-03-09T06:00:00-04:00", DAILY | {"timezone": "America/New_York"}, "2026-03-08"),
        ("2026-01-05T06:00:00+00:00", DAILY | {"type": "weekly"}, None),
        ("2026-01-12T06:00:00+00:00", DAILY | {"type": "weekly"}, "2026-01-01"),
        ("2026-02-01T00:00:00+00:00", DAILY | {"type": "monthly"}, "2026-01-01"),
        ("2026-01-01T06:00:00+00:00", DAILY, None),
    ],
)
def test_a_tick_asks_for_the_newest_complete_partition(at: str, partitions: dict[str, Any], key: str | None) -> None:
    requested = tick(at, partitions)
    if key is None:
        assert isinstance(requested, dg.SkipReason)
        assert "no partition of letters has ended yet" in str(requested.skip_message)
    else:
        assert [request.partition_key for request in requested] == [key]


def test_static_partitions_are_all_filled() -> None:
    static = {"type": "static", "keys": ["a", "b"], "column": "part"}
    assert [request.partition_key for request in tick("2026-01-05T06:00:00+00:00", static)] == ["a", "b"]


def test_a_later_tick_of_the_same_partition_is_a_run_of_its_own() -> None:
    weekly = DAILY | {"type": "weekly"}
    (first,) = tick("2026-01-12T06:00:00+00:00", weekly)
    (later,) = tick("2026-01-13T06:00:00+00:00", weekly)
    (again,) = tick("2026-01-13T06:00:00+00:00", weekly)
    assert first.partition_key == later.partition_key
    assert first.run_key != later.run_key == again.run_key
