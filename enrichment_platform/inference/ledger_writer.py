"""The ledger's writer: one thread that commits what callers hand in, in groups, and tells each what became of it."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger_counters import CounterRows
from enrichment_platform.inference.ledger_engine import (
    DATABASE_ERRORS,
    begun,
    cannot_use,
    concerns_all,
    persistently,
)
from enrichment_platform.inference.ledger_leases import Leases
from enrichment_platform.inference.ledger_writes import Admit, Settle, Work, counted, write_group
from enrichment_platform.inference.records import Settlement, Verdict

# A commit costs about a millisecond whatever is in it: waiting for two more took a third off the CPU of a row at 1,200
# rows/s, and nobody waits for it: rows are admitted ahead of the slots, and a slot is free before its row is settled.
GATHER_S = 0.002
GROUP_COMMIT = 1000  # attempts and settlements in one transaction


@dataclass(slots=True)
class _Queued:
    work: Work
    loop: asyncio.AbstractEventLoop | None = None  # None: nobody waits
    future: asyncio.Future[Any] | None = None

    def withdrawn(self) -> bool:
        """Whether nobody waits any more to send what is asked for here."""
        return isinstance(self.work, Admit) and self.future is not None and self.future.cancelled()


class GroupWriter:
    """Takes writes from any event loop of this process; a group costs one commit, however many rows write to it."""

    def __init__(self, engine: sa.Engine, leases: Leases) -> None:
        self._engine = engine
        self._leases = leases
        self._counter_rows = CounterRows(engine)
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._gate = threading.Lock()  # nothing is handed in behind the last write
        self._connection: sa.Connection | None = None  # of the thread
        self._closed = False
        self._pid = os.getpid()
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    async def write(self, work: Work) -> Any:
        """Hand in a write; when this returns, it is durable.

        Raises:
            EnrichmentError: the ledger is closed, or the database does not take it; the message holds no values.
        """
        self.check_open()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._put(_Queued(work, loop, future))
        return await future

    def check_open(self) -> None:
        """Raise where nothing can be written any more."""
        if self.forked():
            raise EnrichmentError("the ledger was opened by another process, from which this one was forked; open it")
        if self._broken is not None:
            raise RuntimeError("the ledger's writer has failed") from self._broken
        if self._closed:
            raise EnrichmentError("the ledger is closed")

    def forked(self) -> bool:
        """Whether this is a child of the process that opened the ledger; its connections and leases are not ours."""
        return self._pid != os.getpid()

    def close(self) -> None:
        """Commit what is queued, and end the thread."""
        with self._gate:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _put(self, item: _Queued) -> None:
        with self._gate:
            self.check_open()
            self._queue.put(item)

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        group: list[_Queued] = []
        try:
            closing = False
            while not closing:
                group, closing = self._next_group()
                if group or self._leases.renewal_due_in() <= 0:
                    self._commit(group)
        except BaseException as error:  # noqa: BLE001 - a bug of ours: whoever waits, now or later, gets to see it
            with self._gate:
                self._broken = error
            while not self._queue.empty():
                group += [item for item in [self._queue.get_nowait()] if item is not None]
            self._tell(group, [error] * len(group))
        finally:
            self._disconnect()

    def _next_group(self) -> tuple[list[_Queued], bool]:
        group: list[_Queued] = []
        size = 0
        try:
            item = self._queue.get(timeout=self._leases.renewal_due_in())
            if item is not None:
                time.sleep(GATHER_S)
            while item is not None:
                group.append(item)
                size += len(item.work)
                if size >= GROUP_COMMIT:
                    return group, False
                item = self._queue.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _commit(self, group: list[_Queued]) -> None:
        """Write a group in one transaction; where it fails, halves of it, so that in the end only the culprit fails."""
        group = [item for item in group if not item.withdrawn()]
        results: Sequence[Any]
        try:
            results = self._write([item.work for item in group])
        except BaseException as error:  # noqa: BLE001 - handed to the callers, who raise it
            if len(group) > 1 and not concerns_all(error):
                half = len(group) // 2
                self._commit(group[:half])
                self._commit(group[half:])
                return
            results = [self._told(error) for _ in group]
            self._leases.renewed()  # where that failed, it is tried again in a while, not at once
        self._tell(group, results)

    def _write(self, works: Sequence[Work]) -> list[Any]:
        return persistently(lambda: self._write_once(works), give_up=lambda: self._closed)

    def _write_once(self, works: Sequence[Work]) -> list[Any]:
        renewing = self._leases.renewal_due_in() <= 0
        try:
            self._counter_rows.create(*counted(works))
            with begun(self._connected()) as connection:
                if renewing:
                    self._leases.renew(connection)
                results = write_group(connection, works, self._leases) if works else []
                if len(results) != len(works):
                    raise AssertionError("each write has one result")
        except DATABASE_ERRORS:
            self._disconnect()
            raise
        if renewing:
            self._leases.renewed()
        return results

    def _connected(self) -> sa.Connection:
        # Kept, as it would be tried at each checkout otherwise: three messages to PostgreSQL a group.
        self._connection = self._connection or self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(*DATABASE_ERRORS):
                self._connection.close()
            self._connection = None

    def _told(self, error: BaseException) -> BaseException:
        return cannot_use(self._engine.url, error) if isinstance(error, DATABASE_ERRORS) else error

    def _tell(self, group: Sequence[_Queued], results: Sequence[Any]) -> None:
        """Hand the results to the waiting callers: one wake-up a loop, since each costs a system call."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Queued, Any]]] = {}
        for item, result in zip(group, results, strict=True):
            if item.loop is not None:
                by_loop.setdefault(item.loop, []).append((item, result))
        for loop, pairs in by_loop.items():
            try:
                loop.call_soon_threadsafe(self._resolve, pairs)
            except RuntimeError:  # the loop is closed: nobody waits
                for item, result in pairs:
                    self._give_back(item, result)

    def _resolve(self, pairs: list[tuple[_Queued, Any]]) -> None:
        for item, result in pairs:
            if item.future is None:
                continue
            if item.future.done():  # its caller was cancelled; the write is durable all the same
                self._give_back(item, result)
            elif isinstance(result, BaseException):
                item.future.set_exception(result)
            else:
                item.future.set_result(result)

    def _give_back(self, item: _Queued, admissions: Any) -> None:
        """Settle what was admitted for a caller who is gone: it will not be sent, and must not count as spent."""
        if not isinstance(item.work, Admit) or not isinstance(admissions, list):
            return
        for attempt, admission in zip(item.work.wanted, admissions, strict=True):
            if admission.verdict is Verdict.ADMITTED:
                settlement = Settlement(attempt, "not_sent", billed=False, detail="its caller was cancelled")
                with self._gate:
                    if self._closed or self._broken is not None:
                        return
                    self._queue.put(_Queued(Settle(settlement, None, item.work.caps, item.work.rate)))
