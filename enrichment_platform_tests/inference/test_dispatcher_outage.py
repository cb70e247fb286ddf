"""An endpoint that dies in the middle of a run: the pool goes on, no row is lost, traffic returns without a spike."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.errors import EndpointUnavailableError
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.terms import Terms
from enrichment_platform_tests.inference.asking import (
    MODEL,
    Watched,
    ask,
    attempts,
    billed,
    closed_port,
    dispatcher,
    key,
    ledger,
    questions,
    run,
    sent,
    stream,
    told,
)
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server

__all__ = ["ledger"]
pytestmark = pytest.mark.timeout(120)
KINDS = ["refuse", "reset", "503", "hang"]
SLOTS, LATENCY_S = 16, 0.05


def outage(server: RunningServer, start_s: float, length_s: float, kind: str) -> None:
    server.behave({"outage": [start_s, start_s + length_s, kind]}, {"latency_s": LATENCY_S})


def went_through(
    ledger: Ledger, rows: int, down_s: tuple[float, float, str], *servers: RunningServer, within_s: float = 100
) -> list[RowAnswer]:
    """Every row, answered once, though the first server dies; the ledger is the bill."""
    emitted: list[RowAnswer] = []
    # Longer than a busy machine stands still: an answer that comes too late is on the bill and not in the ledger.
    timeout_s = 1.0 if down_s[2] == "hang" else 5.0
    endpoints = [
        Watched(server.url, f"server {number}", max_concurrency=SLOTS, timeout_s=timeout_s)
        for number, server in enumerate(servers)
    ]
    outage(servers[0], *down_s)
    run(ledger, stream(rows), emitted.append, *endpoints, within_s=within_s)
    assert sorted(row.row_id for row in emitted) == sorted(question.row_id for question in stream(rows))
    assert Counter(row.answer.status for row in emitted) == {"ok": rows}
    bills = [billed(server) for server in servers]
    assert told(attempts(ledger)) == [sum(column) for column in zip(*bills, strict=True)]
    assert [server.stats()["prompts_answered_twice"] for server in servers] == [0] * len(servers)
    return emitted


def arrivals(server: RunningServer, start_s: float, end_s: float) -> list[int]:
    """Requests in each 100 ms between two moments after the first request."""
    timeline: dict[str, Any] = server.timeline()
    zero = round((timeline["first_arrival"] - timeline["started"]) / timeline["bucket_s"])
    return timeline["arrivals"][zero + round(start_s * 10) : zero + round(end_s * 10)]  # type: ignore[no-any-return]


def returned_without_a_spike(before: list[int], back: list[int]) -> bool:
    """Whether the first two seconds of traffic are no more than what is usual before the outage or after them.

    Not before it alone: what a busy machine sends in a second is not what it sends in the next minute.
    """
    first = next(index for index, count in enumerate(back) if count)
    returning, later = back[first : first + 20], back[first + 20 :]
    usual = max(before + later)
    # 16 slots at 50 ms: begun with one, 11 to 20 in the first two tenths of a second; begun with all, 33 to 49.
    return max(returning) <= 1.25 * usual + 2 and sum(returning[:2]) <= 0.8 * usual + 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_pool_goes_on_through_the_second_and_traffic_returns_without_a_spike(ledger: Ledger, kind: str) -> None:
    with openai_server("--latency", str(LATENCY_S)) as first, openai_server("--latency", str(LATENCY_S)) as second:
        emitted = went_through(ledger, 3500, (1.5, 3.0, kind), first, second)
        before, down, back = arrivals(first, 0.3, 1.4), arrivals(first, 3.2, 4.3), arrivals(first, 4.5, 60.0)
    by_endpoint = Counter(row.answer.endpoint for row in emitted)
    assert by_endpoint["server 1"] > 100, "the second one answered meanwhile"
    assert sum(down) <= 6, "only probes"
    assert sum(back) > 200, "traffic came back"
    assert returned_without_a_spike(before, back)


@pytest.mark.parametrize(
    "kind",
    ["hang", "503", pytest.param("refuse", marks=pytest.mark.slow), pytest.param("reset", marks=pytest.mark.slow)],
)
def test_a_pool_of_one_endpoint_waits_for_it_and_goes_on(ledger: Ledger, kind: str) -> None:
    with openai_server("--latency", str(LATENCY_S)) as server:
        went_through(ledger, 800, (1.0, 4.0, kind), server)
        before, back = arrivals(server, 0.0, 1.0), arrivals(server, 5.0, 60.0)
    assert sum(before) > 0
    assert returned_without_a_spike(before, back)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["refuse", "503"])  # the others for some seconds, above
def test_an_outage_of_a_minute_loses_nothing(ledger: Ledger, kind: str) -> None:
    with openai_server("--latency", str(LATENCY_S)) as first, openai_server("--latency", str(LATENCY_S)) as second:
        went_through(ledger, 30_000, (5.0, 60.0, kind), first, second, within_s=280)
        before, back = arrivals(first, 2.0, 4.9), arrivals(first, 65.0, 300.0)
    assert sum(back) > 1000
    assert returned_without_a_spike(before, back)


@pytest.mark.parametrize(
    ("kind", "patience_s", "within_s"),
    [("refuse", 120.0, 17.0), ("reset", 2.0, 6.0), ("hang", 2.0, 6.0), ("500", 2.0, 6.0), ("503", 2.0, 8.0)],
)
def test_a_pool_that_never_answers_is_one_error_that_says_so(
    ledger: Ledger, kind: str, patience_s: float, within_s: float
) -> None:
    with openai_server() as server:
        server.behave({"kind": "500"} if kind == "500" else {"outage": [0.05, 1000, kind]})
        time.sleep(0.1)
        endpoint, began = Watched(server.url, max_concurrency=8, timeout_s=1.0), time.monotonic()
        with pytest.raises(EndpointUnavailableError) as caught:
            ask(ledger, questions(100), endpoint, terms=Terms(patience_s=patience_s))
        assert time.monotonic() - began < within_s
    assert "no endpoint of pool 'default' answers (api: " in str(caught.value)
    assert "0 answers of this run are kept: run the same command again to go on" in str(caught.value)
    assert not [one for one in attempts(ledger) if one["outcome"] is None]


@pytest.mark.parametrize("model", [MODEL, None], ids=["named model", "model asked for"])
@pytest.mark.parametrize("rows", [1, 10])
def test_no_endpoint_that_can_be_reached_is_one_error(ledger: Ledger, model: str | None, rows: int) -> None:
    with pytest.raises(EndpointUnavailableError, match=r"no endpoint of pool|does not answer"):
        ask(ledger, questions(rows), Watched(closed_port(), model=model), terms=Terms(patience_s=1.0), within_s=10)


def test_a_killed_server_ends_a_batch_in_one_error_and_the_next_batch_goes_on(ledger: Ledger) -> None:
    asked, impatient = questions(60), Terms(patience_s=2.0)
    with openai_server("--latency", "0.01") as server:

        def kill_in_the_middle(progress: Progress) -> None:
            if progress.asked >= 20:
                server.process.kill()
                server.process.wait()

        with pytest.raises(EndpointUnavailableError, match=r"\d+ answers of this run are kept"):
            ask(ledger, asked, Watched(server.url), on_progress=kill_in_the_middle, terms=impatient)
    kept = ledger.answers(key(question) for question in asked)
    assert 20 <= len(kept) < 60
    with openai_server() as server:
        assert {row.answer.status for row in ask(ledger, asked, Watched(server.url))} == {"ok"}
        assert sent(server) == 60 - len(kept), "what was answered is not asked again"


def test_a_server_that_says_when_to_come_back_is_waited_for_longer_than_one_that_is_silent(ledger: Ledger) -> None:
    with openai_server() as server:
        server.behave({"kind": "429", "first": 1, "retry_after": "3"})
        (row,) = ask(ledger, questions(1), Watched(server.url), terms=Terms(patience_s=1.0))
    assert row.answer.status == "ok"


def test_rows_that_another_process_is_asking_are_waited_for_however_long_it_takes(
    ledger: Ledger, tmp_path: Path
) -> None:
    impatient = Terms(patience_s=0.5)

    async def both(url: str) -> list[list[RowAnswer]]:
        with Ledger(f"sqlite:///{tmp_path}/ledger.db") as other:
            first = asyncio.create_task(dispatcher(ledger, Watched(url), terms=impatient).answer(questions(2)))
            await asyncio.sleep(0.5)
            second = asyncio.create_task(dispatcher(other, Watched(url), terms=impatient).answer(questions(2)))
            return [await first, await second]

    with openai_server("--latency", "4") as server:
        first, second = asyncio.run(both(server.url))
        assert sent(server) == 2
    assert [row.answer for row in first] == [row.answer for row in second]
