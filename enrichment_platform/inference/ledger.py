"""The ledger: every attempt and every answer, durable before it counts, on SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger_schema import answers, attempts, metadata

KEYS_PER_QUERY = 500  # SQLite allows 32,766 variables a statement; small batches keep the plan an index lookup
GROUP_COMMIT = 500
BUSY_TIMEOUT_MS = 60_000


@dataclass(frozen=True)
class Answer:
    """What was answered to a request key, for good; tokens and cost are sums over its attempts."""

    request_key: str
    fingerprint: str
    enrichment: str
    status: str
    text: str
    finish_reason: str
    model: str
    endpoint: str
    attempts: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float
    latency_ms: float


@dataclass(frozen=True)
class Attempt:
    """A request that is about to be sent."""

    attempt_id: str
    request_key: str
    enrichment: str
    partition_key: str
    row_id: str
    endpoint: str
    cause: str


@dataclass(frozen=True)
class Settlement:
    """How an attempt ended: `ok`, or a failure; tokens are what the endpoint reported, else null."""

    attempt_id: str
    outcome: str
    detail: str | None = None
    finish_reason: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    latency_ms: float | None = None


_Write = Callable[[sa.Connection], None]


class Ledger:
    """Reads run on the caller's thread; writes are queued and committed in groups by one writer thread.

    A write's future resolves after its commit, so that whoever awaits it knows that it is durable.
    """

    def __init__(self, url: str) -> None:
        """Open the ledger and create its tables.

        Args:
            url: SQLAlchemy URL, `sqlite:///path` or `postgresql+pg8000://...`.

        Raises:
            EnrichmentError: not such a URL, or the database does not answer; the message holds no password.
        """
        self._engine = _engine(url)
        try:
            _create_tables(self._engine)
        except SQLAlchemyError as error:
            raise _cannot_open(self._engine.url, error) from None
        self._writes: queue.SimpleQueue[tuple[_Write, Future[None]] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_groups, name="ledger-writer", daemon=True)
        self._writer.start()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is queued and close."""
        self._writes.put(None)
        self._writer.join()
        self._engine.dispose()

    def answers(self, request_keys: Iterable[str]) -> dict[str, Answer]:
        """Stored answers by request key; keys without one are absent."""
        keys = list(dict.fromkeys(request_keys))
        columns = [answers.c[name] for name in Answer.__dataclass_fields__]
        found: dict[str, Answer] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(keys), KEYS_PER_QUERY):
                batch = keys[start : start + KEYS_PER_QUERY]
                for row in connection.execute(sa.select(*columns).where(answers.c.request_key.in_(batch))):
                    found[row.request_key] = Answer(**row._mapping)
        return found

    def attempts_of(self, request_key: str) -> list[dict[str, Any]]:
        """Every attempt of a request key, oldest first."""
        statement = sa.select(attempts).where(attempts.c.request_key == request_key).order_by(attempts.c.sent_at)
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(statement)]

    async def sent(self, attempt: Attempt) -> None:
        """Record that a request is about to be sent; returns when that is durable."""
        values = {**asdict(attempt), "sent_at": datetime.now(UTC)}
        await self._submit(lambda connection: connection.execute(attempts.insert(), _storable(attempts, values)))

    async def settled(self, settlement: Settlement, answer: Answer | None = None) -> None:
        """Record how an attempt ended, with the answer where it is final, in one transaction."""
        values = {**asdict(settlement), "settled_at": datetime.now(UTC)}
        attempt_id = values.pop("attempt_id")

        def write(connection: sa.Connection) -> None:
            connection.execute(
                attempts.update().where(attempts.c.attempt_id == attempt_id), _storable(attempts, values)
            )
            if answer is not None:
                _insert_answer(connection, answer)

        await self._submit(write)

    async def _submit(self, write: Callable[[sa.Connection], object]) -> None:
        done: Future[None] = Future()
        # A caller that is cancelled must not cancel the future under the writer thread, which sets its result.
        done.set_running_or_notify_cancel()
        self._writes.put((lambda connection: (write(connection), None)[1], done))
        await asyncio.wrap_future(done)

    def _write_groups(self) -> None:
        closing = False
        while not closing:
            group = [self._writes.get()]
            while len(group) < GROUP_COMMIT:
                try:
                    group.append(self._writes.get_nowait())
                except queue.Empty:
                    break
            closing = None in group
            writes = [item for item in group if item is not None]
            if writes:
                self._commit(writes)

    def _commit(self, writes: list[tuple[_Write, Future[None]]]) -> None:
        try:
            with self._engine.begin() as connection:
                for write, _ in writes:
                    write(connection)
        except SQLAlchemyError as error:
            # Its message may quote what was written, which holds answers.
            failure = EnrichmentError(
                f"the ledger could not be written ({type(error).__name__}, {type(error.__cause__).__name__}):"
                " see that its disk has room and its database answers, then run again; answers up to here are kept"
            )
            for _, done in writes:
                done.set_exception(failure)
        except BaseException as error:  # noqa: BLE001 - handed to every waiting caller, who raises it
            for _, done in writes:
                done.set_exception(error)
        else:
            for _, done in writes:
                done.set_result(None)


def _insert_answer(connection: sa.Connection, answer: Answer) -> None:
    values = {**asdict(answer), "answered_at": datetime.now(UTC)}
    # Two processes may have asked the same; the first stored answer stays, so that every reader sees one.
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(answers).on_conflict_do_nothing(index_elements=["request_key"])
    connection.execute(statement, _storable(answers, values))


def _storable(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    # PostgreSQL refuses NUL characters and text beyond a column's width; a server may answer both.
    return {name: _text(table, name, value) if isinstance(value, str) else value for name, value in values.items()}


def _text(table: sa.Table, name: str, value: str) -> str:
    return value.replace("\x00", "\ufffd")[: getattr(table.c[name].type, "length", None)]


def _cannot_open(url: sa.URL, error: Exception) -> EnrichmentError:
    shown = url.set(host=url.host.rpartition("@")[2] if url.host else None)  # a password with an @ in it spills over
    return EnrichmentError(
        f"the ledger at {shown.render_as_string(hide_password=True)} cannot be opened ({type(error).__name__});"
        " check ENRICHMENT_LEDGER"
    )


def _engine(url: str) -> sa.Engine:
    # `from None`: the errors of the parser may quote the URL, which may hold a password.
    try:
        parsed = sa.make_url(url)
    except (SQLAlchemyError, ValueError):
        raise EnrichmentError(
            "ENRICHMENT_LEDGER is not a SQLAlchemy URL; write sqlite:///path or postgresql://user:password@host/name"
        ) from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+pg8000")
    if parsed.drivername == "postgresql+pg8000":
        return sa.create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite") or parsed.database in (None, "", ":memory:"):
        raise EnrichmentError(
            f"ENRICHMENT_LEDGER is a {parsed.drivername} URL that cannot be used;"
            " write sqlite:///path or postgresql://user:password@host/name"
        )
    try:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_open(parsed, error) from None
    connect_args = {"timeout": BUSY_TIMEOUT_MS / 1000}
    engine = sa.create_engine(parsed, poolclass=NullPool, hide_parameters=True, connect_args=connect_args)

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # WAL + NORMAL may lose the last commits with the machine

    return engine


def _create_tables(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(721946301)"))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        metadata.create_all(connection)
