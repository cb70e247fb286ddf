"""One run over the rows of a partition: what is read, what waits, what may be sent, when to stop."""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from enrichment_platform.errors import (
    BudgetReachedError,
    DataClassError,
    DeadlineError,
    EndpointUnavailableError,
    EnrichmentError,
    HaltedError,
    RunInterruptedError,
)
from enrichment_platform.inference.attempts import Attempts
from enrichment_platform.inference.budget import CapReached
from enrichment_platform.inference.endpoints.protocol import Endpoint
from enrichment_platform.inference.interrupts import on_stop_signal
from enrichment_platform.inference.lane import Lane
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.metrics import NoMetrics
from enrichment_platform.inference.progress import Progress, Spent
from enrichment_platform.inference.records import NANO, Admission, Answer, Attempt, Cap, Verdict
from enrichment_platform.inference.row import FAILED, Row, RowAnswer, first_request
from enrichment_platform.inference.task import Question, Task, request_key
from enrichment_platform.inference.terms import Terms

WINDOW_ROWS = 2048  # rows that are read but not answered: room to order them, and far more than any endpoint takes
WINDOW_CHARACTERS = 32_000_000
CHUNK_ROWS = 64  # rows looked up together
SLICE_S = 0.001  # longest time that reading holds up answers
HELD_AGAIN_S = 0.5  # until a row that another process is asking is looked at again
LONGEST_SLEEP_S = 0.25
SPENDING_EVERY_S = 2.0
ABANDON_EVERY_S = 1.0
STOPPED_BY_TERMS = (BudgetReachedError, DeadlineError, HaltedError)


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
        self._questions = iter(questions)
        self._open: dict[str, Row] = {}
        self._characters = 0
        self._read_all = False
        self._delayed: list[tuple[float, int, Row]] = []
        self._numbers = count()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._jitter = random.Random()  # noqa: S311 - spreads waits
        self._capped: tuple[Cap, Attempt] | None = None
        self._stopped: EnrichmentError | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._began = self._abandoned_at = time.monotonic()
        self._attempts = Attempts(self)

    def may_see(self, endpoint: Endpoint) -> None:
        """Raises DataClassError where the endpoint must not see these rows."""
        may_see(self.job.task, endpoint)

    # --- the loop -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until every row has ended, or the batch has to stop; raises as `Dispatcher.run`."""
        with on_stop_signal(self._interrupt):
            self._spawn(self._read())
            watching = asyncio.get_running_loop().create_task(self._watch_spending())
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
            watching.cancel()
        if self._stopped is None:
            self.job.ledger.defer(self.job.task.spec.name, self.job.partition_key, 0, "")
            return
        given_back = (self._take_back(lane, list(lane.admitted)) for lane in self.lanes)
        await asyncio.gather(*given_back, return_exceptions=True)
        if isinstance(self._stopped, STOPPED_BY_TERMS):
            with suppress(EnrichmentError):  # a ledger that is gone: why the batch stopped is what has to be told
                self.job.ledger.defer(self.job.task.spec.name, self.job.partition_key, self._left(), str(self._stopped))
        raise self._stopped

    async def _cancel(self) -> None:
        """Leave no request behind that nobody waits for."""
        self.halt(RunInterruptedError("cancelled;" + self._kept()))
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
        return self._stopped is not None or (self._read_all and not self._open)

    def _step(self) -> None:
        now = time.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            self._queue(heapq.heappop(self._delayed)[2], again=True)
        self._watch(now)
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
            moments += [at for at in (lane.rate_until, lane.limit.paused_until) if at > now]
            if lane.breaker.next_probe_at is not None:
                moments.append(lane.breaker.next_probe_at)
        return min([max(moment - now, 0.001) for moment in moments] + [LONGEST_SLEEP_S])

    def _watch(self, now: float) -> None:
        """Stop for the deadline, and for a pool that has not answered for too long."""
        if self._stopped is not None:
            return
        if self.job.terms.deadline_s is not None and now - self._began > self.job.terms.deadline_s:
            minutes = self.job.terms.deadline_s / 60
            self.halt(DeadlineError(f"deadline_minutes: {minutes:g} minutes have passed;" + self._kept()))
        if not self._open or any(lane.busy and not lane.started for lane in self.lanes):
            return
        dead = [lane for lane in self.lanes if lane.dead(now, self.job.terms.patience_s)]
        if len(dead) == len(self.lanes):
            self.halt(self._unavailable())
        elif dead and now > self._abandoned_at + ABANDON_EVERY_S:
            self._abandoned_at = now
            self._abandon(dead)

    def _abandon(self, dead: list[Lane]) -> None:
        """End the rows that only dead endpoints could still answer: the others have refused them."""
        gone = {lane.index for lane in dead}
        for lane in dead:
            for row in lane.waiting.take(lambda row: len(gone | row.exhausted) == len(self.lanes)):
                self._attempts.give_up(lane, row)

    async def _watch_spending(self) -> None:
        """Show what the capped scopes have spent, all processes together."""
        while True:
            capped = [cap for cap in self.job.terms.caps(time.time()) if cap.tokens or cap.nano_usd]
            if not capped:
                return
            spending = await asyncio.to_thread(self.job.ledger.spending, [cap.scope for cap in capped])
            self.job.progress.spent = [
                Spent(
                    cap.field,
                    spending[cap.scope].nano_usd / NANO,
                    None if cap.nano_usd is None else cap.nano_usd / NANO,
                    spending[cap.scope].tokens,
                    cap.tokens,
                )
                for cap in capped
            ]
            await asyncio.sleep(SPENDING_EVERY_S)

    def _unavailable(self) -> EndpointUnavailableError:
        reasons = "; ".join(f"{lane.endpoint.name}: {lane.last_failure}" for lane in self.lanes)
        return EndpointUnavailableError(
            f"no endpoint of pool {self.job.task.spec.model.pool!r} answers ({reasons});" + self._kept()
        )

    def _halted(self, reason: str) -> HaltedError:
        name = self.job.task.spec.name
        return HaltedError(
            f"{name} is halted ({reason}): `enrichment halt --list` shows by whom, `enrichment halt --lift` ends it;"
            + self._kept()
        )

    def _kept(self) -> str:
        kept = self.job.progress.asked - self.job.progress.failed
        return f" {kept} answers of this run are kept: run the same command again to go on"

    def _left(self) -> int:
        progress = self.job.progress
        return len(self._open) if progress.rows is None else progress.rows - progress.done

    def halt(self, error: EnrichmentError) -> None:
        """Send nothing more; what is in flight is paid for, so it is waited for and kept."""
        self._stopped = self._stopped or error
        self._wake.set()
        self._room.set()

    def _interrupt(self) -> None:
        if isinstance(self._stopped, RunInterruptedError):
            for task in self._sending:  # asked to stop twice: do not wait for answers either
                task.cancel()
        self._stopped = RunInterruptedError("interrupted;" + self._kept())
        self.halt(self._stopped)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._sending.discard(task)
        if not self._tasks or self._capped is not None:
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

    # --- reading --------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while self._stopped is None:
            chunk, self._read_all = self._next_chunk()
            if chunk:
                await self._take(chunk)
            if self._read_all:
                break
            await asyncio.sleep(0)
            while self._full() and self._stopped is None:
                self._room.clear()
                await self._room.wait()

    def _full(self) -> bool:
        return len(self._open) >= WINDOW_ROWS or self._characters >= WINDOW_CHARACTERS

    def _next_chunk(self) -> tuple[list[Question], bool]:
        """Some questions, and whether they were the last; reading a question may render a prompt."""
        chunk: list[Question] = []
        until = time.monotonic() + SLICE_S
        for question in self._questions:
            chunk.append(question)
            if len(chunk) >= CHUNK_ROWS or time.monotonic() > until:
                return chunk, False
        return chunk, True

    async def _take(self, chunk: list[Question]) -> None:
        """Look the questions up; what is not answered is queued, once for all rows that are equal."""
        new: list[Row] = []
        fingerprints = [lane.fingerprint for lane in self.lanes]
        for question in chunk:
            keys = tuple(request_key(fingerprint, question) for fingerprint in fingerprints)
            twin = self._open.get(keys[0])
            if twin is not None:
                twin.twins.append(question.row_id)
                continue
            row = Row(question, keys, first_request(self.job.task, question))
            self._open[keys[0]] = row
            self._characters += row.size
            new.append(row)
        wanted = 1 if self.job.terms.one_model else len(self.lanes)
        known = await asyncio.to_thread(self.job.ledger.answers, [key for row in new for key in row.keys[:wanted]])
        for row in new:
            stored = next((known[key] for key in row.keys[:wanted] if key in known), None)
            if stored is not None:
                self.finish(row, stored, None, asked=False)
            else:
                self._queue(row)
        self._wake.set()

    # --- admitting ------------------------------------------------------------------------------------------------

    def _queue(self, row: Row, *, again: bool = False) -> None:
        lane = row.first_lane
        waiting = self.lanes[lane].waiting
        if again:
            waiting.push_back(row)
        else:
            waiting.push(row)

    def retry(self, row: Row, wait_s: float) -> None:
        """Queue a row again, after a wait."""
        if wait_s <= 0:
            self._queue(row, again=True)
        else:
            heapq.heappush(self._delayed, (time.monotonic() + wait_s, next(self._numbers), row))
        self._wake.set()

    def _sources(self, lane: Lane) -> Iterator[Lane]:
        """Lanes whose waiting rows this one may take: its own, and those of endpoints before it that are down."""
        yield lane
        for before in reversed(self.lanes[: lane.index]):
            if before.open:
                return
            yield before

    def _admit(self, lane: Lane, now: float) -> None:
        wanted = lane.ahead - len(lane.admitted)
        # Half of them at once: a commit for every row would cost more than the row.
        if lane.busy or wanted <= lane.ahead // 2 or lane.rate_until > now or self._waits_for_room():
            return
        sources = [source.waiting for source in self._sources(lane) if source.waiting]
        if not sources:
            return
        if not lane.started:
            lane.busy = True
            self._spawn(self._start(lane))
            return
        rows: list[Row] = []
        refused: list[Row] = []  # by this endpoint; they wait for one before it that is down
        for waiting in sources:
            while waiting and len(rows) < wanted:
                row = waiting.pop()
                (refused if lane.index in row.exhausted else rows).append(row)
        for row in refused:
            self._queue(row, again=True)
        if rows:
            lane.busy = True
            self._spawn(self._attempts.admit(lane, rows))

    def _waits_for_room(self) -> bool:
        """Whether a cap is reached; what is in flight may cost less than was reserved for it, and leave room."""
        if self._capped is None:
            return False
        if self._sending or any(lane.admitted or lane.busy for lane in self.lanes):
            return True
        cap, wanted = self._capped
        spent = self.job.ledger.spending([cap.scope])[cap.scope]
        reached = CapReached(cap, spent.tokens, spent.nano_usd, wanted.reserved_tokens, wanted.reserved_nano_usd)
        answered = self.job.progress.asked - self.job.progress.failed
        self.halt(reached.error(self.job.task.spec.name, self.job.partition_key, answered, self._left()))
        return True

    async def _start(self, lane: Lane) -> None:
        try:
            await lane.endpoint.start()
        except EndpointUnavailableError as error:
            lane.give_up(str(error))
        finally:
            lane.started, lane.busy = True, False

    def admitted(self, lane: Lane, row: Row, admission: Admission) -> None:
        """What the ledger said of one row: it is ready to be sent, or has to wait."""
        match admission.verdict:
            case Verdict.ADMITTED:
                lane.admitted.append(row)
            case Verdict.HELD:
                self.retry(row, self._jitter.uniform(HELD_AGAIN_S / 2, HELD_AGAIN_S))
            case Verdict.LATER:
                lane.rate_until = max(lane.rate_until, time.monotonic() + admission.wait_s)
                self._queue(row, again=True)
            case Verdict.OVER:
                assert admission.cap is not None
                assert row.attempt is not None
                self._capped = (admission.cap, row.attempt)
                self._queue(row, again=True)
            case _:
                self._queue(row, again=True)
                self.halt(self._halted(admission.detail))

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
            lane.breaker.sent()
            self._sending.add(self._spawn(self._attempts.ask(lane, row, lane.limit.sent())))
        extra = len(lane.admitted) - lane.ahead
        if extra > 0 and not lane.open:
            # It went down: other endpoints may have these rows. One stays, to probe with.
            self._spawn(self._hand_back(lane, [lane.admitted.pop() for _ in range(extra)]))

    async def _hand_back(self, lane: Lane, rows: list[Row]) -> None:
        await self._take_back(lane, rows)
        for row in rows:
            self._queue(row, again=True)

    async def _take_back(self, lane: Lane, rows: list[Row]) -> None:
        """Settle rows that were admitted and are not sent after all: nothing was billed."""
        await asyncio.gather(*(self._attempts.not_sent(lane, row) for row in rows))

    def settled(self) -> None:
        """An attempt was settled: there may be room under a cap."""
        if self._capped is not None:
            self._capped = None
            self._wake.set()

    def finish(self, row: Row, answer: Answer, values: Mapping[str, Any] | None, *, asked: bool = True) -> None:
        """Emit a row with its answer, and the rows that are equal to it."""
        del self._open[row.keys[0]]
        self._characters -= row.size
        if not self._full():
            self._room.set()
        progress = self.job.progress
        mine = (answer.partition_key, answer.row_id)
        if asked:
            progress.asked += 1
            progress.failed += answer.status == FAILED
        elif mine == (self.job.partition_key, row.question.row_id) or answer.partition_key != self.job.partition_key:
            progress.stored += 1
        else:
            progress.copied += 1
        progress.copied += len(row.twins)
        for row_id in (row.question.row_id, *row.twins):
            self.job.metrics.row(answer.status)
            self.job.emit(RowAnswer(row_id, answer, mine != (self.job.partition_key, row_id), values))


def may_see(task: Task, endpoint: Endpoint) -> None:
    """Raises DataClassError where the endpoint must not see rows of the task."""
    if task.spec.data_class not in endpoint.data_classes:
        raise DataClassError(
            f"endpoint {endpoint.name!r} may not see {task.spec.data_class} rows of {task.spec.name};"
            f" it may see {', '.join(sorted(endpoint.data_classes))}"
        )
