"""One transaction of the ledger: settles attempts, then admits new ones within caps, rates and leases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from enrichment_platform.inference.ledger_counters import Counters, difference
from enrichment_platform.inference.ledger_engine import among
from enrichment_platform.inference.ledger_leases import Leases
from enrichment_platform.inference.ledger_rows import Rows
from enrichment_platform.inference.ledger_schema import attempts, halts
from enrichment_platform.inference.records import Admission, Answer, Attempt, Cap, RateLimit, Settlement, Verdict

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


def counted(works: Sequence[Work]) -> tuple[set[Cap], set[RateLimit]]:
    """What a group counts in."""
    return {cap for work in works for cap in work.caps}, {work.rate for work in works if work.rate is not None}


def write_group(connection: sa.Connection, works: Sequence[Work], leases: Leases) -> list[Any]:
    """Write all of it; the result of an Admit is its list of admissions, that of a Settle the answer that stands.

    To write the same again changes nothing more: whoever does not know whether a commit arrived may repeat it.
    """
    settles = [work for work in works if isinstance(work, Settle)]
    admits = [work for work in works if isinstance(work, Admit)]
    rows = Rows(connection)
    counters = Counters(connection, *counted(works))
    # Settlements first: what they release, the next ones may use.
    standing = _settle(rows, counters, settles)
    admitted = iter(_Admitting(connection, rows, counters, leases, admits).all() if admits else [])
    counters.store()
    return [next(admitted) if isinstance(work, Admit) else _standing(work, standing) for work in works]


def _standing(work: Settle, standing: Mapping[str, Answer]) -> Answer | None:
    return None if work.answer is None else standing[work.answer.request_key]


def _settle(rows: Rows, counters: Counters, settles: Sequence[Settle]) -> dict[str, Answer]:
    """Returns the answers that stand in the ledger, by request key."""
    # Of two settlements of one attempt the first counts, as if they came one after the other.
    first = {work.settlement.attempt.attempt_id: work for work in reversed(settles)}
    if not first:
        return {}
    now = datetime.now(UTC)
    changed = rows.settle([work.settlement for work in first.values()], now)
    stored = {work.answer.request_key: work.answer for work in reversed(settles) if work.answer is not None}
    standing = rows.insert_answers(list(stored.values()), now) if stored else {}
    for attempt_id in changed:
        work = first[attempt_id]
        tokens, nano_usd = difference(work.settlement)
        counters.add(work.caps, tokens, nano_usd, 0)
        if work.rate is not None and tokens:
            counters.take(work.rate, 0, tokens)
    return standing


@dataclass
class _Admitting:
    """Decides on the attempts of a group, one after the other, and records those that it admits."""

    connection: sa.Connection
    rows: Rows
    counters: Counters
    leases: Leases
    works: Sequence[Admit]
    _taken: dict[str, str] = field(default_factory=dict)  # lease key -> id of its open attempt
    _open: set[str] = field(default_factory=set)  # ids of the attempts that were open before this transaction

    def all(self) -> list[list[Admission]]:
        everything = [attempt for work in self.works for attempt in work.wanted]
        lost = self._leased({attempt.lease_key for attempt in everything})
        answered = self.rows.answered(everything)
        halted = {row.scope: row.reason for row in self.connection.execute(sa.select(halts.c.scope, halts.c.reason))}
        decided: list[list[Admission]] = []
        admitted: list[Attempt] = []
        for work in self.works:
            decided.append([])
            for wanted in work.wanted:
                key = wanted.lease_key
                reason = halted.get("*", halted.get(wanted.enrichment)) if halted else None
                if wanted.attempt_id in self._open:
                    verdict = _ADMITTED  # by this very process: the commit had arrived, only its confirmation had not
                elif reason is not None:
                    verdict = Admission(Verdict.HALTED, detail=reason)
                elif answered and not answered.isdisjoint(wanted.answer_keys):
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
        cap = self.counters.over(wanted, work.caps)
        if cap is not None:
            return Admission(Verdict.OVER, cap=cap)
        if work.rate is not None:
            wait = self.counters.wait_s(work.rate)
            if wait > 0:
                return Admission(Verdict.LATER, wait_s=wait)
            self.counters.take(work.rate, 1, wanted.reserved_tokens)
        self.counters.add(work.caps, wanted.reserved_tokens, wanted.reserved_nano_usd, 1)
        return _ADMITTED

    def _leased(self, keys: set[str]) -> set[str]:
        """Fill in who is asking what; attempts of the dead are settled as lost, and their keys returned."""
        columns = (attempts.c.lease_key, attempts.c.attempt_id, attempts.c.holder)
        wanted = among(self.connection, attempts.c.lease_key, keys)
        leased = self.connection.execute(sa.select(*columns).where(attempts.c.settled_at.is_(None), wanted)).all()
        lost = self.leases.settle_lost(self.connection, leased)
        living = [row for row in leased if row.attempt_id not in lost]
        self._taken.update((row.lease_key, row.attempt_id) for row in living)
        self._open.update(row.attempt_id for row in living if row.holder == self.leases.holder)
        return {row.lease_key for row in leased if row.attempt_id in lost}

    def _without(
        self, decided: list[list[Admission]], admitted: list[Attempt], inserted: set[str]
    ) -> list[list[Admission]]:
        """Take back the admissions of keys that another process took or answered at the same moment (PostgreSQL)."""
        refused = {attempt.attempt_id for attempt in admitted} - inserted
        for work, verdicts in zip(self.works, decided, strict=True):
            for index, wanted in enumerate(work.wanted):
                if wanted.attempt_id in refused and verdicts[index].verdict is Verdict.ADMITTED:
                    verdicts[index] = _HELD
                    self.counters.add(work.caps, -wanted.reserved_tokens, -wanted.reserved_nano_usd, -1)
                    if work.rate is not None:
                        self.counters.take(work.rate, -1, -wanted.reserved_tokens)
        return decided
