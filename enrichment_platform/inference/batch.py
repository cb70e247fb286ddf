"""One run over the rows of a partition: what waits, what may be sent, what has ended."""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from enrichment_platform.errors import (
    DataClassError,
    EndpointUnavailableError,
    EnrichmentError,
    RunInterruptedError,
)
from enrichment_platform.inference.attempts import Attempts
from enrichment_platform.inference.endpoints.protocol import Endpoint
from enrichment_platform.inference.interrupts import on_stop_signal
from enrichment_platform.inference.lane import Lane
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.metrics import NoMetrics
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.reader import Reader
from enrichment_platform.inference.records import Admission, Answer, Verdict
from enrichment_platform.inference.row import FAILED, Row, RowAnswer
from enrichment_platform.inference.task import Question, Task
from enrichment_platform.inference.terms import Terms
from enrichment_platform.inference.watch import Watch

HELD_AGAIN_S = 0.5  # until a row that another process is asking is looked at again
LONGEST_SLEEP_S = 0.25


@dataclass(frozen=True)
class Job:
    """What a batch works on; see `Dispatcher`."""

    task: Task
    ledger: Ledger
    partition_key: str
    run_id: str
    terms: Terms
    progress: Progress
    metrics: NoMetrics
    on_progress: Callable[[Progress], None]
    emit: Callable[[RowAnswer], None]


class Batch:
    """One run of a dispatcher: reads, admits, sends, settles; all of it on one event loop."""

    def __init__(self, job: Job, lanes: list[Lane], questions: Iterable[Question]) -> None:
        self.job = job
        self.lanes = lanes
        self.reader = Reader(self, questions)
        self._watch = Watch(self)
        self._attempts = Attempts(self)
        self._delayed: list[tuple[float, int, Row]] = []
        self._numbers = count()
        self._wake = asyncio.Event()
        self._jitter = random.Random()  # noqa: S311 - spreads waits
        self._stopped: EnrichmentError | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()

    def may_see(self, endpoint: Endpoint) -> None:
        """Raises DataClassError where the endpoint must not see these rows."""
        may_see(self.job.task, endpoint)

    # --- the loop -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until every row has ended, or the batch has to stop; raises as `Dispatcher.run`."""
        with on_stop_signal(self._interrupt):
            self._spawn(self.reader.run())
            watching = asyncio.get_running_loop().create_task(self._watch.ledger())
            try:
                while not self._done():
                    self._turn()
                    timer = asyncio.get_running_loop().call_later(self._sleep_s(), self._wake.set)
                    await self._wake.wait()
                    timer.cancel()
                    self._wake.clear()
                    await asyncio.sleep(0)  # what became due together is seen together
            except asyncio.CancelledError:
                await self._cancel()
                raise
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        if self._stopped is None:
            self.job.ledger.defer(self.job.task.spec.name, self.job.partition_key, 0, "")
            return
        given_back = (self._take_back(lane, list(lane.admitted)) for lane in self.lanes)
        await asyncio.gather(*given_back, return_exceptions=True)
        with suppress(EnrichmentError):  # a ledger that is gone: why the batch stopped is what has to be told
            left = self._watch.left()
            self.job.ledger.defer(self.job.task.spec.name, self.job.partition_key, left, str(self._stopped))
        if isinstance(self._stopped, RunInterruptedError):  # what was in flight has been kept since
            raise RunInterruptedError("interrupted;" + self._watch.kept())
        raise self._stopped

    async def _cancel(self) -> None:
        """Leave no request behind that nobody waits for."""
        self.halt(RunInterruptedError("cancelled;" + self._watch.kept()))
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        given_back = (self._take_back(lane, list(lane.admitted)) for lane in self.lanes)
        await asyncio.gather(*given_back, return_exceptions=True)

    def _turn(self) -> None:
        """Whatever fails here must not leave requests behind that nobody waits for."""
        try:
            self._step()
            self.job.on_progress(self.job.progress)
        except EnrichmentError as error:
            self.halt(error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours, or of the caller's: raised when all has ended
            self._crash(error)

    def _done(self) -> bool:
        if self._tasks:
            return False
        return self._stopped is not None or (self.reader.read_all and not len(self.reader))

    def _step(self) -> None:
        now = time.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            self.queue(heapq.heappop(self._delayed)[2], again=True)
        if self._stopped is None:
            self._watch.look(now)
        for lane in self.lanes:
            self._send(lane)
        if self._stopped is None:
            for lane in self.lanes:
                self._admit(lane, now)
        progress = self.job.progress
        progress.waiting = len(self._delayed)
        for lane in self.lanes:
            progress.limits[lane.endpoint.name] = lane.limit.limit
        progress.in_flight = sum(lane.limit.in_flight for lane in self.lanes)

    def _sleep_s(self) -> float:
        now = time.monotonic()
        moments = [self._delayed[0][0]] if self._delayed else []
        for lane in self.lanes:
            due = (lane.rate_until, lane.limit.paused_until, lane.paced_until, lane.breaker.next_probe_at or 0.0)
            moments += [at for at in due if at > now]
        return min([max(moment - now, 0.001) for moment in moments] + [LONGEST_SLEEP_S])

    def abandon(self, dead: list[Lane]) -> None:
        """End the rows that only dead endpoints could still answer: the others have refused them."""
        gone = {lane.index for lane in dead}
        for lane in dead:
            for row in lane.waiting.take(len(lane.waiting), lambda row: len(gone | row.exhausted) == len(self.lanes)):
                self._attempts.give_up(lane, row)

    @property
    def stopped(self) -> bool:
        """Whether nothing more is sent."""
        return self._stopped is not None

    def has_requests(self) -> bool:
        """Whether something is in flight, or on the way there or back."""
        return bool(self._sending) or any(lane.admitted or lane.busy for lane in self.lanes)

    def wake(self) -> None:
        """Have a turn."""
        self._wake.set()

    def halt(self, error: EnrichmentError) -> None:
        """Send nothing more; what is in flight is paid for, so it is waited for and kept."""
        self._stopped = self._stopped or error
        self._wake.set()
        self.reader.wake()

    def _interrupt(self) -> None:
        if isinstance(self._stopped, RunInterruptedError):
            for task in self._sending:  # asked to stop twice: do not wait for answers either
                task.cancel()
        self._stopped = RunInterruptedError("interrupted;" + self._watch.kept())
        self.halt(self._stopped)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._sending.discard(task)
        if not self._tasks or self._watch.waiting:
            self._wake.set()
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, EnrichmentError):
            self.halt(error)
        elif error is not None:
            self._crash(error)

    def _crash(self, error: BaseException) -> None:
        # A mistake of ours: seen by the caller as it is, and not mistaken for one of the user's errors.
        failed = EnrichmentError(f"the dispatcher failed ({type(error).__name__})")
        failed.__cause__ = error
        self.halt(failed)

    # --- admitting ------------------------------------------------------------------------------------------------

    def queue(self, row: Row, *, again: bool = False) -> None:
        """Let a row wait for its turn; `again` where it had one before."""
        lane = row.first_lane
        waiting = self.lanes[lane].waiting
        if again:
            waiting.push_back(row)
        else:
            waiting.push(row)

    def retry(self, row: Row, wait_s: float) -> None:
        """Queue a row again, after a wait."""
        if wait_s <= 0:
            self.queue(row, again=True)
        else:
            heapq.heappush(self._delayed, (time.monotonic() + wait_s, next(self._numbers), row))
        self._wake.set()

    def _takes(self, lane: Lane, row: Row) -> bool:
        """Whether an endpoint may have a row now: those before it are down, or have given the row up."""
        before = self.lanes[: lane.index]
        return lane.index not in row.exhausted and not any(
            other.open and other.index not in row.exhausted for other in before
        )

    def _admit(self, lane: Lane, now: float) -> None:
        wanted = lane.wanted
        # Half of what is held ready at once: a commit for every row would cost more than the row.
        if lane.busy or wanted <= lane.ahead // 2 or lane.rate_until > now or self._watch.waits_for_room(now):
            return
        rows: list[Row] = []
        for source in reversed(self.lanes[: lane.index + 1]):
            if source.waiting and len(rows) < wanted:
                rows += source.waiting.take(wanted - len(rows), lambda row: self._takes(lane, row))
        if rows:
            lane.busy = True
            self._spawn(self._attempts.admit(lane, rows) if lane.started else self._start(lane, rows))

    async def _start(self, lane: Lane, rows: list[Row]) -> None:
        try:
            await lane.endpoint.start()
        except EndpointUnavailableError as error:
            lane.give_up(str(error))
        finally:
            lane.started, lane.busy = True, False
            for row in rows:
                self.queue(row, again=True)
            self._wake.set()

    def admitted(self, lane: Lane, row: Row, admission: Admission) -> None:
        """What the ledger said of one row: it is ready to be sent, or has to wait."""
        match admission.verdict:
            case Verdict.ADMITTED:
                row.cause = admission.detail or row.cause
                lane.admitted.append(row)
            case Verdict.HELD:
                self.retry(row, self._jitter.uniform(HELD_AGAIN_S / 2, HELD_AGAIN_S))
            case Verdict.LATER:
                lane.rate_until = max(lane.rate_until, time.monotonic() + admission.wait_s)
                self.queue(row, again=True)
            case Verdict.OVER:
                assert admission.cap is not None
                assert row.attempt is not None
                self._watch.over(admission.cap, row.attempt)
                self.queue(row, again=True)
            case _:
                self.queue(row, again=True)
                self.halt(self._watch.halted(admission.detail))

    # --- sending --------------------------------------------------------------------------------------------------

    def send(self, lane: Lane) -> None:
        """Send as many admitted rows as the endpoint takes now, and see to the next ones."""
        self._send(lane)
        if len(lane.admitted) <= lane.ahead // 2:
            self._wake.set()

    def _send(self, lane: Lane) -> None:
        if self._stopped is not None:
            return
        while lane.admitted and lane.may_send():
            row = lane.admitted.popleft()
            # Counted here and not in the task, which begins later: the next row would see a free slot.
            self._sending.add(self._spawn(self._attempts.ask(lane, row, lane.sent())))
        extra = len(lane.admitted) - lane.ahead
        if extra > 0 and not lane.open:
            # It went down: other endpoints may have these rows. One stays, to probe with.
            self._spawn(self._hand_back(lane, [lane.admitted.pop() for _ in range(extra)]))

    async def _hand_back(self, lane: Lane, rows: list[Row]) -> None:
        await self._take_back(lane, rows)
        for row in rows:
            self.queue(row, again=True)

    async def _take_back(self, lane: Lane, rows: list[Row]) -> None:
        """Settle rows that were admitted and are not sent after all: nothing was billed."""
        await asyncio.gather(*(self._attempts.not_sent(lane, row) for row in rows))

    def settled(self) -> None:
        """An attempt was settled: there may be room under a cap."""
        if self._watch.settled():
            self._wake.set()

    def finish(self, row: Row, answer: Answer, values: Mapping[str, Any] | None, *, asked: bool = True) -> None:
        """Emit a row with its answer, and the rows that are equal to it."""
        self.reader.close(row)
        progress = self.job.progress
        here = (answer.enrichment, answer.partition_key) == (self.job.task.spec.name, self.job.partition_key)
        if asked:
            progress.asked += 1
            progress.failed += answer.status == FAILED
        elif here and answer.row_id != row.question.row_id:
            progress.copied += 1
        else:
            progress.stored += 1
        progress.copied += len(row.twins)
        for row_id in (row.question.row_id, *row.twins):
            self.job.metrics.row(answer.status)
            self.job.emit(RowAnswer(row_id, answer, not (here and answer.row_id == row_id), values))


def may_see(task: Task, endpoint: Endpoint) -> None:
    """Raises DataClassError where the endpoint must not see rows of the task."""
    if task.spec.data_class not in endpoint.data_classes:
        raise DataClassError(
            f"endpoint {endpoint.name!r} may not see {task.spec.data_class} rows of {task.spec.name};"
            f" it may see {', '.join(sorted(endpoint.data_classes))}"
        )
