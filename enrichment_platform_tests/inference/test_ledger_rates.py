"""Rate limits of the ledger: over any minute no more than allowed, and nearly all of it is used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.inference import ledger_counters
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.ledger_counters import Counters
from enrichment_platform.inference.ledger_schema import metadata
from enrichment_platform.inference.records import Admission, RateLimit, Verdict
from enrichment_platform_tests.servers.ledgers import answer, attempt, ledger, run, settlement, url

__all__ = ["ledger", "url"]

START_S = 1_800_000_000.0  # as large as real times, so that rounding is as coarse


class Rate:
    """The algorithm on a clock of its own: each call is a transaction, as of another process."""

    def __init__(self, limit: RateLimit, patch: pytest.MonkeyPatch) -> None:
        self._engine = sa.create_engine("sqlite://")
        metadata.create_all(self._engine)
        self._limit = limit
        self.now_s = START_S
        patch.setattr(ledger_counters, "_clock", lambda _: self.now_s)

    def wait_s(self, tokens: int = 0) -> float:
        """Send one request where it is allowed (0.0), or say how long to wait."""
        with self._engine.begin() as connection:
            counters = Counters(connection, [], [self._limit])
            wait = counters.wait_s(self._limit)
            if wait <= 0:
                counters.take(self._limit, 1, tokens)
            counters.store()
        return max(wait, 0.0)

    def give_back(self, tokens: int) -> None:
        with self._engine.begin() as connection:
            counters = Counters(connection, [], [self._limit])
            counters.take(self._limit, 0, -tokens)
            counters.store()


@pytest.fixture
def rates() -> Iterator[Callable[[RateLimit], Rate]]:
    with pytest.MonkeyPatch.context() as patch:
        yield lambda limit: Rate(limit, patch)


def most_in_a_minute(sent: list[tuple[float, int]]) -> int:
    return max((sum(n for later, n in sent if at <= later < at + 60) for at, _ in sent), default=0)


PAUSES = st.lists(st.one_of(st.just(0.0), st.floats(0, 3), st.floats(0, 90)), min_size=1, max_size=120)


@settings(max_examples=100)
@given(st.integers(1, 300), PAUSES)
def test_over_any_minute_no_more_requests_go_than_allowed(per_minute: int, pauses: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        rate, sent = Rate(RateLimit("api", requests_per_minute=per_minute), patch), []
        for pause in pauses:
            rate.now_s += pause
            while rate.wait_s() == 0:
                sent.append((rate.now_s, 1))
        assert most_in_a_minute(sent) <= per_minute


@settings(max_examples=100)
@given(st.integers(100, 10_000), st.lists(st.tuples(st.floats(0, 20), st.integers(1, 3_000)), min_size=1, max_size=100))
def test_over_any_minute_no_more_tokens_go_than_allowed_and_one_request(
    per_minute: int, wanted: list[tuple[float, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        rate, sent = Rate(RateLimit("api", tokens_per_minute=per_minute), patch), []
        for pause, tokens in wanted:
            rate.now_s += pause
            if rate.wait_s(tokens) == 0:
                sent.append((rate.now_s, tokens))
        assert most_in_a_minute(sent) <= per_minute + max((tokens for _, tokens in sent), default=0)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 10_000), max_size=20), st.floats(0, 600))
def test_what_is_given_back_never_allows_a_burst_beyond_a_second(given_back: list[int], idle_s: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        rate = Rate(RateLimit("api", tokens_per_minute=6_000), patch)
        rate.wait_s(100)
        for tokens in given_back:
            rate.give_back(tokens)
        rate.now_s += idle_s
        at_once = 0
        while rate.wait_s(10) == 0:
            at_once += 10
        assert at_once <= 98 + 10


def test_whoever_waits_as_told_uses_nearly_all_that_is_allowed(rates: Callable[[RateLimit], Rate]) -> None:
    rate, sent = rates(RateLimit("api", requests_per_minute=120)), []
    while rate.now_s < START_S + 600:
        wait = rate.wait_s()
        if wait == 0:
            sent.append((rate.now_s, 1))
        rate.now_s += wait
    assert 0.96 * 1_200 <= len(sent) <= 1_200
    assert most_in_a_minute(sent) <= 120
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(sent)) < 1


def test_a_request_larger_than_a_minute_allows_goes_and_holds_up_the_next_for_a_minute(
    rates: Callable[[RateLimit], Rate],
) -> None:
    rate = rates(RateLimit("api", tokens_per_minute=1_000))
    assert rate.wait_s(5_000) == 0
    assert 59 < rate.wait_s(1) <= 60


def test_no_limit_never_waits(rates: Callable[[RateLimit], Rate]) -> None:
    rate = rates(RateLimit("api"))
    assert [rate.wait_s(10**9) for _ in range(100)] == [0.0] * 100


def verdicts(admissions: list[Admission]) -> list[str]:
    return [str(admission.verdict) for admission in admissions]


def test_a_rate_limit_says_how_long_to_wait_and_is_shared(ledger: Ledger, url: str) -> None:
    slow, quick = RateLimit("slow", requests_per_minute=2), RateLimit("quick", requests_per_minute=100)

    async def work(other: Ledger) -> None:
        wanted = [attempt(f"key-{number}") for number in range(4)]
        admissions = await ledger.admit(wanted, (), slow)
        assert verdicts(admissions) == ["admitted", "later", "later", "later"]
        assert 29 < admissions[1].wait_s < 30
        assert verdicts(await other.admit(wanted[1:], (), slow)) == ["later"] * 3
        *_, last = await other.admit([attempt(f"quick-{number}") for number in range(4)], (), quick)
        assert last.verdict is Verdict.LATER
        await asyncio.sleep(last.wait_s)
        assert verdicts(await ledger.admit([attempt("quick-9")], (), quick)) == ["admitted"]

    with Ledger(url) as other:
        run(work(other))


def test_tokens_that_were_reserved_too_much_come_back_to_the_rate(ledger: Ledger) -> None:
    rate = RateLimit("api", tokens_per_minute=6_000)

    async def work() -> None:
        sent = attempt("key-0", tokens=6_000)
        [_, later] = await ledger.admit([sent, attempt("key-1", tokens=10)], (), rate)
        assert 55 < later.wait_s < 62
        await ledger.settle(settlement(sent), answer(), (), rate)  # it took 15
        assert verdicts(await ledger.admit([attempt("key-1", tokens=10)], (), rate)) == ["admitted"]

    run(work())
