"""What ends a batch early: kill switch, deadline, stop signal, error. What was answered is kept, and it can go on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable

import pytest

from enrichment_platform.errors import DeadlineError, EnrichmentError, HaltedError, RunInterruptedError
from enrichment_platform.inference.interrupts import on_stop_signal
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.terms import Terms
from enrichment_platform_tests.inference.asking import (
    IMPATIENT,
    Watched,
    ask,
    attempts,
    key,
    ledger,
    questions,
    run,
    running,
    sent,
    server,
)
from enrichment_platform_tests.servers.openai_server import RunningServer

__all__ = ["ledger", "running", "server"]
pytestmark = pytest.mark.timeout(60)


def once(when: int, what: Callable[[], None]) -> Callable[[Progress], None]:
    """Do something when so many rows were asked."""
    waiting = [what]

    def look(progress: Progress) -> None:
        if progress.asked >= when and waiting:
            waiting.pop()()

    return look


def goes_on(server: RunningServer, ledger: Ledger, rows: int) -> None:
    """The next batch asks only what is left."""
    before = sent(server)
    kept = ledger.answers(key(question) for question in questions(rows))
    assert 0 < len(kept) < rows
    assert None not in {one["outcome"] for one in attempts(ledger)}, "all is settled"
    assert {row.answer.status for row in ask(ledger, questions(rows), Watched(server.url))} == {"ok"}
    assert sent(server) - before == rows - len(kept)
    assert server.stats()["prompts_answered_twice"] == 0
    assert ledger.deferrals() == []


def test_the_kill_switch_stops_a_run_in_its_middle(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"latency_s": 0.02})
    halt = once(20, lambda: ledger.halt("tickets", "wrong prompt"))
    with pytest.raises(HaltedError, match=r"tickets is halted \(wrong prompt\).*halted; \d+"):
        ask(ledger, questions(300), Watched(server.url), on_progress=halt)
    assert sent(server) < 60
    [deferred] = ledger.deferrals()
    assert deferred["rows"] == 300 - len(ledger.answers(key(question) for question in questions(300)))
    with pytest.raises(HaltedError):
        ask(ledger, questions(300), Watched(server.url))
    ledger.lift("tickets")
    goes_on(server, ledger, 300)


def test_the_deadline_stops_a_run_in_its_middle(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"latency_s": 0.05})
    began = time.monotonic()
    with pytest.raises(DeadlineError, match=r"deadline_minutes: 0.01 minutes have passed; \d+ answers of this run"):
        ask(ledger, questions(300), Watched(server.url), terms=Terms(rules=IMPATIENT, deadline_s=0.6))
    assert 0.6 <= time.monotonic() - began < 5
    [deferred] = ledger.deferrals()
    assert "deadline_minutes" in deferred["reason"]
    goes_on(server, ledger, 300)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_waits_for_what_is_in_flight_and_keeps_it(
    server: RunningServer, ledger: Ledger, number: signal.Signals
) -> None:
    server.behave({"latency_s": 0.2})
    stop = once(4, lambda: os.kill(os.getpid(), number))
    with pytest.raises(RunInterruptedError, match=r"interrupted; \d+ answers of this run are kept"):
        ask(ledger, questions(100), Watched(server.url), on_progress=stop)
    outcomes = [one["outcome"] for one in attempts(ledger)]
    assert set(outcomes) <= {"ok", "not_sent"}
    assert outcomes.count("ok") == sent(server) == server.stats()["answered"] < 20
    server.behave({"latency_s": 0.0})
    goes_on(server, ledger, 100)


def test_a_second_stop_signal_does_not_wait_and_what_was_in_flight_counts_as_spent(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"latency_s": 0.0}, {"kind": "ok", "first": 8}, {"kind": "hang"})

    def twice() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), signal.SIGTERM)

    began = time.monotonic()
    with pytest.raises(RunInterruptedError):
        ask(ledger, questions(100), Watched(server.url, timeout_s=30.0), on_progress=once(8, twice))
    assert time.monotonic() - began < 5
    outcomes = {one["outcome"] for one in attempts(ledger)}
    assert "cancelled" in outcomes
    assert outcomes <= {"ok", "not_sent", "cancelled"}
    server.behave()
    assert {row.answer.status for row in ask(ledger, questions(100), Watched(server.url))} == {"ok"}


def test_a_stop_signal_ends_the_wait_before_a_retry(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "429", "retry_after": "600"})
    began = time.monotonic()
    stops = [lambda: os.kill(os.getpid(), signal.SIGTERM)]

    def stop(progress: Progress) -> None:
        if progress.waiting and stops:
            stops.pop()()

    with pytest.raises(RunInterruptedError):
        ask(ledger, questions(2), Watched(server.url), on_progress=stop)
    assert time.monotonic() - began < 5


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("where", ["emit", "questions", "on_progress"])
def test_an_error_of_the_caller_ends_the_run_when_what_is_in_flight_has_ended(
    server: RunningServer, ledger: Ledger, where: str
) -> None:
    server.behave({"latency_s": 0.05})
    count = [0]

    def fail(_: object = None) -> None:
        count[0] += 1
        if count[0] > 20:
            raise BrokenError

    def asked():  # type: ignore[no-untyped-def]
        for question in questions(500):
            if where == "questions":
                fail()
            yield question

    emitted: list[RowAnswer] = []
    emit = fail if where == "emit" else emitted.append
    settings = {"on_progress": fail} if where == "on_progress" else {}
    with pytest.raises((BrokenError, EnrichmentError)) as caught:
        run(ledger, asked(), emit, Watched(server.url), **settings)
    assert isinstance(caught.value, BrokenError) or isinstance(caught.value.__cause__, BrokenError)
    assert None not in {one["outcome"] for one in attempts(ledger)}
    assert len(ledger.answers(key(question) for question in questions(500))) == server.stats()["answered"]
    server.behave({"latency_s": 0.0})
    assert {row.answer.status for row in ask(ledger, questions(500), Watched(server.url))} == {"ok"}
    assert server.stats()["prompts_answered_twice"] == 0


def test_a_user_error_of_the_source_is_raised_as_it_is(server: RunningServer, ledger: Ledger) -> None:
    def asked():  # type: ignore[no-untyped-def]
        yield from questions(5)
        raise EnrichmentError("the source is gone")

    with pytest.raises(EnrichmentError, match=r"^the source is gone$"):
        run(ledger, asked(), lambda _: None, Watched(server.url))


def test_an_endpoint_that_cannot_be_closed_leaves_the_others_closed_and_the_answers_whole(
    server: RunningServer, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    closed = []

    class Stuck(Watched):
        async def close(self) -> None:
            await super().close()
            closed.append(self.name)
            if self.name == "first":
                raise OSError("the row's text")

    answers = ask(ledger, questions(3), Stuck(server.url, "first"), Stuck(server.url, "second"))
    assert {one.answer.status for one in answers} == {"ok"}
    assert sorted(closed) == ["first", "second"]
    assert "'first' could not be closed (OSError)" in caplog.text
    assert "the row's text" not in caplog.text


def test_a_signal_handler_that_python_does_not_know_is_not_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stop_signals() -> None:
        with on_stop_signal(lambda: None):
            pass

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(signal, "getsignal", lambda number: None if number == signal.SIGTERM else signal.SIG_DFL)
    try:
        asyncio.run(stop_signals())
    finally:
        monkeypatch.undo()
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_cancelled_run_leaves_no_request_behind(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "hang"})
    with pytest.raises(TimeoutError):
        ask(ledger, questions(20), Watched(server.url), within_s=0.5)
    assert {one["outcome"] for one in attempts(ledger)} <= {"cancelled", "not_sent"}
