"""Counters of the ledger: what scopes have spent against their caps, and the rates of endpoints, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from enrichment_platform.inference.ledger_engine import now_s, transaction
from enrichment_platform.inference.ledger_rows import Rows
from enrichment_platform.inference.ledger_schema import rates, spend
from enrichment_platform.inference.pricing import nano_usd
from enrichment_platform.inference.records import Attempt, Cap, RateLimit, Settlement

# A rate is kept a little below what is allowed, and a burst of a second of it may go at once: over any minute this
# stays within the allowance, (60 s + 1 s) * 0.98 < 60 s.
RATE_SHARE = 0.98
RATE_BURST_S = 1.0
# A request of more tokens than a minute has would hold up the others for hours, also after the limit was corrected.
LONGEST_DEBT_S = 60.0
_SPENT = ("tokens", "nano_usd", "requests")
_ARRIVALS = ("requests_at", "tokens_at")


class Counters:
    """Spending and rates of the scopes of a group, locked for the length of the transaction."""

    def __init__(self, connection: sa.Connection, caps: Iterable[Cap], limits: Iterable[RateLimit]) -> None:
        self._connection = connection
        # PostgreSQL locks the rows, always in the order of their keys, so that processes wait and never deadlock.
        # SQLite has locked the whole file.
        self._spent = _locked(connection, spend, "scope", sorted({cap.scope for cap in caps}), dict.fromkeys(_SPENT, 0))
        endpoints = sorted({limit.key for limit in limits})
        self._rates = _locked(connection, rates, "endpoint", endpoints, dict.fromkeys(_ARRIVALS, 0.0))
        self._now = _clock(connection) if endpoints else 0.0
        self._changed: set[str] = set()

    def over(self, attempt: Attempt, caps: Sequence[Cap]) -> Cap | None:
        """The cap that the attempt would break; None where there is room."""
        for cap in caps:
            spent = self._spent[cap.scope]
            if cap.tokens is not None and spent["tokens"] + attempt.reserved_tokens > cap.tokens:
                return cap
            if cap.nano_usd is not None and spent["nano_usd"] + attempt.reserved_nano_usd > cap.nano_usd:
                return cap
        return None

    def add(self, caps: Sequence[Cap], tokens: int, nano_usd: int, requests: int) -> None:
        """Count spending (nano US dollars) or reservations; negative amounts give back."""
        if not (tokens or nano_usd or requests):
            return
        for cap in caps:
            spent = self._spent[cap.scope]
            spent["tokens"] += tokens
            spent["nano_usd"] += nano_usd
            spent["requests"] += requests
            self._changed.add(cap.scope)

    def wait_s(self, rate: RateLimit) -> float:
        """Seconds until the rate allows another request: the generic cell rate algorithm (ITU-T I.371).

        Over any minute no more requests go than allowed. Tokens: no more than allowed and one request's on top, of
        what was reserved; what settled requests give back may be taken again.
        """
        state, wait = self._rates[rate.key], 0.0
        if rate.requests_per_minute:
            wait = max(wait, state["requests_at"] - self._now)
        if rate.tokens_per_minute:
            wait = max(wait, state["tokens_at"] - self._now)
        return wait

    def take(self, rate: RateLimit, requests: int, tokens: int) -> None:
        """Move the theoretical arrival times; negative amounts give back what was reserved too much."""
        state, earliest = self._rates[rate.key], self._now - RATE_BURST_S
        if rate.requests_per_minute:
            seconds = requests * 60 / (RATE_SHARE * rate.requests_per_minute)
            state["requests_at"] = min(max(state["requests_at"], earliest) + seconds, self._now + LONGEST_DEBT_S)
        if rate.tokens_per_minute:
            seconds = tokens * 60 / (RATE_SHARE * rate.tokens_per_minute)
            state["tokens_at"] = min(max(state["tokens_at"], earliest) + seconds, self._now + LONGEST_DEBT_S)

    def store(self) -> None:
        """Write what has changed."""
        changed = {scope: self._spent[scope] for scope in sorted(self._changed)}
        _store(self._connection, spend.c.scope, _SPENT, changed)
        _store(self._connection, rates.c.endpoint, _ARRIVALS, self._rates)


class CounterRows:
    """Creates the rows of counters in PostgreSQL before the transaction that locks them.

    Inside it, a process that holds the locks of some and creates others could wait for one that has created those and
    wants the locks. SQLite has one writer at a time.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._known: set[tuple[str, str]] = set()

    def create(self, caps: Iterable[Cap], limits: Iterable[RateLimit]) -> None:
        """Create those that this process has not seen yet."""
        if self._engine.dialect.name != "postgresql":
            return
        wanted = {(spend.name, cap.scope) for cap in caps} | {(rates.name, limit.key) for limit in limits}
        new = sorted(wanted - self._known, key=lambda one: (one[0] != spend.name, one[1]))
        if not new:
            return
        with transaction(self._engine) as connection:
            rows = Rows(connection)
            scopes = [(key, 0, 0, 0) for table, key in new if table == spend.name]
            rows.insert_counters(spend, ("scope", *_SPENT), scopes)
            rows.insert_counters(rates, ("endpoint", *_ARRIVALS), [(key, 0.0, 0.0) for _, key in new[len(scopes) :]])
        self._known |= wanted


def difference(settlement: Settlement) -> tuple[int, int]:
    """What a settlement changes in the counters: (tokens, nano US dollars)."""
    attempt = settlement.attempt
    if not settlement.billed:
        return -attempt.reserved_tokens, -attempt.reserved_nano_usd
    # What the endpoint did not say stays as it was reserved.
    tokens = cost = 0
    if settlement.input_tokens is not None and settlement.output_tokens is not None:
        tokens = settlement.input_tokens + settlement.output_tokens - attempt.reserved_tokens
    if settlement.cost_usd is not None:
        cost = nano_usd(settlement.cost_usd) - attempt.reserved_nano_usd
    return tokens, cost


def _clock(connection: sa.Connection) -> float:
    if connection.dialect.name == "postgresql":
        return float(connection.execute(sa.select(now_s(connection))).scalar_one())
    return time.time()


def _store(
    connection: sa.Connection, key: sa.Column[Any], names: Sequence[str], states: dict[str, dict[str, Any]]
) -> None:
    if states:
        statement = key.table.update().where(key == sa.bindparam("key"))
        values: dict[str, Any] = {name: sa.bindparam(name) for name in names}
        connection.execute(statement.values(values), [{"key": one, **state} for one, state in states.items()])


def _locked(
    connection: sa.Connection, table: sa.Table, key: str, keys: list[str], zero: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Rows of a counter table by key, created where missing, locked in the order of their keys."""
    if not keys:
        return {}
    columns = [table.c[name] for name in zero]
    statement = sa.select(table.c[key], *columns).where(table.c[key].in_(keys)).order_by(table.c[key]).with_for_update()
    found = {row[0]: dict(zip(zero, row[1:], strict=True)) for row in connection.execute(statement)}
    missing = [one for one in keys if one not in found]
    if missing:
        rows = [(one, *zero.values()) for one in missing]
        Rows(connection).insert_counters(table, [key, *zero], rows)
        return _locked(connection, table, key, keys, zero)
    return found
