"""Caps through the dispatcher: never broken, told clearly; what is left is deferred, and asked when there is room."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.errors import BudgetReachedError
from enrichment_platform.inference.budget import ceiling_tokens
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.records import NANO, Cap
from enrichment_platform.inference.row import first_request
from enrichment_platform.inference.terms import Terms
from enrichment_platform_tests.inference.asking import (
    IMPATIENT,
    Watched,
    ask,
    attempts,
    billed,
    key,
    ledger,
    questions,
    running,
    sent,
    server,
    task,
)
from enrichment_platform_tests.servers.openai_server import RunningServer

__all__ = ["ledger", "running", "server"]
pytestmark = pytest.mark.timeout(60)
PRICE = Price(input=1000.0, output=2000.0)  # US dollars per million tokens
SCOPES = {
    "partition": ("partition:tickets:v:2026-01-01", "budget.partition"),
    "run": ("run:r1", "budget.run"),
    "day": ("day:tickets:2026-01-01", "budget.day"),
    "pool": ("pool:default:2026-01-01", "budget.day of pool default"),
}


def capped(*caps: Cap) -> Terms:
    given: Callable[[float], Sequence[Cap]] = lambda _: caps  # noqa: E731
    return Terms(rules=IMPATIENT, caps=given)


def spent_usd(server: RunningServer) -> float:
    prompt, _, completion = billed(server)
    return (prompt * PRICE.input + completion * PRICE.output) / 1e6


@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("unit", ["tokens", "usd"])
def test_at_a_cap_the_run_stops_says_so_and_goes_on_when_it_is_raised(
    server: RunningServer, ledger: Ledger, kind: str, unit: str
) -> None:
    server.behave({"latency_s": 0.005})
    scope, field = SCOPES[kind]
    cap = Cap(scope, field, tokens=5_000) if unit == "tokens" else Cap(scope, field, nano_usd=5 * NANO)
    with pytest.raises(BudgetReachedError) as caught:
        ask(ledger, questions(200), Watched(server.url, price=PRICE), terms=capped(cap))
    kept = len(ledger.answers(key(question) for question in questions(200)))
    prompt, _, completion = billed(server)
    spent = prompt + completion if unit == "tokens" else spent_usd(server)
    most = 5_000 if unit == "tokens" else 5.0
    assert 0.7 * most < spent <= most
    message = str(caught.value)
    assert f"tickets 2026-01-01: {field} is reached (" in message
    assert f"; {kept} rows were answered and are kept, {200 - kept} are deferred. " in message
    assert "only the deferred rows are asked then" in message
    assert [(one["rows"], one["reason"]) for one in ledger.deferrals()] == [(200 - kept, message)]
    spending = ledger.spending([scope])[scope]
    assert spending.tokens == prompt + completion
    assert spending.nano_usd == pytest.approx(spent_usd(server) * NANO, abs=200)

    with pytest.raises(BudgetReachedError):
        ask(ledger, questions(200), Watched(server.url, price=PRICE), terms=capped(cap))
    assert len(ledger.answers(key(question) for question in questions(200))) - kept <= 1
    more = Cap(scope, field, tokens=10**9)
    rows = ask(ledger, questions(200), Watched(server.url, price=PRICE), terms=capped(more))
    assert {row.answer.status for row in rows} == {"ok"}
    assert server.stats()["prompts_answered_twice"] == 0
    assert sent(server) == 200
    assert ledger.deferrals() == []


def test_with_no_room_for_a_single_request_nothing_is_sent(server: RunningServer, ledger: Ledger) -> None:
    with pytest.raises(BudgetReachedError, match=r"0 of 100 tokens are spent or reserved, the next request"):
        ask(ledger, questions(10), Watched(server.url), terms=capped(Cap("run:r1", "budget.run", tokens=100)))
    assert sent(server) == 0
    assert attempts(ledger) == []


def test_with_several_caps_the_one_that_is_reached_first_is_named(server: RunningServer, ledger: Ledger) -> None:
    caps = [Cap("run:r1", "budget.run", tokens=50_000), Cap("day:tickets:1", "budget.day", tokens=3_000)]
    with pytest.raises(BudgetReachedError, match=r"budget\.day is reached"):
        ask(ledger, questions(200), Watched(server.url), terms=capped(*caps))
    spending = ledger.spending(["run:r1", "day:tickets:1"])
    assert spending["run:r1"] == spending["day:tickets:1"]
    assert spending["run:r1"].tokens == sum(billed(server)[::2]) <= 3_000


def test_a_request_that_may_take_more_than_its_cap_is_not_sent(server: RunningServer, ledger: Ledger) -> None:
    small = task(budget={"request": {"tokens": 900}})
    long = small.question({"row_id": "long", "body": "word " * 500})
    *rows, refused = ask(ledger, [*questions(3, of=small), long], Watched(server.url), task=small)
    assert [row.answer.status for row in rows] == ["ok"] * 3
    assert (refused.answer.status, refused.answer.finish_reason, refused.answer.attempts) == ("failed", "over_cap", 0)
    assert sent(server) == 3


def test_a_row_gets_no_more_requests_than_its_cap(server: RunningServer, ledger: Ledger) -> None:
    few = task(budget={"row": {"attempts": 2}})
    server.behave({"kind": "malformed"})
    (row,) = ask(ledger, questions(1, of=few), Watched(server.url), task=few)
    assert (row.answer.status, row.answer.attempts, sent(server)) == ("malformed", 2, 2)


def test_a_row_takes_no_more_tokens_than_its_cap(server: RunningServer, ledger: Ledger) -> None:
    (question,) = questions(1)
    ask(ledger, [question], Watched(server.url))
    reserved = attempts(ledger, question)[0]["reserved_tokens"]
    small = task(budget={"row": {"tokens": reserved + 10}})
    server.reset()
    server.behave({"kind": "truncated"})
    (row,) = ask(ledger, questions(1, start=1, of=small), Watched(server.url), task=small)
    assert row.answer.status in ("failed", "truncated")
    assert (row.answer.attempts, sent(server)) == (1, 1), "twice the output tokens do not fit"
    assert sum(billed(server)[::2]) <= reserved + 10


def _spend(ledger_url: str, url: str, number: int, cap_tokens: int) -> str:
    with Ledger(ledger_url) as ledger:
        terms = capped(Cap("day:tickets:1", "budget.day", tokens=cap_tokens))
        try:
            ask(ledger, questions(900, start=1000 * number), Watched(url, max_concurrency=16), terms=terms)
        except BudgetReachedError as error:
            return str(error)
    return ""


def test_several_processes_together_never_spend_more_than_the_cap(server: RunningServer, tmp_path: Path) -> None:
    url, cap = f"sqlite:///{tmp_path}/ledger.db", 15_000
    server.behave({"latency_s": 0.01}, {"kind": "malformed", "share": 0.1}, {"kind": "500", "share": 0.05})
    Ledger(url).close()
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        told: list[Any] = [pool.submit(_spend, url, server.url, number, cap) for number in range(3)]
        messages = [future.result(timeout=50) for future in told]
    spent = sum(billed(server)[::2])
    assert 0.4 * cap < spent <= cap, "each leaves room for what the others have in flight"
    assert [bool(re.search(r"budget\.day is reached", message)) for message in messages] == [True] * 3, messages
    with Ledger(url) as ledger:
        assert ledger.spending(["day:tickets:1"])["day:tickets:1"].tokens == spent


def test_a_truncated_answer_whose_retry_would_break_a_cap_is_kept_and_not_paid_for_again(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "truncated"})
    (question,) = questions(1)
    body = Watched(server.url).encoded(first_request(task(), question))
    small = task(budget={"request": {"tokens": ceiling_tokens(len(body), 150)}})  # 100 fit, 200 do not
    for _ in range(2):
        (row,) = ask(ledger, [question], Watched(server.url), task=small)
        assert (row.answer.status, row.answer.attempts) == ("truncated", 1)
    assert sent(server) == 1


def test_requests_of_which_nobody_said_what_they_took_count_against_the_row(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "reset"})
    (question,) = questions(1)
    body = Watched(server.url).encoded(first_request(task(), question))
    two = task(budget={"row": {"tokens": 2 * ceiling_tokens(len(body), 100) + 50}})
    (row,) = ask(ledger, [question], Watched(server.url), task=two)
    assert (row.answer.status, row.answer.finish_reason, row.answer.attempts) == ("failed", "over_cap", 2)


def test_little_is_reserved_ahead_of_a_slow_endpoint(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"latency_s": 1.0})
    scope = "partition:tickets:v:2026-01-01"
    most = 0

    def look(_: Progress) -> None:
        nonlocal most
        most = max(most, ledger.spending([scope])[scope].requests - server.stats()["answered"])

    ask(ledger, questions(80), Watched(server.url, max_concurrency=16), terms=capped(Cap(scope, "")), on_progress=look)
    assert most <= 16 + 8
