"""The circuit breaker: when it opens, what it lets through, how it closes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.inference.breaker import Breaker
from enrichment_platform_tests.inference.simulated_server import Clock


def opened() -> tuple[Breaker, Clock]:
    clock = Clock()
    breaker = Breaker(clock, random.Random(0))
    for _ in range(8):
        breaker.sent()
        breaker.failed(8, sent_at=clock.now)
    return breaker, clock


def probe(breaker: Breaker, clock: Clock) -> float:
    assert breaker.next_probe_at is not None
    clock.now = breaker.next_probe_at
    assert breaker.state == "half_open"
    assert breaker.may_send()
    breaker.sent()
    return clock.now


def cool_down(breaker: Breaker, clock: Clock) -> float:
    assert breaker.next_probe_at is not None
    return breaker.next_probe_at - clock.now


def test_it_opens_at_the_threshold_and_not_before() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(7):
        breaker.failed(8)
    assert (breaker.state, breaker.opened_at, breaker.next_probe_at) == ("closed", None, None)
    breaker.failed(8)
    assert (breaker.state, breaker.opened_at) == ("open", clock.now)
    assert not breaker.may_send()


def test_an_answer_between_starts_the_count_over() -> None:
    breaker = Breaker(Clock())
    for _ in range(50):
        for _ in range(7):
            breaker.failed(8)
        assert not breaker.answered(), "it was not open"
    assert breaker.state == "closed"


def test_rejections_neither_open_it_nor_start_the_count_over() -> None:
    breaker = Breaker(Clock())
    for _ in range(7):
        breaker.failed(8)
        breaker.rejected()
    for _ in range(50):
        breaker.rejected()
    assert breaker.state == "closed"
    breaker.failed(8)
    assert breaker.state == "open"


def test_one_probe_at_a_time() -> None:
    breaker, clock = opened()
    probe(breaker, clock)
    assert breaker.state == "half_open"
    assert breaker.next_probe_at is None
    clock.now += 3600
    assert not breaker.may_send()


def test_failed_probes_double_the_cool_down_to_15_s() -> None:
    breaker, clock = opened()
    for expected in (1, 2, 4, 8, 15, 15):
        assert cool_down(breaker, clock) == pytest.approx(expected, rel=0.2)
        sent_at = probe(breaker, clock)
        clock.now += 0.1
        breaker.failed(8, sent_at=sent_at)
        assert breaker.state == "open"


def test_an_answer_closes_it_and_the_next_outage_starts_at_a_second() -> None:
    breaker, clock = opened()
    breaker.failed(8, sent_at=probe(breaker, clock))
    probe(breaker, clock)
    assert breaker.answered()
    assert (breaker.state, breaker.opened_at, breaker.next_probe_at) == ("closed", None, None)
    assert breaker.may_send()
    for _ in range(8):
        breaker.failed(8)
    assert cool_down(breaker, clock) == pytest.approx(1, rel=0.2)


def test_failures_of_requests_from_before_do_not_lengthen_the_cool_down() -> None:
    breaker, clock = opened()
    before, due = clock.now, breaker.next_probe_at
    clock.now += 0.5
    for _ in range(100):
        breaker.failed(8, sent_at=before)
    assert breaker.next_probe_at == due
    probe(breaker, clock)
    breaker.failed(8, sent_at=before)
    assert breaker.state == "half_open", "the probe is still out"
    assert breaker.answered()
    for _ in range(100):
        breaker.failed(8, sent_at=before)
    assert breaker.state == "closed", "the outage they tell of is over"


def test_a_rejected_probe_is_followed_by_another_after_the_same_cool_down() -> None:
    breaker, clock = opened()
    for _ in range(10):
        breaker.rejected(sent_at=probe(breaker, clock))
        assert breaker.state == "open"
        assert cool_down(breaker, clock) == pytest.approx(1, rel=0.2)


def test_a_probe_that_was_not_sent_leaves_its_place_to_another() -> None:
    breaker, clock = opened()
    probe(breaker, clock)
    breaker.released()
    assert breaker.may_send()


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["send", "answered", "failed", "rejected", "released", "wait"]),
            st.integers(0, 10**6),
            st.integers(1, 20),
            st.floats(0, 20),
        ),
        max_size=150,
    )
)
def test_whatever_happens_there_is_one_probe_and_a_way_back(steps: list[tuple[str, int, int, float]]) -> None:
    clock = Clock()
    breaker = Breaker(clock, random.Random(0))
    flight: list[float] = []
    probe_at: float | None = None
    for what, pick, threshold, seconds in steps:
        clock.now += 0.001
        if what == "wait":
            clock.now += seconds
        elif what == "send":
            if breaker.may_send():
                if breaker.state != "closed":
                    assert probe_at is None, "a second probe"
                    probe_at = clock.now
                breaker.sent()
                flight.append(clock.now)
        elif flight:
            sent_at = flight.pop(pick % len(flight))
            if what == "answered":
                was = breaker.state
                assert breaker.answered() == (was != "closed")
            elif what == "failed":
                breaker.failed(threshold, sent_at=sent_at)
            elif what == "rejected":
                breaker.rejected(sent_at=sent_at)
            elif sent_at == probe_at:
                breaker.released()
            if sent_at == probe_at or breaker.state == "closed":
                probe_at = None
        assert (breaker.opened_at is None) == (breaker.state == "closed")
        if breaker.state == "open":
            assert 0 < cool_down(breaker, clock) <= 18
    assert breaker.may_send() or breaker.state == "open" or probe_at in flight, "it never ends up stuck"
