"""Admission, settlement and spending: what may be sent, and what it counts, in every order of events."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.inference.ledger import Ledger, Spending
from enrichment_platform.inference.ledger_counters import difference
from enrichment_platform.inference.pricing import nano_usd
from enrichment_platform.inference.records import Admission, Attempt, Cap, RateLimit, Settlement, Verdict
from enrichment_platform_tests.servers.ledgers import (
    answer,
    ask,
    attempt,
    attempts_of,
    failure,
    ledger,
    run,
    settlement,
    url,
)

__all__ = ["ledger", "url"]


def verdicts(admissions: list[Admission]) -> list[str]:
    return [str(admission.verdict) for admission in admissions]


def test_each_key_is_admitted_once_until_it_is_settled_and_never_after_an_answer(ledger: Ledger) -> None:
    async def work() -> None:
        first, twin, other = attempt("key-0"), attempt("key-0"), attempt("key-1")
        assert verdicts(await ledger.admit([first, twin, other])) == ["admitted", "held", "admitted"]
        assert verdicts(await ledger.admit([twin])) == ["held"]
        await ledger.settle(failure(first, "timeout", billed=True))
        again = attempt("key-0", cause="timeout")
        assert verdicts(await ledger.admit([again])) == ["admitted"]
        await ledger.settle(settlement(again), answer("key-0"))
        assert verdicts(await ledger.admit([attempt("key-0"), attempt("key-1")])) == ["answered", "held"]
        assert await ledger.admit([]) == []

    run(work())
    assert [one["cause"] for one in attempts_of(ledger, "tickets", "2026-01-01", "row of key-0")] == [
        "first",
        "timeout",
    ]


def test_admissions_of_concurrent_callers_admit_each_key_once(ledger: Ledger) -> None:
    async def work() -> list[str]:
        waiting = (ledger.admit([attempt(f"key-{number % 50}")]) for number in range(500))
        return [verdict for admissions in await asyncio.gather(*waiting) for verdict in verdicts(admissions)]

    found = run(work())
    assert (found.count("admitted"), found.count("held")) == (50, 450)


def test_two_ledgers_admit_each_key_once(ledger: Ledger, url: str) -> None:
    async def work(other: Ledger) -> list[str]:
        keys = [f"key-{number}" for number in range(100)]
        waiting = [one.admit([attempt(key)]) for key in keys for one in (ledger, other)]
        return [verdict for admissions in await asyncio.gather(*waiting) for verdict in verdicts(admissions)]

    with Ledger(url) as other:
        found = run(work(other))
    assert (found.count("admitted"), found.count("held")) == (100, 100)


def test_an_attempt_that_would_break_a_cap_is_over_and_names_it(ledger: Ledger) -> None:
    wide, narrow = Cap("run:1", "budget.run", tokens=1_000), Cap("day:x", "budget.day", tokens=100, nano_usd=50)

    async def work() -> None:
        first, second, third = attempt("a", 60, 10), attempt("b", 60, 10), attempt("c", 40, 41)
        admissions = await ledger.admit([first, second, third, attempt("d", 40, 40)], [wide, narrow])
        assert verdicts(admissions) == ["admitted", "over", "over", "admitted"]
        assert [admission.cap for admission in admissions] == [None, narrow, narrow, None]
        assert ledger.spending(["run:1", "day:x", "absent"]) == {
            "run:1": Spending(100, 50, 2),
            "day:x": Spending(100, 50, 2),
            "absent": Spending(),
        }
        await ledger.settle(failure(first, "rate_limit", billed=False), None, [wide, narrow])
        assert verdicts(await ledger.admit([second], [wide, narrow])) == ["admitted"]
        raised = replace(narrow, tokens=200, nano_usd=None)
        assert verdicts(await ledger.admit([third], [wide, raised])) == ["admitted"]

    run(work())


@pytest.mark.parametrize(
    ("ended", "left"),
    [
        ({}, Spending(15, 250_000_000, 1)),
        ({"billed": False}, Spending(0, 0, 1)),
        ({"input_tokens": None, "output_tokens": None, "cost_usd": None}, Spending(100, 10**9, 1)),
        ({"output_tokens": None, "cost_usd": None}, Spending(100, 10**9, 1)),
        ({"cost_usd": None}, Spending(15, 10**9, 1)),
        ({"input_tokens": None}, Spending(100, 250_000_000, 1)),
        ({"cost_usd": 0.0, "input_tokens": 0, "output_tokens": 0}, Spending(0, 0, 1)),
        ({"cost_usd": 1.5, "input_tokens": 90, "output_tokens": 20}, Spending(110, 1_500_000_000, 1)),
        ({"cost_usd": 1e-10}, Spending(15, 1, 1)),
    ],
)
def test_a_settlement_replaces_its_reservation_where_the_usage_is_known(
    ledger: Ledger, ended: dict[str, Any], left: Spending
) -> None:
    caps = [Cap("run:1", "budget.run")]

    async def work() -> None:
        sent = attempt(tokens=100, nano_usd=10**9)
        await ledger.admit([sent], caps)
        assert ledger.spending(["run:1"])["run:1"] == Spending(100, 10**9, 1)
        for _ in range(3):  # a settlement that is written again counts once
            await ledger.settle(settlement(sent, **ended), None, caps)

    run(work())
    assert ledger.spending(["run:1"])["run:1"] == left


def test_what_is_written_again_because_its_confirmation_was_lost_counts_once(ledger: Ledger) -> None:
    caps, rate = [Cap("run:1", "budget.run", tokens=100)], RateLimit("api", 1)

    async def work() -> None:
        sent = attempt(tokens=100)
        for _ in range(3):
            assert verdicts(await ledger.admit([sent], caps, rate)) == ["admitted"]
        assert ledger.spending(["run:1"])["run:1"] == Spending(100, 0, 1)
        ended = ledger.settle(settlement(sent), answer(), caps, rate)
        await asyncio.gather(ended, ledger.settle(failure(sent, "timeout", billed=True), None, caps, rate))
        assert ledger.spending(["run:1"])["run:1"] == Spending(15, 250_000_000, 1)

    run(work())
    [found] = attempts_of(ledger, "tickets", "2026-01-01")
    assert found["outcome"] == "ok"


def test_a_settlement_of_an_attempt_that_nobody_wrote_changes_no_counter(ledger: Ledger) -> None:
    caps = [Cap("run:1", "budget.run")]
    run(ledger.settle(settlement(attempt(tokens=100, nano_usd=10**9)), answer(), caps))
    assert ledger.spending(["run:1"])["run:1"] == Spending()
    assert set(ledger.answers(["key-0"])) == {"key-0"}


def test_a_halt_stops_one_enrichment_or_all_until_it_is_lifted(ledger: Ledger, url: str) -> None:
    async def asked(**changed: Any) -> tuple[str, str]:
        wanted = attempt(**changed)
        [admission] = await ledger.admit([wanted])
        if admission.verdict is Verdict.ADMITTED:
            await ledger.settle(failure(wanted, "timeout", billed=False))
        return str(admission.verdict), admission.detail

    with Ledger(url) as other:
        other.halt("tickets", "first reason")
        other.halt("tickets", "too costly")
        assert run(asked()) == ("halted", "too costly")
        assert run(asked(enrichment="mails")) == ("admitted", "")
        other.halt("*", "all of it")
    assert run(asked(enrichment="mails")) == ("halted", "all of it")
    assert [(one["scope"], one["reason"]) for one in ledger.halts()] == [("*", "all of it"), ("tickets", "too costly")]
    assert (ledger.lift("*"), ledger.lift("*"), ledger.lift("tickets")) == (True, False, True)
    assert run(asked()) == ("admitted", "")
    assert ledger.halts() == []


def test_deferrals_are_noted_a_partition_and_removed_when_none_are_left(ledger: Ledger) -> None:
    ledger.defer("tickets", "2026-01-02", 5, "budget.run")
    ledger.defer("tickets", "2026-01-01", 7, "deadline")
    ledger.defer("tickets", "2026-01-01", 3, "budget.day")
    noted = [(one["partition_key"], one["rows"], one["reason"]) for one in ledger.deferrals()]
    assert noted == [("2026-01-01", 3, "budget.day"), ("2026-01-02", 5, "budget.run")]
    ledger.defer("tickets", "2026-01-01", 0, "")
    ledger.defer("tickets", "2026-01-03", 0, "")
    assert [one["partition_key"] for one in ledger.deferrals()] == ["2026-01-02"]


@given(st.floats(0, 10, allow_subnormal=False), st.floats(0, 10, allow_subnormal=False))
def test_a_cost_within_its_ceiling_never_counts_more_than_was_reserved(one: float, two: float) -> None:
    least, most = sorted((one, two))
    reserved = attempt(tokens=0, nano_usd=nano_usd(most))
    assert difference(settlement(reserved, input_tokens=0, output_tokens=0, cost_usd=least))[1] <= 0


@pytest.fixture(scope="module")
def lasting() -> Iterator[Ledger]:
    """One ledger for all examples of a property; each example has scopes and keys of its own."""
    with tempfile.TemporaryDirectory() as folder, Ledger(f"sqlite:///{Path(folder)}/ledger.db") as opened:
        yield opened


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 60),  # reserved tokens
        st.integers(0, 60),  # reserved nano dollars
        st.sampled_from(["known", "unknown", "not billed", "open"]),
        st.floats(0, 1),  # share of the reservation that was used
        st.booleans(),  # settle at once, or after all others
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300), EVENTS)
def test_spending_is_what_was_used_and_what_is_reserved_and_never_over_a_cap(
    lasting: Ledger, tokens: int, money: int, day: int, events: list[tuple[int, int, str, float, bool]]
) -> None:
    example = uuid.uuid4().hex
    caps = [
        Cap(f"partition:{example}", "budget.partition", tokens=tokens),
        Cap(f"run:{example}", "budget.run", nano_usd=money),
        Cap(f"day:{example}", "budget.day", tokens=day, nano_usd=day),
    ]
    spent = [0, 0]
    left = Spending()

    async def settle(sent: Attempt, how: str, used: float) -> None:
        nonlocal spent
        if how == "open":
            return
        took = int(sent.reserved_tokens * used), int(sent.reserved_nano_usd * used)
        ended = Settlement(sent, "ok", how != "not billed")
        if how == "known":
            ended = replace(ended, input_tokens=took[0], output_tokens=0, cost_usd=took[1] / 1e9)
            spent = [spent[0] - sent.reserved_tokens + took[0], spent[1] - sent.reserved_nano_usd + took[1]]
        elif how == "not billed":
            spent = [spent[0] - sent.reserved_tokens, spent[1] - sent.reserved_nano_usd]
        await lasting.settle(ended, None, caps)

    async def work() -> None:
        late = []
        for number, (wanted_tokens, wanted_nano, how, used, now) in enumerate(events):
            sent = attempt(f"{example[:26]}-{number}", wanted_tokens, wanted_nano)
            fits = spent[0] + wanted_tokens <= min(tokens, day) and spent[1] + wanted_nano <= min(money, day)
            [admission] = await lasting.admit([sent], caps)
            assert (admission.verdict is Verdict.ADMITTED) == fits
            if fits:
                spent[0] += wanted_tokens
                spent[1] += wanted_nano
                late.append((sent, how, used))
                if now:
                    await settle(*late.pop())
        for one in late:
            await settle(*one)

    run(work())
    for scope, left in lasting.spending(cap.scope for cap in caps).items():
        assert (left.tokens, left.nano_usd) == tuple(spent), scope
    assert left.tokens <= min(tokens, day)


def test_asking_twice_spends_once(ledger: Ledger) -> None:
    caps = [Cap("run:1", "budget.run")]
    found = [run(ask(ledger, "key-0", caps=caps, tokens=100)).verdict for _ in range(2)]
    assert found == [Verdict.ADMITTED, Verdict.ANSWERED]
    assert ledger.spending(["run:1"])["run:1"] == Spending(15, 250_000_000, 1)


def test_ledgers_that_count_in_ever_new_and_different_scopes_wait_for_each_other_and_never_deadlock(
    ledger: Ledger, url: str
) -> None:
    chance = random.Random(3)
    counted: Counter[str] = Counter()

    async def worker(one: Ledger, name: str) -> None:
        for number in range(15):
            scopes = {f"old-{chance.randint(0, 5)}" for _ in range(3)} | {f"new-{number}-{chance.randint(0, 2)}"}
            caps = [Cap(scope, "budget") for scope in chance.sample(sorted(scopes), len(scopes))]
            counted.update(scopes)
            await ask(one, f"{name}-{number}", caps=caps, rate=RateLimit(f"api-{number % 4}", 1e9), tokens=100)

    async def work(others: list[Ledger]) -> None:
        await asyncio.gather(*(worker(one, f"{at}-{n}") for at, one in enumerate(others) for n in range(10)))

    began = time.monotonic()
    with Ledger(url) as second, Ledger(url) as third:
        run(work([ledger, second, third]))
    assert time.monotonic() - began < 30
    for scope, spent in ledger.spending(counted).items():
        assert spent == Spending(15 * counted[scope], 250_000_000 * counted[scope], counted[scope])
