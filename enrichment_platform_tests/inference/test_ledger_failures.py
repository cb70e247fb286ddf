"""The ledger when things go wrong: one clear error for whoever waits, nobody hangs, no secret is told."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference import ledger_engine, ledger_writer, ledger_writes
from enrichment_platform.inference.ledger import Ledger, Spending
from enrichment_platform.inference.ledger_writes import Admit, Work
from enrichment_platform.inference.records import Cap
from enrichment_platform_tests.servers.ledgers import (
    answer,
    ask,
    attempt,
    attempts_of,
    empty,
    execute,
    ledger,
    run,
    settlement,
    url,
)

__all__ = ["ledger", "url"]
PASSWORD = "s3cret-password"
CAPS = (Cap("run:1", "budget.run"),)


def test_a_write_that_fails_is_raised_to_its_caller_and_the_others_go_on(ledger: Ledger) -> None:
    secret = "what the customer wrote"

    async def work() -> list[Any]:
        sent = attempt("wrong")
        await ledger.admit([sent])
        bad = replace(answer("wrong", secret), status=None)  # type: ignore[arg-type]
        others = [ask(ledger, f"key-{number}", caps=CAPS, tokens=100) for number in range(50)]
        return await asyncio.gather(*others, ledger.settle(settlement(sent), bad), return_exceptions=True)

    *others, failed = run(work())
    assert [admission.verdict for admission in others] == ["admitted"] * 50
    assert isinstance(failed, EnrichmentError)
    assert "could not be read or written" in str(failed)
    assert secret not in "".join(traceback.format_exception(failed))
    assert len(ledger.answers([f"key-{number}" for number in range(50)])) == 50
    assert ledger.answers(["wrong"]) == {}
    assert ledger.spending(["run:1"])["run:1"] == Spending(50 * 15, 50 * 250_000_000, 50)


def test_a_bug_in_the_writes_surfaces_at_its_caller(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ledger_writes.write_group

    def buggy(connection: sa.Connection, works: Sequence[Work], leases: Any) -> list[Any]:
        if any(isinstance(one, Admit) and one.wanted[0].request_key == "bug" for one in works):
            raise ZeroDivisionError
        return real(connection, works, leases)

    async def work() -> list[Any]:
        asked = [ask(ledger, key) for key in ("key-0", "bug", "key-1")]
        return await asyncio.gather(*asked, return_exceptions=True)

    monkeypatch.setattr(ledger_writer, "write_group", buggy)
    first, bug, second = run(work())
    assert isinstance(bug, ZeroDivisionError)
    assert [first.verdict, second.verdict] == ["admitted", "admitted"]
    monkeypatch.setattr(ledger_writer, "write_group", lambda *_: [])
    with pytest.raises(AssertionError):
        run(ask(ledger, "key-2"))
    monkeypatch.setattr(ledger_writer, "write_group", real)
    assert run(ask(ledger, "key-2")).verdict == "admitted"


def test_a_bug_in_the_writer_itself_is_raised_to_all_who_wait_and_all_who_come(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(url)

    async def work() -> list[Any]:
        return await asyncio.gather(*(ask(ledger, f"key-{n}") for n in range(5)), return_exceptions=True)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ledger._writer, "_commit", broken)
    assert all(isinstance(error, ZeroDivisionError | RuntimeError) for error in run(work()))
    with pytest.raises(RuntimeError, match="writer has failed"):
        run(ask(ledger, "key-9"))
    ledger.close()


def test_a_loop_that_is_closed_before_its_answer_comes_stops_nobody_else(ledger: Ledger, url: str) -> None:
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with Ledger(url) as other, other.transaction() as connection:
            connection.execute(sa.text("UPDATE spend SET tokens = tokens"))
            locked.set()
            done.wait(30)

    run(ask(ledger, "key-0", caps=CAPS))
    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(30)
    loop = asyncio.new_event_loop()
    task = loop.create_task(ledger.admit([attempt("key-1", tokens=100)], CAPS))
    loop.run_until_complete(asyncio.sleep(0.2))
    loop.close()
    done.set()
    holder.join()
    admission = run(ask(ledger, "key-2", caps=CAPS))
    assert admission.verdict == "admitted"
    assert not task.done()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    # What was admitted for a loop that is gone is given back.
    run(asyncio.sleep(0.2))
    assert run(ask(ledger, "key-1", caps=CAPS)).verdict == "admitted"
    assert ledger.spending(["run:1"])["run:1"].tokens == 3 * 15


def test_a_database_that_is_locked_for_too_long_is_one_error_for_all_who_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_engine, "BUSY_TIMEOUT_MS", 300)

    async def work(ledger: Ledger) -> list[Any]:
        return await asyncio.gather(*(ask(ledger, f"key-{n}") for n in range(40)), return_exceptions=True)

    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        errors = run(work(ledger))
        assert time.monotonic() - began < 5
        assert all(isinstance(error, EnrichmentError) for error in errors)
        assert ledger.answers(["key-0"]) == {}, "readers do not wait"
        other.execute("COMMIT")
        other.close()
        assert run(ask(ledger, "key-0")).verdict == "admitted"


@pytest.mark.slow
def test_sessions_that_the_server_ends_are_opened_again_and_nothing_counts_twice(postgres_url: str) -> None:

    empty(postgres_url)
    end = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = user"
    )

    async def work(ledger: Ledger) -> None:
        async def worker(name: int) -> None:
            for number in range(100):
                admission = await ask(ledger, f"{name}-{number}", caps=CAPS, tokens=100)
                assert admission.verdict == "admitted"
                if number % 10 == 0:
                    assert await asyncio.to_thread(ledger.answers, [f"{name}-{number}"])

        workers = asyncio.gather(*(worker(name) for name in range(20)))
        ended = 0
        while not workers.done():
            await asyncio.sleep(0.1)
            [(sessions,)] = await asyncio.to_thread(execute, postgres_url, end)
            ended += sessions
        await workers
        assert ended >= 1

    with Ledger(postgres_url) as ledger:
        run(work(ledger))
        assert ledger.spending(["run:1"])["run:1"] == Spending(2_000 * 15, 2_000 * 250_000_000, 2_000)
        assert len(attempts_of(ledger, "tickets", "2026-01-01")) == 2_000


def test_a_server_that_is_gone_for_good_is_one_error_without_the_password(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_engine, "RECONNECT_S", 1.0)
    relay = Relay(sa.make_url(postgres_url).port or 0)
    through = sa.make_url(postgres_url).set(port=relay.port).render_as_string(hide_password=False)

    async def work(ledger: Ledger) -> list[Any]:
        return await asyncio.gather(*(ask(ledger, f"gone-{n}") for n in range(40)), return_exceptions=True)

    ledger = Ledger(through)
    relay.close()
    errors = run(work(ledger))
    assert all(isinstance(error, EnrichmentError) for error in errors)
    assert str(sa.make_url(postgres_url).password) not in "".join(traceback.format_exception(errors[0]))
    with pytest.raises(EnrichmentError, match="could not be read or written"):
        ledger.answers(["key-0"])
    ledger.close()


class Relay:
    """A port in front of a server, which can be shut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
        except OSError:
            return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            one.shutdown(socket.SHUT_RDWR)
            one.close()
