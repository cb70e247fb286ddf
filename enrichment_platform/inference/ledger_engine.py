"""The ledger's database: opening SQLite or PostgreSQL, and creating its tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger_schema import metadata

BUSY_TIMEOUT_MS = 60_000
SOCKET_TIMEOUT_S = 120  # of connecting, and of every statement
_PAGE_CACHE_KIB = 16_384
_TABLES_LOCK = 721_946_301  # any number, the same in every process


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
        return sa.create_engine(
            parsed, pool_pre_ping=True, hide_parameters=True, connect_args={"timeout": SOCKET_TIMEOUT_S}
        )
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite") or parsed.database in (None, "", ":memory:"):
        raise EnrichmentError(
            f"ENRICHMENT_LEDGER is a {parsed.drivername} URL that cannot be used;"
            " write sqlite:///path or postgresql://user:password@host/name"
        )
    try:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_open(parsed, error) from None
    engine = sa.create_engine(
        parsed,
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

    return engine


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes; on SQLite it waits for the other writers before it reads anything."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Without it the driver reads first, and cannot become a writer once another one has written.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def create_tables(engine: sa.Engine) -> None:
    """Create the tables that are missing; processes that start together do it one after the other."""
    with transaction(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_TABLES_LOCK})"))
        metadata.create_all(connection)


def cannot_open(url: sa.URL, error: Exception) -> EnrichmentError:
    """What to say of a database that does not open."""
    shown = url.set(host=url.host.rpartition("@")[2] if url.host else None)  # a password with an @ in it spills over
    return EnrichmentError(
        f"the ledger at {shown.render_as_string(hide_password=True)} cannot be opened ({type(error).__name__});"
        " check ENRICHMENT_LEDGER"
    )
