"""Leases: an attempt that is not settled belongs to the process that wrote it, for as long as that one lives."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout

from enrichment_platform.inference.ledger_engine import transaction
from enrichment_platform.inference.ledger_schema import holders

_RENEWALS_PER_LEASE = 3


class Leases:
    """The sign of life of this process, and who else shows one.

    A process renews one row, whatever the number of its attempts. Processes on one SQLite file are on one machine: a
    file lock, which the system frees the moment a process dies, tells of the dead at once. Elsewhere leases expire.
    """

    def __init__(self, engine: sa.Engine, holder: str, lease_s: float) -> None:
        self._engine = engine
        self.holder = holder
        self._lease_s = lease_s
        self._folder = _lock_folder(engine)
        self._lock: FileLock | None = None
        if self._folder is not None:
            self._folder.mkdir(exist_ok=True)
            self._lock = FileLock(self._folder / f"{holder}.lock")
            self._lock.acquire()
        self._renew_at = 0.0
        with transaction(engine) as connection:
            self.renew(connection)

    def renewal_due_in(self) -> float:
        """Seconds until the lease should be renewed; 0 when it is due."""
        return max(self._renew_at - time.monotonic(), 0.0)

    def renew(self, connection: sa.Connection) -> None:
        """Extend the lease where that is due, in the caller's transaction."""
        if self.renewal_due_in() > 0:
            return
        expires_at = time.time() + self._lease_s
        mine = holders.c.holder == self.holder
        if not connection.execute(holders.update().where(mine).values(expires_at=expires_at)).rowcount:
            connection.execute(holders.insert(), {"holder": self.holder, "expires_at": expires_at})
        self._renew_at = time.monotonic() + self._lease_s / _RENEWALS_PER_LEASE

    def dead(self, connection: sa.Connection, suspects: Iterable[str]) -> set[str]:
        """Which of these holders show no sign of life any more."""
        others = {holder for holder in suspects if holder != self.holder}
        if not others:
            return set()
        alive = sa.select(holders.c.holder).where(holders.c.holder.in_(others), holders.c.expires_at > time.time())
        living = set(connection.execute(alive).scalars())
        return {holder for holder in others if holder not in living or self._lock_is_free(holder)}

    def release(self) -> None:
        """Give the lease up: attempts that are still open count as lost from now on."""
        with transaction(self._engine) as connection:
            connection.execute(holders.delete().where(holders.c.holder == self.holder))
        if self._lock is not None:
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)

    def _lock_is_free(self, holder: str) -> bool:
        if self._folder is None:
            return False
        path = self._folder / f"{holder}.lock"
        if not path.exists():
            return True
        try:
            with FileLock(path, timeout=0):
                path.unlink(missing_ok=True)
        except Timeout:
            return False
        return True


def _lock_folder(engine: sa.Engine) -> Path | None:
    return Path(f"{engine.url.database}-holders") if engine.dialect.name == "sqlite" else None
