"""One transaction of the ledger: settles attempts, then admits new ones within caps, rates and leases."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from enrichment_platform.inference.ledger_leases import Leases
from enrichment_platform.inference.ledger_rows import Rows
from enrichment_platform.inference.ledger_schema import answers, attempts, halts, rates, spend
from enrichment_platform.inference.records import (
    NANO,
    Admission,
    Answer,
    Attempt,
    Cap,
    RateLimit,
    Settlement,
    Verdict,
)

KEYS_PER_QUERY = 500
# A rate is kept a little below what is allowed, and a burst of a second of it may go at once: over any minute this
# stays within the allowance, (60 s + 1 s) * 0.98 < 60 s.
RATE_SHARE = 0.98
RATE_BURST_S = 1.0
_ADMITTED = Admission(Verdict.ADMITTED)
_ADMITTED_AFTER_LOSS = Admission(Verdict.ADMITTED, detail="lost")
_ANSWERED = Admission(Verdict.ANSWERED)
_HELD = Admission(Verdict.HELD)


@dataclass(frozen=True, slots=True)
class Admit:
    """Attempts that want to be sent, with the caps and the rate that all of them count in."""

    wanted: tuple[Attempt, ...]
    caps: tuple[Cap, ...]
    rate: RateLimit | None

    def __len__(self) -> int:
        return len(self.wanted)


@dataclass(frozen=True, slots=True)
class Settle:
    """How one attempt ended; `caps` and `rate` are those of its admission."""

    settlement: Settlement
    answer: Answer | None
    caps: tuple[Cap, ...]
    rate: RateLimit | None

    def __len__(self) -> int:
        return 1


Work = Admit | Settle


def write_group(connection: sa.Connection, works: Sequence[Work], leases: Leases) -> list[Any]:
    """Write all of it; the result of an Admit is its list of admissions, that of a Settle is None."""
    settles = [work for work in works if isinstance(work, Settle)]
    admits = [work for work in works if isinstance(work, Admit)]
    rows = Rows(connection)
    counters = _Counters(connection, works)
    # Settlements first: what they release, the next ones may use.
    _settle(rows, counters, settles)
    admitted = iter(_Admitting(connection, rows, counters, leases, admits).all() if admits else [])
    counters.store()
    return [next(admitted) if isinstance(work, Admit) else None for work in works]


class _Counters:
    """Spending and rates of the scopes of a group, locked for the length of the transaction."""

    def __init__(self, connection: sa.Connection, works: Sequence[Work]) -> None:
        self._connection = connection
        scopes = sorted({cap.scope for work in works for cap in work.caps})
        endpoints = sorted({work.rate.key for work in works if work.rate is not None})
        self._now = time.time()
        # PostgreSQL locks the rows, always in the order of their keys, so that processes wait and never deadlock.
        # SQLite has locked the whole file.
        zero = {"tokens": 0, "nano_usd": 0, "requests": 0}
        self.spent = _locked(connection, spend, "scope", scopes, zero)
        self.rates = _locked(connection, rates, "endpoint", endpoints, {"requests_at": 0.0, "tokens_at": 0.0})
        self._changed: set[str] = set()

    def room(self, attempt: Attempt, caps: Sequence[Cap]) -> Cap | None:
        """The cap that the attempt would break; None where there is room."""
        for cap in caps:
            spent = self.spent[cap.scope]
            if cap.tokens is not None and spent["tokens"] + attempt.reserved_tokens > cap.tokens:
                return cap
            if cap.nano_usd is not None and spent["nano_usd"] + attempt.reserved_nano_usd > cap.nano_usd:
                return cap
        return None

    def add(self, caps: Sequence[Cap], tokens: int, nano_usd: int, requests: int) -> None:
        for cap in caps:
            spent = self.spent[cap.scope]
            spent["tokens"] += tokens
            spent["nano_usd"] += nano_usd
            spent["requests"] += requests
            self._changed.add(cap.scope)

    def wait_s(self, rate: RateLimit) -> float:
        """Seconds until the rate allows another request: the generic cell rate algorithm (ITU-T I.371)."""
        state, wait = self.rates[rate.key], 0.0
        if rate.requests_per_minute:
            wait = max(wait, state["requests_at"] - self._now)
        if rate.tokens_per_minute:
            wait = max(wait, state["tokens_at"] - self._now)
        return wait

    def take(self, rate: RateLimit, requests: int, tokens: int) -> None:
        """Move the theoretical arrival times; negative amounts give back what was reserved too much."""
        state, earliest = self.rates[rate.key], self._now - RATE_BURST_S
        if rate.requests_per_minute:
            seconds = requests * 60 / (RATE_SHARE * rate.requests_per_minute)
            state["requests_at"] = max(state["requests_at"], earliest) + seconds
        if rate.tokens_per_minute:
            seconds = tokens * 60 / (RATE_SHARE * rate.tokens_per_minute)
            state["tokens_at"] = max(state["tokens_at"], earliest) + seconds

    def store(self) -> None:
        changed = [{"key": scope, **self.spent[scope]} for scope in sorted(self._changed)]
        if changed:
            own = spend.c.scope == sa.bindparam("key")
            values = {name: sa.bindparam(name) for name in ("tokens", "nano_usd", "requests")}
            self._connection.execute(spend.update().where(own).values(values), changed)
        if self.rates:
            moved = [{"key": key, **state} for key, state in self.rates.items()]
            own = rates.c.endpoint == sa.bindparam("key")
            values = {name: sa.bindparam(name) for name in ("requests_at", "tokens_at")}
            self._connection.execute(rates.update().where(own).values(values), moved)


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
        rows = Rows(connection)
        rows.insert_missing(table, [key, *zero], [(one, *zero.values()) for one in missing])
        return _locked(connection, table, key, keys, zero)
    return found


def _settle(rows: Rows, counters: _Counters, settles: Sequence[Settle]) -> None:
    if not settles:
        return
    now = datetime.now(UTC)
    rows.settle([(work.settlement, now) for work in settles])
    stored = [work.answer for work in settles if work.answer is not None]
    if stored:
        # Two processes may have asked the same; the first stored answer stays, so that every reader sees one.
        columns = [*Answer.__slots__, "answered_at"]
        of = attrgetter(*Answer.__slots__)
        rows.insert_missing(answers, columns, [(*of(answer), now) for answer in stored])
    for work in settles:
        tokens, nano_usd = _difference(work.settlement)
        counters.add(work.caps, tokens, nano_usd, 0)
        if work.rate is not None and tokens:
            counters.take(work.rate, 0, tokens)


def _difference(settlement: Settlement) -> tuple[int, int]:
    """What a settlement changes in the counters: (tokens, nano US dollars)."""
    attempt = settlement.attempt
    if not settlement.billed:
        return -attempt.reserved_tokens, -attempt.reserved_nano_usd
    if settlement.input_tokens is None or settlement.output_tokens is None:
        return 0, 0  # not known: the reservation stays
    tokens = settlement.input_tokens + settlement.output_tokens - attempt.reserved_tokens
    cost = -int(-(settlement.cost_usd or 0.0) * NANO // 1)  # rounded up
    return tokens, cost - attempt.reserved_nano_usd


@dataclass
class _Admitting:
    """Decides on the attempts of a group, one after the other, and records those that it admits."""

    connection: sa.Connection
    rows: Rows
    counters: _Counters
    leases: Leases
    works: Sequence[Admit]
    _taken: dict[str, str] = field(default_factory=dict)

    def all(self) -> list[list[Admission]]:
        keys = [attempt.request_key for work in self.works for attempt in work.wanted]
        answered = self._answered(keys)
        lost = self._leased(keys)
        halted = {row.scope: row.reason for row in self.connection.execute(sa.select(halts.c.scope, halts.c.reason))}
        decided: list[list[Admission]] = []
        admitted: list[Attempt] = []
        for work in self.works:
            decided.append([])
            for wanted in work.wanted:
                key = wanted.request_key
                reason = halted.get("*", halted.get(wanted.enrichment)) if halted else None
                if reason is not None:
                    verdict = Admission(Verdict.HALTED, detail=reason)
                elif key in answered:
                    verdict = _ANSWERED
                elif key in self._taken:
                    verdict = _HELD
                else:
                    verdict = self._within(wanted, work)
                if verdict is _ADMITTED:
                    self._taken[key] = wanted.attempt_id
                    after_loss = key in lost and wanted.cause == "first"
                    admitted.append(replace(wanted, cause="lost") if after_loss else wanted)
                    verdict = _ADMITTED_AFTER_LOSS if after_loss else verdict
                decided[-1].append(verdict)
        inserted = self.rows.insert_attempts(admitted, self.leases.holder, datetime.now(UTC))
        return self._without(decided, admitted, inserted) if len(inserted) < len(admitted) else decided

    def _within(self, wanted: Attempt, work: Admit) -> Admission:
        cap = self.counters.room(wanted, work.caps)
        if cap is not None:
            return Admission(Verdict.OVER, cap=cap)
        if work.rate is not None:
            wait = self.counters.wait_s(work.rate)
            if wait > 0:
                return Admission(Verdict.LATER, wait_s=wait)
            self.counters.take(work.rate, 1, wanted.reserved_tokens)
        self.counters.add(work.caps, wanted.reserved_tokens, wanted.reserved_nano_usd, 1)
        return _ADMITTED

    def _answered(self, keys: list[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(keys), KEYS_PER_QUERY):
            batch = keys[start : start + KEYS_PER_QUERY]
            statement = sa.select(answers.c.request_key).where(answers.c.request_key.in_(batch))
            found.update(self.connection.execute(statement).scalars())
        return found

    def _leased(self, keys: list[str]) -> set[str]:
        """Fill in who is asking what; attempts of the dead are settled as lost, and their keys returned."""
        columns = (attempts.c.request_key, attempts.c.attempt_id, attempts.c.holder)
        leased: list[Any] = []
        for start in range(0, len(keys), KEYS_PER_QUERY):
            batch = keys[start : start + KEYS_PER_QUERY]
            statement = sa.select(*columns).where(attempts.c.settled_at.is_(None), attempts.c.request_key.in_(batch))
            leased += self.connection.execute(statement).all()
        dead = self.leases.dead(self.connection, {row.holder for row in leased})
        lost = [row for row in leased if row.holder in dead]
        if lost:
            ids = [row.attempt_id for row in lost]
            own = attempts.c.attempt_id.in_(ids) & attempts.c.settled_at.is_(None)
            said = {"settled_at": datetime.now(UTC), "outcome": "lost", "detail": "its process died"}
            self.connection.execute(attempts.update().where(own).values(said))
        self._taken |= {row.request_key: row.attempt_id for row in leased if row.holder not in dead}
        return {row.request_key for row in lost}

    def _without(
        self, decided: list[list[Admission]], admitted: list[Attempt], inserted: set[str]
    ) -> list[list[Admission]]:
        """Take back the admissions of keys that another process took or answered at the same moment (PostgreSQL)."""
        refused = {attempt.attempt_id for attempt in admitted} - inserted
        for work, verdicts in zip(self.works, decided, strict=True):
            for index, wanted in enumerate(work.wanted):
                if wanted.attempt_id in refused:
                    verdicts[index] = _HELD
                    self.counters.add(work.caps, -wanted.reserved_tokens, -wanted.reserved_nano_usd, -1)
                    if work.rate is not None:
                        self.counters.take(work.rate, -1, -wanted.reserved_tokens)
        return decided
