"""Bulk writes of the ledger in each database's own way: prepared rows on SQLite, one JSON parameter on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
import sqlalchemy as sa

from enrichment_platform.inference.ledger_schema import answers, attempts
from enrichment_platform.inference.records import Attempt, Settlement

_ATTEMPT_FIELDS = tuple(Attempt.__slots__)
_SETTLEMENT_FIELDS = tuple(name for name in Settlement.__slots__ if name not in ("attempt", "billed"))
_attempt_values = attrgetter(*_ATTEMPT_FIELDS)
_settlement_values = attrgetter("attempt.attempt_id", *_SETTLEMENT_FIELDS)
_ATTEMPT_COLUMNS = (*_ATTEMPT_FIELDS, "holder", "sent_at")
_SETTLED_COLUMNS = ("attempt_id", *_SETTLEMENT_FIELDS, "settled_at")


class Rows:
    """Writes many rows with one statement. SQLAlchemy's own path costs five times as much a row (values are converted
    one by one), and pg8000 sends one message a row.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._postgresql = connection.dialect.name == "postgresql"

    def insert_attempts(self, admitted: Sequence[Attempt], holder: str, now: datetime) -> set[str]:
        """Insert open attempts; returns the ids of those that no other process had taken or answered before."""
        ids = {attempt.attempt_id for attempt in admitted}
        if not admitted:
            return ids
        # In the order of their keys, so that two processes that insert the same keys wait and never deadlock.
        ordered = sorted(admitted, key=attrgetter("request_key")) if self._postgresql else admitted
        self.insert_missing(attempts, _ATTEMPT_COLUMNS, [(*_attempt_values(one), holder, now) for one in ordered])
        return self._still_ours(ids) if self._postgresql else ids

    def _still_ours(self, ids: set[str]) -> set[str]:
        # Another process may have answered between our look at the answers and the insert: look again, in a new
        # snapshot. Its settlement and its answer were one commit, so that whoever got past its lease sees its answer.
        mine = attempts.c.attempt_id.in_(ids)
        answered = sa.exists().where(answers.c.request_key == attempts.c.request_key)
        self._connection.execute(attempts.delete().where(mine & answered))
        return set(self._connection.execute(sa.select(attempts.c.attempt_id).where(mine)).scalars())

    def insert_missing(self, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows that are not there yet; those whose key exists are left as they are."""
        names = ", ".join(columns)
        if self._postgresql:
            statement = (
                f"INSERT INTO {table.name} ({names}) SELECT {names} FROM"  # noqa: S608 - names of our own columns
                f" json_populate_recordset(null::{table.name}, CAST(:rows AS json)) ON CONFLICT DO NOTHING"
            )
            self._connection.execute(sa.text(statement), {"rows": _json(table, columns, rows)})
        else:
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608
            self._connection.exec_driver_sql(statement, [_plain(row) for row in rows])

    def settle(self, settled: Sequence[tuple[Settlement, datetime]]) -> None:
        """Fill in how attempts ended."""
        rows = [(*_settlement_values(settlement), at) for settlement, at in settled]
        names = _SETTLED_COLUMNS[1:]
        if self._postgresql:
            values = ", ".join(f"{name} = ended.{name}" for name in names)
            statement = (
                f"UPDATE attempts SET {values} FROM json_populate_recordset(null::attempts, CAST(:rows AS json))"  # noqa: S608
                " AS ended WHERE attempts.attempt_id = ended.attempt_id"
            )
            self._connection.execute(sa.text(statement), {"rows": _json(attempts, _SETTLED_COLUMNS, rows)})
        else:
            values = ", ".join(f"{name} = ?" for name in names)
            statement = f"UPDATE attempts SET {values} WHERE attempt_id = ?"  # noqa: S608
            self._connection.exec_driver_sql(statement, [(*_plain(row[1:]), row[0]) for row in rows])


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values as SQLAlchemy stores them on SQLite: times without a zone, in UTC."""
    return tuple(value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value for value in row)


def _json(table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> str:
    # PostgreSQL refuses NUL characters and text beyond a column's width; a server may answer both.
    widths = [getattr(table.c[name].type, "length", None) for name in columns]
    stored = [
        {
            name: value.replace("\x00", "\ufffd")[:width] if isinstance(value, str) else value
            for name, value, width in zip(columns, row, widths, strict=True)
        }
        for row in rows
    ]
    return orjson.dumps(stored, default=str).decode()
