"""Where growth stalls and which way to climb, from windows given by hand."""

from __future__ import annotations

import pytest

from enrichment_platform.inference.hill_climb import REST_WINDOWS, HillClimb, Stall, Window


def knee(throughput_of: dict[float, float]) -> list[float | None]:
    stall = Stall()
    return [stall.knee(Window(in_flight, throughput)) for in_flight, throughput in throughput_of.items()]


def test_growth_ends_after_two_windows_without_more_throughput() -> None:
    assert knee({32: 640, 48: 960, 72: 1280, 108: 1280, 162: 1280}) == [None] * 4 + [pytest.approx(1.1 * 72)]


def test_growth_goes_on_while_a_third_more_brings_4_percent() -> None:
    assert knee({32: 427, 48: 549, 72: 678, 108: 804, 162: 917, 243: 1013}) == [None] * 6


def test_one_bad_window_ends_nothing() -> None:
    assert knee({32: 640, 48: 600, 72: 1440, 108: 1400, 162: 3000}) == [None] * 5


@pytest.mark.parametrize(("saturates_at", "low", "high"), [(64, 60, 100), (1000, 1000, 1000)])
def test_climbing_settles_where_throughput_ends(saturates_at: int, low: int, high: int) -> None:
    climb, limit, limits = HillClimb(), 300.0, []
    for _ in range(60):
        throughput = min(limit, saturates_at)
        queueing = limit > 1.25 * saturates_at
        limit = min(1000, climb.next_limit(limit, throughput, may_grow=limit < 1000, queueing=queueing))
        limits.append(limit)
    at_rest = sorted(limits[-20:])[10]
    assert low <= at_rest <= high


def test_a_trial_that_does_not_pay_is_followed_by_rest() -> None:
    climb, limits = HillClimb(), [100.0]
    for _ in range(12):
        limits.append(climb.next_limit(limits[-1], 50.0, may_grow=True, queueing=False))
    assert limits.count(140.0) == 2, "one window to settle, one to measure"
    assert limits[-REST_WINDOWS:] == [100.0] * REST_WINDOWS
