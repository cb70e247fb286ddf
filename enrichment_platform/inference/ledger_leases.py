"""Leases: an attempt that is not settled belongs to the process that wrote it, for as long as that one lives."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout

from enrichment_platform.inference.ledger_engine import among, now_s, transaction
from enrichment_platform.inference.ledger_schema import attempts, holders

_RENEWALS_PER_LEASE = 3
_SUFFIX = ".lock"


class Leases:
    """The sign of life of this process, and who else shows one.

    Processes on one SQLite file are on one machine: a file lock, which the system frees the moment a process dies,
    tells the living from the dead. On PostgreSQL a process renews one row, whatever the number of its attempts, and is
    dead when that expires.

    Lock files are made, tried and removed only inside a transaction that writes, of which SQLite allows one at a time:
    nobody can remove a file between the moment another process opens it and the moment it locks it.
    """

    def __init__(self, engine: sa.Engine, holder: str, lease_s: float) -> None:
        self._engine = engine
        self.holder = holder
        self._lease_s = lease_s
        self._renew_at = 0.0
        self._folder = Path(f"{engine.url.database}-holders") if engine.dialect.name == "sqlite" else None
        self._lock: FileLock | None = None
        with transaction(engine) as connection:
            if self._folder is not None:
                self._folder.mkdir(exist_ok=True)
                # Not local to a thread: whichever thread closes the ledger releases it.
                self._lock = FileLock(self._folder / f"{holder}{_SUFFIX}", thread_local=False)
                self._lock.acquire()
            self.renew(connection)
            self._clean(connection)
        self.renewed()

    def renewal_due_in(self) -> float:
        """Seconds until the lease should be renewed; 0 when it is due."""
        return max(self._renew_at - time.monotonic(), 0.0)

    def renew(self, connection: sa.Connection) -> None:
        """Extend the lease in the caller's transaction; call `renewed` once that is committed."""
        expires_at = now_s(connection) + self._lease_s
        mine = holders.c.holder == self.holder
        if not connection.execute(holders.update().where(mine).values(expires_at=expires_at)).rowcount:
            connection.execute(holders.insert().values(holder=self.holder, expires_at=expires_at))

    def renewed(self) -> None:
        """Count the time to the next renewal from now; also after one that failed, which is tried again then."""
        self._renew_at = time.monotonic() + self._lease_s / _RENEWALS_PER_LEASE

    def dead(self, connection: sa.Connection, suspects: Iterable[str]) -> set[str]:
        """Which of these holders do not live any more. The transaction must be one that writes."""
        others = {holder for holder in suspects if holder != self.holder}
        if not others:
            return set()
        if self._folder is not None:
            return {holder for holder in others if _is_free(self._folder / f"{holder}{_SUFFIX}")}
        alive = sa.select(holders.c.holder).where(
            holders.c.holder.in_(others), holders.c.expires_at > now_s(connection)
        )
        return others - set(connection.execute(alive).scalars())

    def settle_lost(self, connection: sa.Connection, suspects: Sequence[Any]) -> set[str]:
        """Settle as lost those of these open attempts (attempt_id, holder) whose processes died; returns their ids.

        The transaction must be one that writes.
        """
        dead = self.dead(connection, {row.holder for row in suspects})
        lost = {row.attempt_id for row in suspects if row.holder in dead}
        if lost:
            own = among(connection, attempts.c.attempt_id, lost)
            said = {"settled_at": datetime.now(UTC), "outcome": "lost", "detail": "its process died"}
            connection.execute(attempts.update().where(own, attempts.c.settled_at.is_(None)).values(said))
        return lost

    def release(self) -> None:
        """Give the lease up: attempts that are still open count as lost from now on."""
        try:
            with transaction(self._engine) as connection:
                connection.execute(holders.delete().where(holders.c.holder == self.holder))
                self._unlock()
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock = None

    def _clean(self, connection: sa.Connection) -> None:
        """Remove what processes that died have left."""
        connection.execute(holders.delete().where(holders.c.expires_at < now_s(connection)))
        for path in self._folder.glob(f"*{_SUFFIX}") if self._folder is not None else ():
            if path.stem != self.holder:
                _is_free(path)


def _is_free(path: Path) -> bool:
    """Whether no process holds a lock file; one that is free is removed."""
    if not path.exists():
        return True
    try:
        with FileLock(path, timeout=0, thread_local=False):
            path.unlink(missing_ok=True)
    except Timeout:
        return False
    return True
