"""When a batch has to stop: deadline, kill switch, a pool that does not answer, a cap that is reached."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from enrichment_platform.errors import DeadlineError, EndpointUnavailableError, EnrichmentError, HaltedError
from enrichment_platform.inference.budget import CapReached
from enrichment_platform.inference.lane import Lane
from enrichment_platform.inference.progress import Spent
from enrichment_platform.inference.records import NANO, Attempt, Cap

if TYPE_CHECKING:
    from enrichment_platform.inference.batch import Batch

LEDGER_EVERY_S = 2.0
ABANDON_EVERY_S = 1.0
SHARE_WINDOW_S = 4.0  # of the answers that tell who uses how much of an endpoint
STILL_S = 5.0  # a counter that others hold reservations in has to stand still so long before a cap counts as reached


class Watch:
    """Looks at the clock, the lanes and the ledger, and halts the batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._job = batch.job
        self._began = self._abandoned_at = time.monotonic()
        self._capped: tuple[Cap, Attempt] | None = None
        self._still: tuple[int, int, float] | None = None  # tokens, nano US dollars, since when

    def look(self, now: float) -> None:
        """Stop for the deadline, and for a pool that has not answered for too long."""
        terms, lanes = self._job.terms, self._batch.lanes
        if terms.deadline_s is not None and now - self._began > terms.deadline_s:
            minutes = terms.deadline_s / 60
            self._batch.halt(DeadlineError(f"deadline_minutes: {minutes:g} minutes have passed;" + self.kept()))
        if not len(self._batch.reader) or any(lane.busy and not lane.started for lane in lanes):
            return
        dead = [lane for lane in lanes if lane.dead(now, terms.patience_s)]
        if len(dead) == len(lanes):
            self._batch.halt(self._unavailable())
        elif dead and now > self._abandoned_at + ABANDON_EVERY_S:
            self._abandoned_at = now
            self._batch.abandon(dead)

    async def ledger(self) -> None:
        """Every two seconds: the kill switch, and what the capped scopes have spent, all processes together."""
        while True:
            try:
                await self._look_at_ledger()
            except EnrichmentError as error:  # whoever writes next meets it too, and is told
                self._batch.halt(error)
                return
            await asyncio.sleep(LEDGER_EVERY_S)

    async def _look_at_ledger(self) -> None:
        capped = [
            cap for cap in self._job.terms.caps(time.time()) if cap.tokens is not None or cap.nano_usd is not None
        ]
        for halt in await asyncio.to_thread(self._job.ledger.halts):
            if halt["scope"] in ("*", self._job.task.spec.name):
                self._batch.halt(self.halted(halt["reason"]))
        for lane in self._batch.lanes:
            if lane.limit.in_flight or lane.limit.paused_until:
                await self._share(lane)
        if not capped:
            return
        spending = await asyncio.to_thread(self._job.ledger.spending, [cap.scope for cap in capped])
        self._job.progress.spent = [
            Spent(
                cap.field,
                spending[cap.scope].nano_usd / NANO,
                None if cap.nano_usd is None else cap.nano_usd / NANO,
                spending[cap.scope].tokens,
                cap.tokens,
            )
            for cap in capped
        ]

    async def _share(self, lane: Lane) -> None:
        """Tell the lane's limit what its part of the endpoint is, where other processes ask it too."""
        window_s = max(SHARE_WINDOW_S, 3 * lane.limit.latency_s)
        work = await asyncio.to_thread(self._job.ledger.askers, lane.endpoint.name, window_s)
        if len(work) > (self._job.ledger.holder in work):
            mine = work.pop(self._job.ledger.holder, 0.0)
            lane.limit.share_room(mine / window_s, sum(work.values()) / window_s, len(work) + 1)

    # --- caps -----------------------------------------------------------------------------------------------------

    def over(self, cap: Cap, wanted: Attempt) -> None:
        """A request did not fit under a cap; what is in flight may cost less than was reserved for it."""
        self._capped = (cap, wanted)

    @property
    def waiting(self) -> bool:
        """Whether a request waits for room under a cap."""
        return self._capped is not None

    def settled(self) -> bool:
        """An attempt was settled, so there may be room again; whether anything waited for that."""
        waited = self._capped is not None
        self._capped = self._still = None
        return waited

    def waits_for_room(self, now: float) -> bool:
        """Whether to admit nothing now; halts where a cap is reached, by this process or by all together."""
        if self._capped is None:
            return False
        if self._batch.has_requests():
            return True
        cap, wanted = self._capped
        spent = self._job.ledger.spending([cap.scope])[cap.scope]
        if self._still is None or self._still[:2] != (spent.tokens, spent.nano_usd):
            self._still = (spent.tokens, spent.nano_usd, now)
            self._capped = None  # others may have settled since: ask once more
            return False
        if now - self._still[2] < STILL_S and self._job.ledger.others_ask():
            return True
        reached = CapReached(cap, spent.tokens, spent.nano_usd, wanted.reserved_tokens, wanted.reserved_nano_usd)
        answered = self._job.progress.asked - self._job.progress.failed
        self._batch.halt(reached.error(self._job.task.spec.name, self._job.partition_key, answered, self.left()))
        return True

    # --- what to say ----------------------------------------------------------------------------------------------

    def left(self) -> int:
        """Rows that are not answered."""
        progress = self._job.progress
        return len(self._batch.reader) if progress.rows is None else progress.rows - progress.done

    def kept(self) -> str:
        """What a person should know of a batch that stops."""
        kept = self._job.progress.asked - self._job.progress.failed
        return f" {kept} answers of this run are kept: run the same command again to go on"

    def halted(self, reason: str) -> HaltedError:
        """The kill switch is on."""
        return HaltedError(
            f"{self._job.task.spec.name} is halted ({reason}): `enrichment halt --list` shows what is;"
            " `enrichment halt --lift NAME` ends it, without NAME where everything is halted;" + self.kept()
        )

    def _unavailable(self) -> EndpointUnavailableError:
        def told(lane: Lane) -> str:
            return f"{lane.endpoint.name}: {lane.last_failure}"

        reasons = "; ".join(map(told, self._batch.lanes))
        return EndpointUnavailableError(
            f"no endpoint of pool {self._job.task.spec.model.pool!r} answers ({reasons});" + self.kept()
        )
