"""The adaptive limit: what it makes of servers that reject, queue, change, have quotas or go away. Simulated time."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from enrichment_platform.inference.endpoints import openai_wire as wire
from enrichment_platform.inference.limiter import AdaptiveLimit, Sent
from enrichment_platform_tests.inference.simulated_server import TRANSIT_S, Clock, Server, run

DELAYS = [(0.0, 0.0), (0.003, 0.0), (0.0, 0.002)]  # before a send; between two looks at what came
KINDS = [
    (sigma, late, retry_after)
    for sigma, late, retry_after in [
        (0.0, False, None),
        (0.0, True, 1.0),
        (0.5, False, 1.0),
        (0.5, True, None),
    ]
]


def limiter(maximum: int = 256, **options: int) -> tuple[AdaptiveLimit, Clock]:
    clock = Clock()
    return AdaptiveLimit(maximum, clock=clock, jitter=random.Random(0), **options), clock


@pytest.mark.parametrize(("send_delay", "tick"), DELAYS)
@pytest.mark.parametrize(("sigma", "late", "retry_after"), KINDS)
def test_a_server_that_rejects_is_kept_full_with_few_rejections(
    sigma: float, late: bool, retry_after: float | None, send_delay: float, tick: float
) -> None:
    server = Server(sigma=sigma, late_429=late, retry_after_s=retry_after)
    result = run(server, send_delay_s=send_delay, tick_s=tick)
    assert result.rate(5, 20) >= 0.95 * 1280
    assert result.rejected_share < 0.01
    assert result.pauses == 0


@pytest.mark.parametrize("send_delay", [0.0, 0.003])
@pytest.mark.parametrize(("sigma", "late", "retry_after"), KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_slow_server_is_found_soon_enough_for_a_short_run(
    sigma: float, late: bool, retry_after: float | None, send_delay: float, seed: int
) -> None:
    server = Server(latency=lambda _: 0.5, sigma=sigma, late_429=late, retry_after_s=retry_after)
    result = run(server, send_delay_s=send_delay, rows=2500, seconds=60, seed=seed)
    assert len(result.answered) == 2500
    assert 2500 / result.answered[-1] >= 0.93 * 128
    assert result.pauses == 0


@pytest.mark.parametrize("latency", [0.05, 0.5])
@pytest.mark.parametrize("send_delay", [0.0, 0.003])
@pytest.mark.parametrize(("sigma", "late", "retry_after"), KINDS)
def test_slots_that_halve_and_come_back_are_followed(
    sigma: float, late: bool, retry_after: float | None, send_delay: float, latency: float
) -> None:
    server = Server(
        slots=lambda t: 32 if 8 <= t < 16 else 64,
        latency=lambda _: latency,
        sigma=sigma,
        late_429=late,
        retry_after_s=retry_after,
    )
    result = run(server, send_delay_s=send_delay, seconds=30)
    assert len(result.answered) >= 0.9 * (64 * 22 + 32 * 8) / latency
    assert 32 <= result.limit_at(15) <= 36
    assert 62 <= result.limit_at(25) <= 68
    assert result.pauses == 0


@pytest.mark.parametrize("latency", [0.05, 0.5])
@pytest.mark.parametrize(("sigma", "drift"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.1), (0.5, 0.1)])
def test_growth_stops_where_a_queue_begins(sigma: float, drift: float, latency: float) -> None:
    server = Server(latency=lambda _: latency, queues=True, sigma=sigma, drift=drift)
    seconds = 400 * latency
    result = run(server, seconds=seconds)
    assert result.rate(seconds / 4, seconds) >= 0.95 * 64 / latency
    late = sorted(result.limit_at(seconds * share / 100) for share in range(50, 101))
    assert 64 <= late[len(late) // 2] < 200, "noise may lead it astray for a while"


@pytest.mark.parametrize(("sigma", "drift"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.1), (0.5, 0.1)])
def test_growth_goes_on_while_latency_rises_but_throughput_does_too(sigma: float, drift: float) -> None:
    server = Server(slots=lambda _: 10**6, latency=lambda n: 0.05 * (1 + n / 64), sigma=sigma, drift=drift)
    result = run(server)
    assert result.rate(5, 20) >= 0.93 * 1024, "1024 a second is what 256 in flight bring"
    assert max(limit for at, limit in result.limits) == 256


@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("quota", "window"), [(100, 1.0), (20, 1.0), (600, 60.0)])
def test_a_quota_is_not_hammered(quota: int, window: float, late: bool, retry_after: float | None) -> None:
    server = Server(slots=lambda _: 10**6, quota=quota, quota_window_s=window, late_429=late, retry_after_s=retry_after)
    result = run(server, seconds=300)
    learned = 5 + 2 * window
    rejected = sum(at > learned for at in result.rejected)
    answered = sum(at > learned for at in result.answered)
    assert rejected < 0.1 * (answered + rejected)
    assert answered > 0.5 * quota / window * (300 - learned)


def test_a_lane_without_answers_waits_as_long_as_it_is_asked_to() -> None:
    limit, clock = limiter()
    for sent in [limit.sent() for _ in range(32)]:
        limit.rejected(sent, 7.0)
    assert clock.now + 7 <= limit.paused_until <= clock.now + 7 * 1.05
    assert not limit.may_send()
    clock.now = limit.paused_until
    assert limit.may_send()
    assert limit.limit == 1


def test_without_retry_after_pauses_double_up_to_ten_seconds() -> None:
    limit, clock = limiter(1)
    waits = []
    for _ in range(9):
        assert limit.may_send()
        limit.rejected(limit.sent(), None)
        assert limit.limit == 1
        waits.append(limit.paused_until - clock.now)
        clock.now = limit.paused_until
    for wait, longest in zip(waits, [0.5, 1, 2, 4, 8, 10, 10, 10, 10], strict=True):
        assert 0.7 * longest <= wait <= longest


def test_one_rejection_amid_answers_pauses_nothing() -> None:
    limit, clock = limiter(64, initial=64)
    for _ in range(4):
        wave = [limit.sent() for _ in range(limit.limit)]
        clock.now += 0.05
        limit.rejected(wave.pop(0), 1.0)
        assert limit.paused_until == 0
        for sent in wave:
            limit.answered(sent)


def test_a_rejection_says_what_the_capacity_is() -> None:
    limit, clock = limiter(64, initial=64)
    for sent in (flight := [limit.sent() for _ in range(64)])[50:]:
        limit.rejected(sent, None)
    assert limit.limit == 50
    assert limit.in_flight == 50
    assert flight[0] == Sent(clock.now, 1, 1)


def test_the_limit_does_not_grow_past_what_is_used() -> None:
    result = run(Server(queues=True), demand=10, seconds=5)
    assert {limit for _, limit in result.limits} == {32}


def test_after_an_outage_requests_in_flight_grow_by_half_a_round_trip() -> None:
    limit, clock = limiter()
    old = [limit.sent() for _ in range(32)]
    limit.restart()
    assert limit.limit == 4
    for sent in old:
        limit.answered(sent)
    assert limit.limit == 4, "answers to what was sent before the outage do not count"
    result = run(Server(sigma=0.2), limiter=limit, clock=clock, seconds=0.5)
    trip = 0.05 + 3 * TRANSIT_S
    for k in range(1, 9):
        assert result.limit_at(k * trip) <= 1.6 * result.limit_at((k - 1) * trip) + 1
    assert result.limit_at(0.5) >= 24


def test_timeouts_shrink_once_for_all_that_were_in_flight() -> None:
    limit, clock = limiter(64, initial=64)
    flight = [limit.sent() for _ in range(64)]
    clock.now += 60
    for sent in flight:
        limit.failed(sent)
    assert limit.limit == int(64 * 0.7)


def test_server_errors_do_not_shrink() -> None:
    limit, clock = limiter(64, initial=64)
    flight = [limit.sent() for _ in range(64)]
    clock.now += 0.2
    for sent in flight:
        limit.failed(sent)
    assert limit.limit == 64


def test_an_embedded_model_stays_at_one() -> None:
    result = run(Server(queues=True), maximum=1, seconds=5)
    assert {limit for _, limit in result.limits} == {1}


WAIT, AT_ONCE = ("wait", 0, 1.0, None), ("answered", 0, 0.0, None)
OUTCOMES = st.sampled_from(["send", "answered", "rejected", "failed", "cancelled", "restart", "wait"])


@settings(max_examples=150)
@example(16, [WAIT, ("send", 2, 0.0, None), AT_ONCE, WAIT, AT_ONCE, WAIT])
@given(
    maximum=st.integers(1, 300),
    steps=st.lists(
        st.tuples(
            OUTCOMES,
            st.integers(0, 10**6),
            st.floats(0, 100),
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
        ),
        max_size=200,
    ),
)
def test_whatever_happens_the_limit_stays_in_its_bounds(
    maximum: int, steps: list[tuple[str, int, float, float | None]]
) -> None:
    limit, clock = limiter(maximum)
    flight: list[Sent] = []
    for what, pick, seconds, retry_after in steps:
        if what == "send":
            for _ in range(pick % 40):
                if limit.may_send():
                    flight.append(limit.sent())
                    assert limit.in_flight <= limit.limit
        elif what == "wait":
            clock.now += seconds
        elif what == "restart":
            limit.restart()
        elif flight:
            sent = flight.pop(pick % len(flight))
            if what == "rejected":
                limit.rejected(sent, retry_after)
            else:
                getattr(limit, what)(sent)
        assert 1 <= limit.limit <= maximum
        assert limit.in_flight == len(flight)
    for sent in flight:
        limit.cancelled(sent)
    clock.now = max(clock.now, limit.paused_until)
    assert limit.may_send(), "it never ends up stuck"


def test_a_server_that_asks_to_wait_for_a_day_is_asked_again_after_ten_minutes() -> None:
    limit, clock = limiter(4)
    refused = wire.refused(429, {"Retry-After": "86400"}, b"")
    while not limit.paused_until:
        limit.rejected(limit.sent(), refused.retry_after_s)
    assert 600 <= limit.paused_until - clock() <= 630


def after_a_rejection() -> tuple[AdaptiveLimit, Clock]:
    """A limit of an endpoint that has rejected something, and answers the rest."""
    limit, clock = limiter(64, initial=32)
    for _ in range(3):
        full_house(limit, clock, rejected=1)
    return limit, clock


def full_house(limit: AdaptiveLimit, clock: Clock, rejected: int = 0) -> None:
    """A round trip of 0.1 s with as many requests as may be in flight."""
    sent = [limit.sent() for _ in range(limit.limit)]
    clock.now += 0.1
    for number, one in enumerate(sent):
        if number < rejected:
            limit.rejected(one, None)
        else:
            limit.answered(one)


def test_who_uses_more_than_a_fair_share_yields_in_steps_and_keeps_from_growing_for_four_seconds() -> None:
    limit, clock = after_a_rejection()
    before = limit.limit
    limit.share_room(before, 0, 2)
    assert before / 2 <= limit.limit < before
    after = limit.limit
    for _ in range(39):
        full_house(limit, clock)
    assert limit.limit == after
    limit.share_room(6, 4, 2)
    assert limit.limit == after, "near enough to its part"
    for _ in range(60):
        full_house(limit, clock)
    assert limit.limit > after


def ten_minutes(others: float) -> tuple[list[int], float]:
    """Beside a process that never has more in flight than `others`: looks that made room, and slot seconds used."""
    limit, clock = after_a_rejection()
    yields, slot_seconds = [], 0.0
    for look in range(1, 301):
        for _ in range(20):
            slot_seconds += min(limit.limit, 30) * 0.1
            full_house(limit, clock, rejected=int(limit.limit > 30))
        before = limit.limit
        limit.share_room(before, others, 2 if others else 1)
        yields += [look] * (limit.limit < before)
    return yields, slot_seconds


def test_room_that_nobody_takes_is_left_less_and_less_often() -> None:
    yields, used = ten_minutes(others=2)
    assert len(yields) < 20
    assert yields[-1] - yields[-2] > 30, "a minute"
    assert used > 0.85 * ten_minutes(others=0)[1]


def test_an_endpoint_that_rejects_nothing_has_room_for_all() -> None:
    fresh, _ = limiter(64, initial=32)
    fresh.share_room(32, 1, 2)
    assert fresh.limit == 32


@pytest.mark.parametrize(("retry_after_s", "goes_on"), [(None, True), (5.0, False)])
def test_who_gets_less_than_half_its_share_does_not_wait_for_a_pause_of_its_own_making(
    retry_after_s: float | None, goes_on: bool
) -> None:
    limit, clock = limiter(64, initial=32)
    while not limit.paused_until:
        sent = [limit.sent() for _ in range(limit.limit)]
        clock.now += 0.1
        for one in sent:
            limit.rejected(one, retry_after_s)
    limit.share_room(5, 5, 2)
    assert not limit.may_send()
    limit.share_room(1, 19, 2)
    assert limit.may_send() is goes_on
