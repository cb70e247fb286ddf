"""The ledger's database: opening SQLite or PostgreSQL, creating its tables, saying what is wrong with it."""

from __future__ import annotations

import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger_schema import LEDGER_VERSION, answers, attempts, ledger_version, metadata
from enrichment_platform.inference.ledger_tls import tls_arguments

# pg8000 lets the system's own errors of a connection through, and SQLAlchemy with it.
DATABASE_ERRORS = (SQLAlchemyError, ConnectionError, TimeoutError)
BUSY_TIMEOUT_MS = 60_000
SOCKET_TIMEOUT_S = 120  # of connecting, and of every statement
RECONNECT_S = 60.0  # how long a PostgreSQL server may be away (a restart, a failover) before calls fail
_RECONNECT_WAITS_S = (0.1, 0.2, 0.5, 1.0, 2.0)
CONFLICT_RETRIES = 5
# A process that is stopped, or cut off, in the middle of a transaction would lock the counters of all the others.
IDLE_IN_TRANSACTION_MS = 20_000
_LOCK_POLL_S = (0.0005, 0.004)
_PAGE_CACHE_KIB = 1_024  # a connection; 4 MiB were no faster at 1,000,000 rows, and 10 MB more of peak memory
_WAL_KEPT_BYTES = 64 * 1024 * 1024  # a log that grew behind a long reader is cut to this at the next checkpoint
_POOL = "ledger"
_TABLES_LOCK = 721_946_301  # any number, the same in every process

T = TypeVar("T")


def ledger_engine(url: str) -> sa.Engine:
    """An engine for a SQLAlchemy URL.

    Raises:
        EnrichmentError: not a URL of SQLite or PostgreSQL; the message holds no password.
    """
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
        return _postgresql(parsed)
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite") or parsed.database in (None, "", ":memory:"):
        raise EnrichmentError(
            f"ENRICHMENT_LEDGER is a {parsed.drivername} URL that cannot be used;"
            " write sqlite:///path or postgresql://user:password@host/name"
        )
    try:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_open(parsed, error) from None
    return _sqlite(parsed)


def _postgresql(url: sa.URL) -> sa.Engine:
    url, tls = tls_arguments(url)
    # The pool logs the traceback of each connection that it cannot close properly; the caller is told anyway.
    logging.getLogger(f"sqlalchemy.pool.impl.QueuePool.{_POOL}").setLevel(logging.CRITICAL)
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_logging_name=_POOL,
        hide_parameters=True,
        # Whatever the server's default is: a group looks again at what others committed while it waited for a lock.
        isolation_level="READ COMMITTED",
        connect_args={"timeout": SOCKET_TIMEOUT_S, **tls},
    )

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}")
        cursor.close()
        connection.commit()

    return engine


def _sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        hide_parameters=True,
        # The writer thread and the readers each keep a connection; one connection is never used by two at once.
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False, "isolation_level": None},
    )

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # WAL + NORMAL may lose the last commits with the machine
        connection.execute(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
        connection.execute("PRAGMA wal_autocheckpoint = 8000")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")

    return engine


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes; on SQLite it waits for the other writers before it reads anything."""
    with engine.connect() as connection, begun(connection):
        yield connection


@contextmanager
def begun(connection: sa.Connection) -> Iterator[sa.Connection]:
    """Likewise, on a connection that is kept."""
    with connection.begin():
        if connection.dialect.name == "sqlite":
            _begin(connection)
        yield connection


def _begin(connection: sa.Connection) -> None:
    """Begin as a writer: who reads first cannot become one once another one has written.

    SQLite's own waiting looks every 100 ms after the first 0.2 s; a process that has just committed always comes first
    then (measured with 8 busy processes: waits of 2 s, one had three times the turns of another).
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(*_LOCK_POLL_S))  # noqa: S311 - spreads waits
            else:
                return
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def create_tables(engine: sa.Engine) -> None:
    """Create the tables that are missing; processes that start together do it one after the other.

    Raises:
        EnrichmentError: the tables are those of another version of the platform.
    """
    with transaction(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_TABLES_LOCK})"))
        existing = set(sa.inspect(connection).get_table_names())
        version = connection.execute(sa.select(ledger_version)).scalar() if ledger_version.name in existing else None
        if version != LEDGER_VERSION and (version is not None or existing & {answers.name, attempts.name}):
            raise _other_version(engine.url, version)
        metadata.create_all(connection)
        if version is None:
            connection.execute(ledger_version.insert(), {"version": LEDGER_VERSION})


def now_s(connection: sa.Connection) -> sa.ColumnElement[float]:
    """Seconds since 1970 by the database's clock: pods share it, whatever theirs say."""
    if connection.dialect.name == "postgresql":
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float)
    return sa.literal(time.time(), sa.Float)


def among(database: sa.Connection | sa.Engine, column: sa.Column[Any], keys: Iterable[str]) -> sa.TextClause:
    """Whether a column is one of many keys, as one parameter: the statement is the same for any number of them."""
    if database.dialect.name == "postgresql":
        test = "= ANY (ARRAY (SELECT json_array_elements_text(CAST(:keys AS json))))"
    else:
        test = "IN (SELECT value FROM json_each(:keys))"
    return sa.text(f"{column.table.name}.{column.name} {test}").bindparams(keys=orjson.dumps(list(keys)).decode())


@contextmanager
def explained(engine: sa.Engine) -> Iterator[None]:
    """Turn errors of the database into one message, without values: SQLAlchemy's may quote what was written."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise cannot_use(engine.url, error) from None


def persistently(once: Callable[[], T], give_up: Callable[[], bool] = lambda: False) -> T:
    """The result of a transaction, done again where PostgreSQL was away for a while or two of them were in conflict.

    Args:
        once: Makes the whole transaction; done twice it must change no more than once.
        give_up: Whether not to wait for the server any more.
    """
    began, failures = time.monotonic(), 0
    while True:
        try:
            return once()
        except DATABASE_ERRORS as error:
            failures += 1
            if is_lost(error) and time.monotonic() - began < RECONNECT_S and not give_up():
                time.sleep(_RECONNECT_WAITS_S[min(failures, len(_RECONNECT_WAITS_S)) - 1])
            elif not is_conflict(error) or failures > CONFLICT_RETRIES:
                raise


def is_lost(error: BaseException) -> bool:
    """Whether PostgreSQL cannot be reached, or ended the connection: the same may succeed a little later."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, DATABASE_ERRORS[1:])
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    # 08: connection errors; 57P: shutting down, starting up; 25P03: it was idle in a transaction for too long.
    return sqlstate(error).startswith(("08", "57P", "25P03"))


def is_conflict(error: BaseException) -> bool:
    """Whether PostgreSQL ended the transaction because it and another one waited for each other."""
    return isinstance(error, DBAPIError) and sqlstate(error) in ("40P01", "40001")


def concerns_all(error: BaseException) -> bool:
    """Whether no other write would fare better: the database is gone, locked, read-only or full."""
    if is_lost(error):
        return True
    # pg8000 raises no OperationalError; SQLite's are those of the file.
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and sqlstate(error)[:2] == "53")


def sqlstate(error: DBAPIError) -> str:
    """The five-letter code of PostgreSQL; empty where there is none."""
    said = getattr(error.orig, "args", ())
    return str(said[0].get("C", "")) if said and isinstance(said[0], dict) else ""


def cannot_open(url: sa.URL, error: Exception) -> EnrichmentError:
    """What to say of a database that does not open."""
    return EnrichmentError(
        f"the ledger at {_shown(url)} cannot be opened ({type(error).__name__}); check ENRICHMENT_LEDGER"
    )


def cannot_use(url: sa.URL, error: BaseException) -> EnrichmentError:
    """What to say of a database that fails later."""
    # Only the names: the messages may quote what was written, which holds answers.
    cause = getattr(error, "orig", None) or error
    return EnrichmentError(
        f"the ledger at {_shown(url)} could not be read or written ({type(error).__name__}, {type(cause).__name__}):"
        " see that its disk has room and its database answers, then run again; answers up to here are kept"
    )


def _other_version(url: sa.URL, version: int | None) -> EnrichmentError:
    found = "an earlier version" if version is None or version < LEDGER_VERSION else "a later version"
    move = "move the file away, or set" if url.get_backend_name() == "sqlite" else "set"
    return EnrichmentError(
        f"the ledger at {_shown(url)} was written by {found} of the platform (ledger version {version or 1};"
        f" this one uses {LEDGER_VERSION}): {move} ENRICHMENT_LEDGER to a new one. Published tables stay as they are;"
        " rows that are computed again are asked again"
    )


def _shown(url: sa.URL) -> str:
    """The URL without its password; one with an @ in it spills over into the host."""
    shown = url.set(host=url.host.rpartition("@")[2] if url.host else None)
    return shown.render_as_string(hide_password=True)
