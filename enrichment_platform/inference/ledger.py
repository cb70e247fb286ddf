"""The ledger: every attempt and every answer, durable before it counts, on SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import queue
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger_engine import cannot_open, create_tables, ledger_engine, transaction
from enrichment_platform.inference.ledger_leases import Leases
from enrichment_platform.inference.ledger_schema import answers, attempts, deferrals, halts, spend
from enrichment_platform.inference.ledger_writes import Admit, Settle, Work, write_group
from enrichment_platform.inference.records import Admission, Answer, Attempt, Cap, RateLimit, Settlement

KEYS_PER_QUERY = 500  # SQLite allows 32,766 variables a statement; small batches keep the plan an index lookup
GROUP_COMMIT = 1000  # attempts and settlements in one transaction
CONFLICT_RETRIES = 5
_ANSWER_COLUMNS = [answers.c[name] for name in Answer.__slots__]


@dataclass(frozen=True, slots=True)
class Spending:
    """Counter of a scope: settled spending and open reservations together."""

    tokens: int = 0
    nano_usd: int = 0
    requests: int = 0


@dataclass(slots=True)
class _Queued:
    work: Work
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Ledger:
    """Reads run on the caller's thread; writes are queued and committed in groups by one writer thread.

    Whoever awaits a write knows afterwards that it is durable. A group costs one commit, however many rows write to it.
    """

    def __init__(self, url: str, *, lease_s: float = 30.0) -> None:
        """Open the ledger and create its tables.

        Args:
            url: SQLAlchemy URL, `sqlite:///path` or `postgresql+pg8000://...`.
            lease_s: After this many seconds without a sign of life the attempts of a process count as lost.

        Raises:
            EnrichmentError: not such a URL, or the database does not answer; the message holds no password.
        """
        self._engine = ledger_engine(url)
        try:
            create_tables(self._engine)
            self.holder = uuid.uuid4().hex
            self._leases = Leases(self._engine, self.holder, lease_s)
        except SQLAlchemyError as error:
            raise cannot_open(self._engine.url, error) from None
        self._writes: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._closed = False
        self._writer = threading.Thread(target=self._write_groups, name="ledger-writer", daemon=True)
        self._writer.start()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is queued, give up the leases, and close."""
        if self._closed:
            return
        self._closed = True
        self._writes.put(None)
        self._writer.join()
        self._leases.release()
        self._engine.dispose()

    # --- what is asked and answered -------------------------------------------------------------------------------

    def answers(self, request_keys: Iterable[str]) -> dict[str, Answer]:
        """Stored answers by request key; keys without one are absent."""
        keys = list(dict.fromkeys(request_keys))
        found: dict[str, Answer] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(keys), KEYS_PER_QUERY):
                batch = keys[start : start + KEYS_PER_QUERY]
                statement = sa.select(*_ANSWER_COLUMNS).where(answers.c.request_key.in_(batch))
                for row in connection.execute(statement):
                    found[row[0]] = Answer(*row)
        return found

    async def admit(
        self, wanted: Sequence[Attempt], caps: Sequence[Cap] = (), rate: RateLimit | None = None
    ) -> list[Admission]:
        """Ask leave to send attempts; those admitted are recorded, leased and reserved when this returns.

        Args:
            wanted: The attempts, in order of preference.
            caps: Scopes that each of them counts in.
            rate: Rate limit of the endpoint.
        """
        result: list[Admission] = await self._submit(Admit(tuple(wanted), tuple(caps), rate))
        return result

    async def settle(
        self,
        settlement: Settlement,
        answer: Answer | None = None,
        caps: Sequence[Cap] = (),
        rate: RateLimit | None = None,
    ) -> None:
        """Record how an attempt ended, with the answer where it is final, in one transaction.

        `caps` and `rate` are those that the attempt was admitted with.
        """
        await self._submit(Settle(settlement, answer, tuple(caps), rate))

    def forget(self, request_keys: Sequence[str]) -> int:
        """Remove stored answers, so that their rows are asked again; their attempts stay. Returns how many went."""
        removed = 0
        with transaction(self._engine) as connection:
            for start in range(0, len(request_keys), KEYS_PER_QUERY):
                batch = list(request_keys[start : start + KEYS_PER_QUERY])
                removed += connection.execute(answers.delete().where(answers.c.request_key.in_(batch))).rowcount
        return removed

    # --- history --------------------------------------------------------------------------------------------------

    def attempts_of(self, enrichment: str, partition_key: str, row_id: str | None = None) -> list[dict[str, Any]]:
        """Attempts of a partition, or of one row of it, that are not archived yet; oldest first."""
        return [attempt for batch in self.attempt_batches(enrichment, partition_key, row_id) for attempt in batch]

    def attempt_batches(
        self, enrichment: str, partition_key: str, row_id: str | None = None, size: int = 10_000
    ) -> Iterator[list[dict[str, Any]]]:
        """The same in batches of at most `size`, for partitions that do not fit into memory."""
        chosen = (attempts.c.enrichment == enrichment) & (attempts.c.partition_key == partition_key)
        if row_id is not None:
            chosen &= attempts.c.row_id == row_id
        last = ""
        while True:
            page = sa.select(attempts).where(chosen & (attempts.c.attempt_id > last)).order_by(attempts.c.attempt_id)
            with self._engine.connect() as connection:
                batch = [dict(row._mapping) for row in connection.execute(page.limit(size))]
            if not batch:
                return
            yield batch
            last = batch[-1]["attempt_id"]

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """A transaction on the ledger's database, for the archive."""
        return transaction(self._engine)

    # --- spending, halts, deferrals -------------------------------------------------------------------------------

    def spending(self, scopes: Iterable[str]) -> dict[str, Spending]:
        """Counters of scopes; zero for those that nothing was spent in."""
        wanted = list(scopes)
        columns = (spend.c.scope, spend.c.tokens, spend.c.nano_usd, spend.c.requests)
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(*columns).where(spend.c.scope.in_(wanted))).all()
        return dict.fromkeys(wanted, Spending()) | {row[0]: Spending(*row[1:]) for row in rows}

    def halt(self, scope: str, reason: str) -> None:
        """Stop sending for an enrichment, or for all (`*`), in every process."""
        values = {"scope": scope, "reason": reason, "halted_at": datetime.now(UTC)}
        with transaction(self._engine) as connection:
            connection.execute(halts.delete().where(halts.c.scope == scope))
            connection.execute(halts.insert(), values)

    def lift(self, scope: str) -> bool:
        """Lift a halt; False when there was none."""
        with transaction(self._engine) as connection:
            return connection.execute(halts.delete().where(halts.c.scope == scope)).rowcount > 0

    def halts(self) -> list[dict[str, Any]]:
        """Halts in force: scope, reason, halted_at."""
        return self._all(sa.select(halts).order_by(halts.c.scope))

    def defer(self, enrichment: str, partition_key: str, rows: int, reason: str) -> None:
        """Note how many rows of a partition the last run left unasked; 0 removes the note."""
        where = (deferrals.c.enrichment == enrichment) & (deferrals.c.partition_key == partition_key)
        with transaction(self._engine) as connection:
            connection.execute(deferrals.delete().where(where))
            if rows:
                values = {"enrichment": enrichment, "partition_key": partition_key, "rows": rows, "reason": reason}
                connection.execute(deferrals.insert(), {**values, "deferred_at": datetime.now(UTC)})

    def deferrals(self) -> list[dict[str, Any]]:
        """Partitions with rows that were left unasked: enrichment, partition_key, rows, reason, deferred_at."""
        return self._all(sa.select(deferrals).order_by(deferrals.c.enrichment, deferrals.c.partition_key))

    def _all(self, statement: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(statement)]

    # --- the writer thread ----------------------------------------------------------------------------------------

    async def _submit(self, work: Work) -> Any:
        if self._closed:
            raise EnrichmentError("the ledger is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._writes.put(_Queued(work, loop, future))
        return await future

    def _write_groups(self) -> None:
        closing = False
        while not closing:
            try:
                group: list[_Queued | None] = [self._writes.get(timeout=self._leases.renewal_due_in())]
            except queue.Empty:
                group = []
            size = 0
            while group and size < GROUP_COMMIT:
                try:
                    group.append(self._writes.get_nowait())
                except queue.Empty:
                    break
                size += len(group[-1].work) if group[-1] else 0
            closing = None in group
            writes = [item for item in group if item is not None]
            if writes or self._leases.renewal_due_in() <= 0:
                self._commit(writes)

    def _commit(self, group: list[_Queued]) -> None:
        """Write a group in one transaction; where it fails, each write in one of its own, so that only it fails."""
        try:
            results: list[Any] = self._transaction([item.work for item in group])
        except BaseException as error:  # noqa: BLE001 - handed to every waiting caller, who raises it
            if len(group) > 1:
                for item in group:
                    self._commit([item])
                return
            results = [_told(error)] * len(group)
        _resolve(group, results)

    def _transaction(self, works: Sequence[Work]) -> list[Any]:
        for attempt in range(CONFLICT_RETRIES):
            try:
                with transaction(self._engine) as connection:
                    self._leases.renew(connection)
                    return write_group(connection, works, self._leases)
            except SQLAlchemyError as error:
                if attempt == CONFLICT_RETRIES - 1 or not _is_deadlock(error):
                    raise
        raise AssertionError("unreachable")


def _is_deadlock(error: SQLAlchemyError) -> bool:
    """Whether PostgreSQL ended the transaction because two of them waited for each other."""
    cause = getattr(error, "orig", None)
    return isinstance(error, OperationalError | SQLAlchemyError) and "40P01" in str(getattr(cause, "args", ""))


def _told(error: BaseException) -> BaseException:
    if not isinstance(error, SQLAlchemyError):
        return error
    # Its message may quote what was written, which holds answers.
    return EnrichmentError(
        f"the ledger could not be written ({type(error).__name__}, {type(error.__cause__).__name__}):"
        " see that its disk has room and its database answers, then run again; answers up to here are kept"
    )


def _resolve(group: list[_Queued], results: list[Any]) -> None:
    """Hand the results to the waiting callers: one wake-up a loop, since each costs a system call."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for item, result in zip(group, results, strict=True):
        by_loop.setdefault(item.loop, []).append((item.future, result))
    for loop, pairs in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_set_results, pairs)


def _set_results(pairs: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in pairs:
        if future.done():  # its caller was cancelled; the write is durable all the same
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
