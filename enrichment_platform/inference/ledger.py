"""The ledger: every attempt and every answer, durable before it counts, on SQLite or PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from enrichment_platform.inference.ledger_engine import (
    DATABASE_ERRORS,
    among,
    cannot_open,
    create_tables,
    explained,
    ledger_engine,
    persistently,
    transaction,
)
from enrichment_platform.inference.ledger_leases import Leases
from enrichment_platform.inference.ledger_rows import ANSWER_COLUMNS
from enrichment_platform.inference.ledger_schema import answers, attempts, deferrals, halts, spend
from enrichment_platform.inference.ledger_writer import GroupWriter
from enrichment_platform.inference.ledger_writes import Admit, Settle
from enrichment_platform.inference.records import (
    Admission,
    Answer,
    Attempt,
    Cap,
    RateLimit,
    Settlement,
    attempt_ids_since,
)

KEYS_PER_QUERY = 10_000  # what one answer of the database may hold of a partition's texts


@dataclass(frozen=True, slots=True)
class Spending:
    """Counter of a scope: settled spending and open reservations together."""

    tokens: int = 0
    nano_usd: int = 0
    requests: int = 0


class Ledger:
    """Reads run on the caller's thread; writes of attempts are queued and committed in groups by one writer thread.

    Whoever awaits a write knows afterwards that it is durable. All methods raise EnrichmentError where the database
    fails or the ledger is closed; the message holds neither passwords nor what was written. After a fork the child
    must open a ledger of its own.
    """

    def __init__(self, url: str, *, lease_s: float = 30.0) -> None:
        """Open the ledger and create its tables.

        Args:
            url: SQLAlchemy URL, `sqlite:///path` or `postgresql+pg8000://...`.
            lease_s: On PostgreSQL, after this many seconds without a sign of life the attempts of a process count as
                lost; on SQLite they do as soon as it has died.

        Raises:
            EnrichmentError: not such a URL, the database does not answer, or its tables are those of another version
                of the platform; the message holds no password.
        """
        self._engine = ledger_engine(url)
        try:
            create_tables(self._engine)
            self.holder = uuid.uuid4().hex
            self._leases = Leases(self._engine, self.holder, lease_s)
        except (SQLAlchemyError, OSError) as error:
            self._engine.dispose()
            raise cannot_open(self._engine.url, error) from None
        except BaseException:
            self._engine.dispose()
            raise
        self._writer = GroupWriter(self._engine, self._leases)
        self._closed = False

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is queued, give up the leases, and close."""
        if self._closed:
            return
        self._closed = True
        if self._writer.forked():
            self._engine.dispose(close=False)
            return
        self._writer.close()
        try:
            self._leases.release()
        except DATABASE_ERRORS:
            pass  # the database is gone: the lease expires by itself
        finally:
            self._engine.dispose()

    # --- what is asked and answered -------------------------------------------------------------------------------

    def answers(self, request_keys: Iterable[str]) -> dict[str, Answer]:
        """Stored answers by request key; keys without one are absent."""
        keys = list(dict.fromkeys(request_keys))
        found: dict[str, Answer] = {}
        for start in range(0, len(keys), KEYS_PER_QUERY):
            asked = among(self._engine, answers.c.request_key, keys[start : start + KEYS_PER_QUERY])
            for row in self.rows(sa.select(*ANSWER_COLUMNS).where(asked)):
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
        result: list[Admission] = await self._writer.write(Admit(tuple(wanted), tuple(caps), rate))
        return result

    async def settle(
        self,
        settlement: Settlement,
        answer: Answer | None = None,
        caps: Sequence[Cap] = (),
        rate: RateLimit | None = None,
    ) -> Answer | None:
        """Record how an attempt ended, with the answer where it is final, in one transaction.

        `caps` and `rate` are those that the attempt was admitted with. Returns the answer that stands in the ledger
        from now on: the one given, or an earlier one, where another process was faster; None where none was given.
        """
        standing: Answer | None = await self._writer.write(Settle(settlement, answer, tuple(caps), rate))
        return standing

    def forget(self, request_keys: Sequence[str]) -> int:
        """Remove stored answers, so that their rows are asked again; their attempts stay. Returns how many went."""
        removed = 0
        for start in range(0, len(request_keys), KEYS_PER_QUERY):
            chosen = among(self._engine, answers.c.request_key, request_keys[start : start + KEYS_PER_QUERY])
            removed += self._change(answers.delete().where(chosen))
        return removed

    # --- for the history and the archive --------------------------------------------------------------------------

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        """What a query finds; on SQLite it waits for nobody who writes."""

        def once() -> list[Any]:
            with self._engine.connect() as connection:
                return list(connection.execute(statement))

        self._writer.check_open()
        with explained(self._engine):
            return persistently(once)

    def settle_lost(self, which: sa.ColumnElement[bool]) -> int:
        """Settle as lost those of the attempts that match whose processes died; returns how many."""
        columns = (attempts.c.attempt_id, attempts.c.holder)
        unsettled = self.rows(sa.select(*columns).where(which, attempts.c.settled_at.is_(None)))
        suspects = [row for row in unsettled if row.holder != self.holder]
        if not suspects:
            return 0
        with self.transaction() as connection:
            return len(self._leases.settle_lost(connection, suspects))

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A transaction that writes to the ledger's database; keep it short, others wait for it."""
        self._writer.check_open()
        with explained(self._engine), transaction(self._engine) as connection:
            yield connection

    # --- spending, halts, deferrals -------------------------------------------------------------------------------

    def spending(self, scopes: Iterable[str]) -> dict[str, Spending]:
        """Counters of scopes; zero for those that nothing was spent in."""
        wanted = list(scopes)
        columns = (spend.c.scope, spend.c.tokens, spend.c.nano_usd, spend.c.requests)
        rows = self.rows(sa.select(*columns).where(spend.c.scope.in_(wanted)))
        return dict.fromkeys(wanted, Spending()) | {row[0]: Spending(*row[1:]) for row in rows}

    def others_ask(self) -> bool:
        """Whether an attempt of another process is open: what it has reserved may become free."""
        others = attempts.c.settled_at.is_(None) & (attempts.c.holder != self.holder)
        return bool(self.rows(sa.select(attempts.c.attempt_id).where(others).limit(1)))

    def askers(self, endpoint: str, window_s: float) -> dict[str, float]:
        """Processes that have open attempts at an endpoint (`holder` is this one), with the work it did for each.

        Args:
            endpoint: Its name.
            window_s: How far to look back.

        Returns:
            Seconds that its answers to attempts of the last `window_s` took, summed up, by holder.
        """
        here = attempts.c.endpoint == endpoint
        asking = sa.select(attempts.c.holder).distinct().where(here, attempts.c.settled_at.is_(None))
        work = (
            sa.select(attempts.c.holder, sa.func.sum(attempts.c.latency_ms) / 1000)
            .where(attempts.c.attempt_id >= attempt_ids_since(window_s), here, attempts.c.outcome == "ok")
            .group_by(attempts.c.holder)
        )
        done = {row[0]: float(row[1] or 0.0) for row in self.rows(work)}
        return {row[0]: done.get(row[0], 0.0) for row in self.rows(asking)}

    def halt(self, scope: str, reason: str) -> None:
        """Stop sending for an enrichment, or for all (`*`), in every process."""
        self._replace(halts, {"scope": scope, "reason": reason, "halted_at": datetime.now(UTC)})

    def lift(self, scope: str) -> bool:
        """Lift a halt; False when there was none."""
        return self._change(halts.delete().where(halts.c.scope == scope)) > 0

    def halts(self) -> list[dict[str, Any]]:
        """Halts in force: scope, reason, halted_at."""
        return self._all(sa.select(halts).order_by(halts.c.scope))

    def defer(self, enrichment: str, partition_key: str, rows: int, reason: str) -> None:
        """Note how many rows of a partition the last run left unasked; 0 removes the note."""
        if rows:
            values = {"enrichment": enrichment, "partition_key": partition_key, "rows": rows, "reason": reason}
            self._replace(deferrals, {**values, "deferred_at": datetime.now(UTC)})
            return
        own = (deferrals.c.enrichment == enrichment, deferrals.c.partition_key == partition_key)
        self._change(deferrals.delete().where(*own))

    def deferrals(self) -> list[dict[str, Any]]:
        """Partitions with rows that were left unasked: enrichment, partition_key, rows, reason, deferred_at."""
        return self._all(sa.select(deferrals).order_by(deferrals.c.enrichment, deferrals.c.partition_key))

    def _all(self, statement: sa.Select[Any]) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in self.rows(statement)]

    def _replace(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(table).values(**values)
        self._change(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=values))

    def _change(self, statement: sa.Insert | sa.Delete) -> int:
        """How many rows it changed."""

        def once() -> int:
            with transaction(self._engine) as connection:
                return connection.execute(statement).rowcount

        self._writer.check_open()
        with explained(self._engine):
            return persistently(once)
