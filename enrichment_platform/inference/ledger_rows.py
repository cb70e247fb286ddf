"""Bulk writes of the ledger in each database's own way: prepared rows on SQLite, one JSON parameter on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
import sqlalchemy as sa

from enrichment_platform.inference.ledger_engine import among
from enrichment_platform.inference.ledger_schema import answers, attempts
from enrichment_platform.inference.records import Answer, Attempt, Settlement

_ATTEMPT_FIELDS = tuple(name for name in Attempt.__slots__ if name != "known_as")
_SETTLEMENT_FIELDS = tuple(name for name in Settlement.__slots__ if name not in ("attempt", "billed"))
_attempt_values = attrgetter(*_ATTEMPT_FIELDS)
_answer_values = attrgetter(*Answer.__slots__)
ANSWER_COLUMNS = [answers.c[name] for name in Answer.__slots__]
_settlement_values = attrgetter("attempt.attempt_id", *_SETTLEMENT_FIELDS)
_ATTEMPT_COLUMNS = (*_ATTEMPT_FIELDS, "holder", "sent_at")
_ANSWER_COLUMNS = (*Answer.__slots__, "answered_at")
_SETTLED_COLUMNS = ("attempt_id", *_SETTLEMENT_FIELDS, "settled_at")
_OPEN = "(lease_key) WHERE settled_at IS NULL"
# What a server or a source says, of any length and with any character; the rest is ours, and is refused when too long.
_SAID = ("row_id", "text", "detail", "finish_reason", "model")
# Not settled yet, or given up for lost by another process while this one was only slow.
_UNKNOWN = "(attempts.settled_at IS NULL OR attempts.outcome = 'lost')"


class Rows:
    """Writes many rows with one statement. SQLAlchemy's own path costs five times as much a row (values are converted
    one by one), and pg8000 sends one message a row.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._postgresql = connection.dialect.name == "postgresql"

    def _time(self, now: datetime) -> str:
        # As SQLAlchemy stores it on SQLite: without a zone, in UTC.
        return now.isoformat() if self._postgresql else now.strftime("%Y-%m-%d %H:%M:%S.%f")

    def insert_attempts(self, admitted: Sequence[Attempt], holder: str, now: datetime) -> set[str]:
        """Insert open attempts; returns the ids of those that no other process had taken or answered before."""
        ids = {attempt.attempt_id for attempt in admitted}
        if not admitted:
            return ids
        # In the order of the index's keys, so that two processes that insert the same ones wait and never deadlock.
        ordered = sorted(admitted, key=attrgetter("lease_key")) if self._postgresql else admitted
        at = self._time(now)
        rows = [(*_attempt_values(one), holder, at) for one in ordered]
        if not self._postgresql:
            self._insert(attempts, _ATTEMPT_COLUMNS, rows, _OPEN)
            return ids
        returned = self._insert(attempts, _ATTEMPT_COLUMNS, rows, _OPEN, "RETURNING attempt_id")
        inserted = set(returned.scalars())
        # Another process may have answered between our look at the answers and the insert: look again, in a new
        # snapshot. Its settlement and its answer were one commit, so that whoever got past its lease sees its answer,
        # be it under the key of another model.
        mine = [one for one in admitted if one.attempt_id in inserted]
        known = self.answered(mine)
        gone = {one.attempt_id for one in mine if not known.isdisjoint(one.answer_keys)} if known else set()
        if gone:
            own = among(self._connection, attempts.c.attempt_id, gone)
            self._connection.execute(attempts.delete().where(own))
        return inserted - gone

    def answered(self, wanted: Iterable[Attempt]) -> set[str]:
        """Those of the attempts' keys that have an answer."""
        keys = {key for one in wanted for key in one.answer_keys}
        known = sa.select(answers.c.request_key).where(among(self._connection, answers.c.request_key, keys))
        return set(self._connection.execute(known).scalars())

    def insert_answers(self, stored: Sequence[Answer], now: datetime) -> dict[str, Answer]:
        """Insert answers; where two processes have asked the same, the first stays, so that every reader sees one.

        Returns what stands in the ledger by request key: the answer given, or the earlier one.
        """
        at = self._time(now)
        standing = {answer.request_key: answer for answer in stored}
        left = sorted(standing)
        while left:
            rows = [(*_answer_values(standing[key]), at) for key in left]
            if self._insert(answers, _ANSWER_COLUMNS, rows, "(request_key)").rowcount == len(left):
                return standing
            # Which of them were there before does not matter: what was just inserted reads back as well.
            asked = among(self._connection, answers.c.request_key, left)
            there: list[tuple[Any, ...]] = [
                tuple(row) for row in self._connection.execute(sa.select(*ANSWER_COLUMNS).where(asked))
            ]
            found = {row[0]: Answer(*row) for row in there}
            standing |= found
            left = [key for key in left if key not in found]  # one that was forgotten in this moment (PostgreSQL)
        return standing

    def insert_counters(self, table: sa.Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
        """Insert counters that are not there yet; the first column is their key."""
        if not rows:
            return
        self._insert(table, columns, rows, f"({columns[0]})")

    def settle(self, settled: Sequence[Settlement], now: datetime) -> set[str]:
        """Fill in how attempts ended; returns the ids of those whose end was not known before."""
        at = self._time(now)
        rows = [(*_settlement_values(settlement), at) for settlement in settled]
        names = _SETTLED_COLUMNS[1:]
        if self._postgresql:
            values = ", ".join(f"{name} = ended.{name}" for name in names)
            statement = (
                f"UPDATE attempts SET {values} FROM json_populate_recordset(null::attempts, CAST(:rows AS json))"  # noqa: S608
                f" AS ended WHERE attempts.attempt_id = ended.attempt_id AND {_UNKNOWN} RETURNING attempts.attempt_id"
            )
            given = {"rows": _json(_SETTLED_COLUMNS, _storable(attempts, _SETTLED_COLUMNS, rows))}
            return set(self._connection.execute(sa.text(statement), given).scalars())
        which = among(self._connection, attempts.c.attempt_id, (row[0] for row in rows))
        unknown = sa.select(attempts.c.attempt_id).where(which, sa.text(_UNKNOWN))
        changed: set[str] = set(self._connection.execute(unknown).scalars())
        values = ", ".join(f"{name} = ?" for name in names)
        statement = f"UPDATE attempts SET {values} WHERE attempt_id = ?"  # noqa: S608
        stored = [(*row[1:], row[0]) for row in _storable(attempts, _SETTLED_COLUMNS, rows) if row[0] in changed]
        if stored:
            self._connection.exec_driver_sql(statement, stored)
        return changed

    def _insert(
        self, table: sa.Table, columns: Sequence[str], rows: list[tuple[Any, ...]], conflict: str, returning: str = ""
    ) -> sa.CursorResult[Any]:
        """Insert rows; those that conflict with one that is there are left out, and not in its `rowcount`."""
        names = ", ".join(columns)
        stored = _storable(table, columns, rows)
        if self._postgresql:
            statement = (
                f"INSERT INTO {table.name} ({names}) SELECT {names} FROM"  # noqa: S608 - names of our own columns
                f" json_populate_recordset(null::{table.name}, CAST(:rows AS json))"
                f" ON CONFLICT {conflict} DO NOTHING {returning}"
            )
            return self._connection.execute(sa.text(statement), {"rows": _json(columns, stored)})
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) ON CONFLICT {conflict} DO NOTHING"  # noqa: S608
        return self._connection.exec_driver_sql(statement, stored)


def _storable(table: sa.Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows as both databases can hold them: PostgreSQL refuses NUL characters and text beyond a column's width."""
    said = [(columns.index(name), getattr(table.c[name].type, "length", None)) for name in _SAID if name in columns]
    if not said:
        return rows
    stored = []
    for row in rows:
        values = list(row)
        for index, width in said:
            if (value := values[index]) is not None:
                values[index] = _text(value)[:width]
        stored.append(tuple(values))
    return stored


def _text(value: str) -> str:
    if "\x00" in value:
        value = value.replace("\x00", "\ufffd")
    # Half of a surrogate pair is no text; JSON can hold one.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _json(columns: Sequence[str], rows: list[tuple[Any, ...]]) -> str:
    return orjson.dumps([dict(zip(columns, row, strict=True)) for row in rows]).decode()
