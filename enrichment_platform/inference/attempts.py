"""Attempts: a row is admitted by the ledger, sent, settled, and then done, tried again or handed on."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from enrichment_platform.inference.answer_schema import MalformedAnswerError, read_answer
from enrichment_platform.inference.budget import ceiling_tokens, request_over, row_over
from enrichment_platform.inference.endpoints.protocol import Completion, EndpointError, Failure
from enrichment_platform.inference.lane import Lane
from enrichment_platform.inference.limiter import Sent
from enrichment_platform.inference.records import Answer, Attempt, Settlement, Verdict, attempt_id
from enrichment_platform.inference.retry import MALFORMED, TRUNCATED, wait_s
from enrichment_platform.inference.row import FAILED, OK, REFUSED, Row
from enrichment_platform.inference.task import Task

if TYPE_CHECKING:
    from enrichment_platform.inference.batch import Batch

# Forbidden, no such path or model: as a rule no row will fare better, but a firewall may say it of a single row.
REFUSING_STATUSES = (403, 404, 405)
MOST_REFUSALS = 3  # in a row, of an endpoint that has answered before
MOST_REJECTED_ROWS = 20  # 400s in a row of an endpoint that has not answered once: it is the request, not the row
LONGEST_RECONNECT_S = 5.0
REFUSAL_FINISH_REASONS = (
    "content_filter",
    "refusal",
    "safety",
    "recitation",
    "prohibited_content",
    "blocklist",
    "spii",
)
"""OpenAI's and Anthropic's, and those of Gemini behind gateways that hand them on."""
OVER_CAP = "over_cap"  # of a request or of a row: not sent
_USAGE = ("input_tokens", "cached_tokens", "output_tokens", "cost_usd")
UNREACHED = "unreached"
NOT_SENT, CANCELLED = "not_sent", "cancelled"


class Attempts:
    """The attempts of one batch; what becomes of a row is told to the batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._partition_key = batch.job.partition_key
        self._task = batch.job.task
        self._ledger = batch.job.ledger
        self._terms = batch.job.terms
        self._progress = batch.job.progress
        self._metrics = batch.job.metrics
        self._jitter = random.Random()  # noqa: S311 - spreads waits

    async def admit(self, lane: Lane, rows: list[Row]) -> None:
        """Ask the ledger's leave for rows, and sort them by its verdicts."""
        try:
            caps = tuple(self._terms.caps(time.time()))
            asking = [row for row in rows if self._prepared(lane, row, caps)]
            attempts = [row.attempt for row in asking if row.attempt is not None]
            admissions = await self._ledger.admit(attempts, caps, lane.endpoint.rate_limit) if attempts else []
            answered: list[Row] = []
            for row, admission in zip(asking, admissions, strict=True):
                if admission.verdict is Verdict.ANSWERED:
                    answered.append(row)
                else:
                    self._batch.admitted(lane, row, admission)
            # Last, as this may fail: whatever was admitted is in the batch's hands by now.
            if answered:
                await self._take(answered)
        finally:
            lane.busy = False
        self._batch.send(lane)

    async def _take(self, answered: list[Row]) -> None:
        known = await asyncio.to_thread(self._ledger.answers, [key for row in answered for key in row.keys])
        for row in answered:
            stored = next((known[key] for key in row.keys if key in known), None)
            if stored is not None:
                self._batch.finish(row, stored, None, asked=False)
            else:  # forgotten again in this moment (a replay): ask
                self._batch.retry(row, 0)

    def _prepared(self, lane: Lane, row: Row, caps: tuple[Any, ...]) -> bool:
        """Write the attempt that a row wants to make; False where it cannot be made, and the row has ended."""
        self._batch.may_see(lane.endpoint)
        try:
            row.body = row.body or lane.endpoint.encoded(row.request)
        except EndpointError as error:
            row.last_failure = str(error.failure)
            self.give_up(lane, row)
            return False
        request, price = row.request, lane.endpoint.price
        input_tokens, output_tokens = ceiling_tokens(len(row.body), 0), request.max_output_tokens
        if self._over(row, output_tokens):
            row.last_failure = OVER_CAP
            self.give_up(lane, row)
            return False
        row.caps = caps
        row.attempt = Attempt(
            attempt_id(),
            row.keys[lane.index],
            lane.fingerprint,
            self._task.spec.name,
            self._partition_key,
            row.question.row_id,
            self._batch.job.run_id,
            lane.endpoint.name,
            row.cause,
            input_tokens + output_tokens,
            # It may end last and alone, and then the whole time was its own.
            price.ceiling_nano_usd(input_tokens, output_tokens, lane.endpoint.timeout_s if price.gpu_hour_usd else 0.0),
            lease_key=row.lease_key,
            known_as=row.keys,
            temperature=request.temperature,
            seed=request.seed,
            max_output_tokens=request.max_output_tokens,
        )
        return True

    def _over(self, row: Row, output_tokens: int) -> bool:
        """Whether a request with so many output tokens would break a cap of the request or of the row."""
        spec, reserved = self._task.spec, ceiling_tokens(len(row.body), output_tokens)
        taken = row.spent.input_tokens + row.spent.output_tokens + row.spent.unknown_tokens
        return bool(request_over(spec, reserved) or row_over(spec, row.spent.billable, taken + reserved))

    async def ask(self, lane: Lane, row: Row, sent: Sent) -> None:
        """Send an admitted row, settle it, and tell the batch what comes next."""
        share = lane.share.start()
        row.spent.attempts += 1
        self._progress.requests += 1
        if row.cause != "first":
            self._progress.retries[row.cause] += 1
        began = time.monotonic()
        try:
            completion = await lane.endpoint.complete(row.request, row.body)
        except EndpointError as error:
            lane.share.finish(share)
            lane.unsettled += 1
            self._note_failure(lane, sent, error)
            self._batch.send(lane)
            await self._failed(lane, row, error, time.monotonic() - began)
        except BaseException:
            # Cancelled: it may have been answered, and billed.
            lane.share.finish(share)
            lane.limit.cancelled(sent)
            lane.unsettled += 1
            await self._settle(lane, row, self._settlement(row, CANCELLED, billed=True, detail="not waited for"))
            raise
        else:
            busy_s = lane.share.finish(share)
            lane.unsettled += 1
            lane.limit.answered(sent)
            lane.heard()
            lane.answered_once, lane.refusals = True, 0
            self._batch.send(lane)
            await self._answered(lane, row, completion, busy_s)

    async def not_sent(self, lane: Lane, row: Row) -> None:
        """Settle a row that was admitted and is not sent after all."""
        lane.unsettled += 1
        await self._settle(lane, row, self._settlement(row, NOT_SENT, billed=False))

    async def _answered(self, lane: Lane, row: Row, completion: Completion, busy_s: float) -> None:
        status, detail, values = judged(completion, self._task)
        counted = (completion.input_tokens, completion.cached_tokens, completion.output_tokens)
        cost = lane.endpoint.price.cost_usd(*counted, busy_s)
        known = completion.usage_known
        row.spent.billable += 1
        if known:
            progress = self._progress
            row.spent.add(completion, cost)
            progress.input_tokens += counted[0]
            progress.cached_tokens += counted[1]
            progress.output_tokens += counted[2]
            progress.cost_usd += cost
        elif row.attempt is not None:
            row.spent.unknown_tokens += row.attempt.reserved_tokens
            row.spent.latency_ms += completion.latency_ms
        settlement = self._settlement(
            row,
            status,
            billed=True,
            detail=detail,
            finish_reason=completion.finish_reason[:32],
            model=completion.model[:255],
            input_tokens=counted[0] if known else None,
            cached_tokens=counted[1] if known else None,
            output_tokens=counted[2] if known else None,
            cost_usd=cost if known else None,
            latency_ms=completion.latency_ms,
        )
        wait = self._wait(row, status, None) if status in (MALFORMED, TRUNCATED) else None
        next_tokens = row.request.max_output_tokens * (2 if status == TRUNCATED else 1)
        # Where the next request would not fit under a cap this answer is the last: it is paid for, so it is kept.
        if wait is not None and not self._over(row, next_tokens):
            await self._settle(lane, row, settlement)
            row.ask_again(status)
            self._batch.retry(row, wait)
            return
        answer = self._answer(lane, row, status, completion)
        stored = await self._settle(lane, row, settlement, answer)
        # Another process may have answered first: then its answer is the one that everybody reads.
        mine = stored is None or stored == answer
        self._batch.finish(row, answer if mine or stored is None else stored, values if mine else None)

    async def _failed(self, lane: Lane, row: Row, error: EndpointError, seconds: float) -> None:
        row.last_failure = str(error.failure)
        row.spent.billable += error.may_be_billed
        if error.may_be_billed and row.attempt is not None:
            row.spent.unknown_tokens += row.attempt.reserved_tokens
        settlement = self._settlement(
            row, error.failure, billed=error.may_be_billed, detail=error.detail, latency_ms=seconds * 1000
        )
        await self._settle(lane, row, settlement)
        # An outage is not the row's fault: what fails while the endpoint is down, or cannot be reached, does not use up
        # its retries.
        down = not lane.open and error.failure not in (Failure.BAD_REQUEST, Failure.UNAUTHORIZED)
        wait: float | None
        if error.failure is Failure.UNAUTHORIZED and not lane.given_up:
            wait = None
        elif (down or not error.sent) and self._chances_left(row):
            wait = 0.0 if down else self._reconnect_s(row)
        else:
            wait = self._wait(row, error.failure, error.retry_after_s)
        if wait is None:
            self._hand_on(lane, row)
        else:
            row.ask_again(str(error.failure))
            self._batch.retry(row, wait)

    def _reconnect_s(self, row: Row) -> float:
        """Seconds to wait after a connection that could not be opened; `patience_s` ends this, not a count."""
        row.retries[UNREACHED] = row.retries.get(UNREACHED, 0) + 1
        return self._jitter.uniform(0, min(0.5 * 2 ** min(row.retries[UNREACHED] - 1, 8), LONGEST_RECONNECT_S))

    def _hand_on(self, lane: Lane, row: Row) -> None:
        """The endpoint's retries are used up: the next one has its turn, or the row has failed."""
        row.fall_back(lane.index, self._task)
        if row.first_lane < len(row.keys) and self._chances_left(row):
            self._batch.retry(row, 0)
        else:
            self.give_up(lane, row)

    def give_up(self, lane: Lane, row: Row) -> None:
        """End a row that no endpoint has answered, with the reason of its last failure."""
        # No model answered, so the row mixes no fingerprints: it counts under the one that was wanted.
        first = self._batch.lanes[0]
        answer = row.answer(self._task, self._partition_key, 0, first.fingerprint, lane.endpoint.name, FAILED, None)
        self._batch.finish(row, answer, None)

    def _wait(self, row: Row, cause: str, retry_after_s: float | None) -> float | None:
        if not self._chances_left(row):
            return None
        row.retries[cause] = row.retries.get(cause, 0) + 1
        return wait_s(self._terms.rules, cause, row.retries[cause], retry_after_s, self._jitter)

    def _chances_left(self, row: Row) -> bool:
        return row.spent.billable < self._task.spec.budget.row.attempts

    def _note_failure(self, lane: Lane, sent: Sent, error: EndpointError) -> None:
        lane.last_failure = str(error)
        if error.failure is Failure.UNAUTHORIZED or error.status in REFUSING_STATUSES:
            lane.limit.cancelled(sent)
            lane.refusals += 1
            if not lane.answered_once or lane.refusals >= MOST_REFUSALS or error.status not in REFUSING_STATUSES:
                wrong = "; see its base_url and its model" if error.status in (404, 405) else ""
                lane.give_up(f"{error}{wrong}")
        elif error.failure is Failure.RATE_LIMIT or error.status == 503:
            lane.unheard(sent)
            lane.excuse(error.retry_after_s)
            lane.limit.rejected(sent, error.retry_after_s)
            if error.status == 503:  # too much, or an outage: as long as it answers others, the first
                lane.breaker.failed(lane.failures_to_open, sent_at=sent.at)
            else:
                lane.breaker.rejected(sent_at=sent.at)
        elif error.failure in (Failure.BAD_REQUEST, Failure.BAD_RESPONSE):
            lane.limit.answered(sent)  # it is alive, whatever it thinks of this row
            lane.heard()
            lane.rejected_rows += error.failure is Failure.BAD_REQUEST
            if not lane.answered_once and lane.rejected_rows >= MOST_REJECTED_ROWS:
                lane.give_up(f"it refused the first {lane.rejected_rows} requests: {error}")
        else:
            lane.unheard(sent)
            lane.limit.failed(sent, timed_out=error.failure is Failure.TIMEOUT)
            lane.breaker.failed(lane.failures_to_open, sent_at=sent.at)

    def _settlement(self, row: Row, outcome: str, *, billed: bool, **told: Any) -> Settlement:
        assert row.attempt is not None
        # What was not billed has taken nothing; None would mean that nobody knows.
        taken = {} if billed else dict.fromkeys(_USAGE, 0)
        return Settlement(row.attempt, str(outcome), billed, **taken | told)

    async def _settle(
        self, lane: Lane, row: Row, settlement: Settlement, answer: Answer | None = None
    ) -> Answer | None:
        try:
            stored = await self._ledger.settle(settlement, answer, row.caps, lane.endpoint.rate_limit)
        finally:
            lane.unsettled -= 1
        row.attempt = None
        latency_s = None if settlement.latency_ms is None else settlement.latency_ms / 1000
        self._metrics.request(
            lane.endpoint.name,
            settlement.attempt.cause,
            settlement.outcome,
            latency_s,
            settlement.input_tokens,
            settlement.cached_tokens,
            settlement.output_tokens,
            settlement.cost_usd,
        )
        self._batch.settled()
        self._batch.send(lane)
        return stored

    def _answer(self, lane: Lane, row: Row, status: str, completion: Completion) -> Answer:
        return row.answer(
            self._task,
            self._partition_key,
            lane.index,
            lane.fingerprint,
            lane.endpoint.name,
            status,
            completion,
        )


def judged(completion: Completion, task: Task) -> tuple[str, str | None, dict[str, Any] | None]:
    """Status of an answer; where it is not good, why, which never quotes the answer; where it is, its values."""
    if completion.refusal or completion.finish_reason in REFUSAL_FINISH_REASONS:
        return REFUSED, "the model refused", None
    if completion.finish_reason == "length":
        return TRUNCATED, "the answer hit its token limit", None
    try:
        return OK, None, read_answer(completion.text, task.spec.output)
    except MalformedAnswerError as error:
        return MALFORMED, str(error), None
