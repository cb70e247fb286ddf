"""Asks what the ledger does not know yet: bounded concurrency, retries by cause, fallback, durable answers."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import InitVar, dataclass, field, replace

from enrichment_platform.errors import DataClassError, EndpointUnavailableError, EnrichmentError, RunInterruptedError
from enrichment_platform.inference.answer_schema import MalformedAnswerError, read_answer
from enrichment_platform.inference.endpoints.protocol import (
    Completion,
    CompletionRequest,
    Endpoint,
    EndpointError,
    Failure,
)
from enrichment_platform.inference.interrupts import on_stop_signal
from enrichment_platform.inference.ledger import Answer, Attempt, Ledger, Settlement
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.retry import MALFORMED, TRUNCATED, wait_s
from enrichment_platform.inference.task import Question, Task, request_key

OK, REFUSED, FAILED = "ok", "refused", "failed"
WRONG_ADDRESS = (404, 405)  # no such path or no such model: no row will fare better
LONGEST_DROUGHT_S = 600.0
REFUSAL_FINISH_REASONS = ("content_filter", "refusal")


@dataclass(frozen=True)
class RowAnswer:
    """A row and its answer; `copied` rows equal an earlier row of the batch, whose request they share."""

    row_id: str
    answer: Answer
    copied: bool


@dataclass
class _Lane:
    """An endpoint with its fingerprint and its health in this batch."""

    endpoint: Endpoint
    fingerprint: str
    slots: asyncio.Semaphore
    failures_in_a_row: int = 0
    last_failure: str = ""
    answered_at: float = field(default_factory=time.monotonic)

    def give_up(self, reason: str) -> None:
        """Ask it nothing more in this batch."""
        self.failures_in_a_row = 10**9
        self.last_failure = reason

    @property
    def down(self) -> bool:
        """Whether it failed so often in a row that asking on is pointless."""
        return self.failures_in_a_row >= max(8, 2 * self.endpoint.max_concurrency)


@dataclass
class Dispatcher:
    """One batch of one partition. Answers that the ledger holds are not asked again; the rest is, each once.

    Args:
        task: What is asked.
        endpoints: In order of preference; the next one is used where one gives up.
        ledger: Where attempts and answers become durable.
        partition_key: Recorded with every attempt.
        on_progress: Called after each answer.
    """

    task: Task
    endpoints: Sequence[Endpoint]
    ledger: Ledger
    partition_key: str
    on_progress: Callable[[Progress], None] = lambda _: None
    _jitter: random.Random = field(default_factory=random.Random)
    _stopped: list[EnrichmentError] = field(default_factory=list)
    _halted: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, questions: Sequence[Question]) -> list[RowAnswer]:
        """Answer every question, in order.

        Raises:
            EndpointUnavailableError: no endpoint answers any more; what was answered is in the ledger.
        """
        lanes = await self._lanes()
        keys = [[request_key(lane.fingerprint, question) for lane in lanes] for question in questions]
        known = self.ledger.answers(key for row_keys in keys for key in row_keys)
        # Only the first endpoint's answers count as there: where it is back, a partition that fell back in part is
        # completed under one fingerprint. `_ask` looks up the others as it reaches them.
        stored = {row_keys[0]: known.get(row_keys[0]) for row_keys in keys}
        first_row: dict[str, int] = {}
        for index, row_keys in enumerate(keys):
            first_row.setdefault(row_keys[0], index)
        open_rows = [index for key, index in first_row.items() if stored[key] is None]
        progress = Progress(
            rows=len(questions),
            stored=sum(stored[row_keys[0]] is not None for row_keys in keys),
            copied=len(questions) - len(first_row),
            to_ask=len(open_rows),
        )
        self.on_progress(progress)
        asked: dict[str, Answer] = {}
        try:
            with on_stop_signal(self._stop):
                await self._ask_all(lanes, [(questions[i], keys[i]) for i in open_rows], known, asked, progress)
        finally:
            for lane in lanes:
                await lane.endpoint.close()
        answers = [asked.get(row_keys[0]) or stored[row_keys[0]] for row_keys in keys]
        return [
            RowAnswer(question.row_id, _known(answer), copied=first_row[row_keys[0]] != index)
            for index, (question, row_keys, answer) in enumerate(zip(questions, keys, answers, strict=True))
        ]

    def _stop(self) -> None:
        self._halt(RunInterruptedError("interrupted"))

    def _halt(self, error: EnrichmentError) -> None:
        self._stopped.append(error)
        self._halted.set()

    async def _lanes(self) -> list[_Lane]:
        lanes, reasons = [], []
        for endpoint in self.endpoints:
            self._may_see(endpoint)
            try:
                identity = await endpoint.model_identity()
            except EndpointUnavailableError as error:
                await endpoint.close()
                reasons.append(str(error))
                continue
            slots = asyncio.Semaphore(endpoint.max_concurrency)
            lanes.append(_Lane(endpoint, self.task.fingerprint(identity), slots))
        if not lanes:
            raise EndpointUnavailableError("; ".join(reasons))
        return lanes

    def _may_see(self, endpoint: Endpoint) -> None:
        if self.task.spec.data_class not in endpoint.data_classes:
            raise DataClassError(
                f"endpoint {endpoint.name!r} may not see {self.task.spec.data_class} rows of {self.task.spec.name};"
                f" it may see {', '.join(sorted(endpoint.data_classes))}"
            )

    async def _ask_all(
        self,
        lanes: list[_Lane],
        work: list[tuple[Question, list[str]]],
        known: Mapping[str, Answer],
        asked: dict[str, Answer],
        progress: Progress,
    ) -> None:
        pending = iter(work)

        async def worker() -> None:
            for question, keys in pending:
                if self._stopped:
                    return
                try:
                    answer = asked[keys[0]] = await self._ask(lanes, question, keys, known, progress)
                except EnrichmentError as error:
                    self._halt(error)
                    return
                progress.asked += 1
                progress.failed += answer.status == FAILED
                self.on_progress(progress)

        workers = min(len(work), sum(lane.endpoint.max_concurrency for lane in lanes))
        # Nobody is cancelled when one stops: what is in flight is paid for, so it is waited for and kept.
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(worker())
        if any(isinstance(error, RunInterruptedError) for error in self._stopped):
            # Also when the last row has been answered: whoever asked to stop does not want the next partition.
            kept = progress.asked - progress.failed
            raise RunInterruptedError(f"interrupted: {kept} answers of this run are kept; run the same command again")
        if self._stopped:
            raise self._stopped[0]
        if asked and all(_unreachable(answer) for answer in asked.values()):
            raise self._unavailable(lanes, progress)

    async def _ask(
        self, lanes: list[_Lane], question: Question, keys: list[str], known: Mapping[str, Answer], progress: Progress
    ) -> Answer:
        failed: Answer | None = None
        for lane, key in zip(lanes, keys, strict=True):
            if key in known:
                return known[key]
            if lane.down:
                continue
            async with lane.slots:
                try:
                    answer = await _Row(self, lane, question, key, progress, spent=failed).ask()
                except EndpointUnavailableError as error:
                    lane.give_up(str(error))
                    continue
            if answer.status != FAILED:
                return answer
            failed = answer
        if failed is None or (failed.finish_reason != Failure.BAD_REQUEST and all(lane.down for lane in lanes)):
            raise self._unavailable(lanes, progress)
        # No model answered, so the row does not mix fingerprints: it counts under the one that was wanted.
        return replace(failed, fingerprint=lanes[0].fingerprint, request_key=keys[0])

    def _unavailable(self, lanes: list[_Lane], progress: Progress) -> EndpointUnavailableError:
        reasons = "; ".join(f"{lane.endpoint.name}: {lane.last_failure}" for lane in lanes)
        return EndpointUnavailableError(
            f"no endpoint of pool {self.task.spec.model.pool!r} answers ({reasons});"
            f" {progress.asked - progress.failed} answers of this run are kept: run again when it is back"
        )


@dataclass
class _Row:
    """The attempts of one row on one endpoint."""

    dispatcher: Dispatcher
    lane: _Lane
    question: Question
    key: str
    progress: Progress
    spent: InitVar[Answer | None] = None
    attempts: int = 0
    tokens: tuple[int, int, int] = (0, 0, 0)
    cost_usd: float = 0.0
    latency_ms: float = 0.0

    def __post_init__(self, spent: Answer | None) -> None:
        """Go on from what another endpoint took for the row in vain."""
        if spent:
            self.attempts = spent.attempts
            self.tokens = (spent.input_tokens, spent.cached_tokens, spent.output_tokens)
            self.cost_usd, self.latency_ms = spent.cost_usd, spent.latency_ms

    async def ask(self) -> Answer:
        model = self.dispatcher.task.spec.model
        request = CompletionRequest(
            self.question.messages,
            self.dispatcher.task.json_schema,
            model.max_output_tokens,
            model.temperature,
            model.seed,
        )
        cause, retries = "first", dict[str, int]()
        while True:
            status, completion, error, again = await self._attempt(request, cause, retries)
            if again is None:
                return self._answer(status, completion, error)
            cause = status if completion is not None else str(error)
            self.progress.retries += 1
            if cause == MALFORMED:
                # Greedy decoding ignores the seed, so the retry also has to sample.
                seed, temperature = request.seed + 1, max(request.temperature, 0.5)
                request = replace(request, seed=seed, temperature=temperature)
            elif cause == TRUNCATED:
                request = replace(request, max_output_tokens=2 * request.max_output_tokens)
            # A batch that is being ended does not sit out its waits.
            with suppress(TimeoutError):
                await asyncio.wait_for(self.dispatcher._halted.wait(), again)
            if self.lane.down or self.dispatcher._stopped:
                return self._answer(status, completion, error)

    async def _attempt(
        self, request: CompletionRequest, cause: str, retries: dict[str, int]
    ) -> tuple[str, Completion | None, Failure | None, float | None]:
        """Send once: status, the completion or the failure, and the seconds to wait before a retry (None: final)."""
        owner, endpoint = self.dispatcher, self.lane.endpoint
        owner._may_see(endpoint)
        await endpoint.start()
        attempt_id = uuid.uuid4().hex
        spec = owner.task.spec
        attempt = Attempt(
            attempt_id, self.key, spec.name, owner.partition_key, self.question.row_id, endpoint.name, cause
        )
        await owner.ledger.sent(attempt)
        self.attempts += 1
        self.progress.requests += 1
        try:
            completion = await endpoint.complete(request)
        except EndpointError as error:
            wait = self._retry(retries, error.failure, error.retry_after_s)
            await owner.ledger.settled(Settlement(attempt_id, error.failure, detail=error.detail))
            self._note_failure(error)
            return FAILED, None, error.failure, wait
        self.lane.failures_in_a_row = 0
        self.lane.answered_at = time.monotonic()
        status, detail = _status(completion, owner.task)
        wait = self._retry(retries, status, None) if status in (MALFORMED, TRUNCATED) else None
        counted = (completion.input_tokens, completion.cached_tokens, completion.output_tokens)
        cost = endpoint.price.cost_usd(*counted)
        self.tokens = (
            self.tokens[0] + counted[0],
            self.tokens[1] + counted[1],
            self.tokens[2] + counted[2],
        )
        self.cost_usd += cost
        self.latency_ms += completion.latency_ms
        self.progress.input_tokens += counted[0]
        self.progress.output_tokens += counted[2]
        settlement = Settlement(
            attempt_id,
            status,
            detail,
            completion.finish_reason,
            completion.model,
            *counted,
            cost,
            completion.latency_ms,
        )
        final = self._answer(status, completion, None) if wait is None else None
        await owner.ledger.settled(settlement, final)
        return status, completion, None, wait

    def _retry(self, retries: dict[str, int], cause: str, retry_after_s: float | None) -> float | None:
        retries[cause] = retries.get(cause, 0) + 1
        return wait_s(cause, retries[cause], retry_after_s, self.dispatcher._jitter)

    def _note_failure(self, error: EndpointError) -> None:
        self.lane.last_failure = str(error)
        if error.failure is Failure.UNAUTHORIZED or error.status in WRONG_ADDRESS:
            self.lane.give_up(str(error))
        elif error.failure is Failure.RATE_LIMIT:
            # Waiting helps against it, but not for ever.
            if time.monotonic() - self.lane.answered_at > LONGEST_DROUGHT_S:
                self.lane.give_up(str(error))
        elif error.failure is not Failure.BAD_REQUEST:
            self.lane.failures_in_a_row += 1

    def _answer(self, status: str, completion: Completion | None, failure: Failure | None) -> Answer:
        spec = self.dispatcher.task.spec
        return Answer(
            request_key=self.key,
            fingerprint=self.lane.fingerprint,
            enrichment=spec.name,
            status=status,
            text=completion.text if completion else "",
            finish_reason=completion.finish_reason if completion else str(failure),
            model=completion.model if completion else "",
            endpoint=self.lane.endpoint.name,
            attempts=self.attempts,
            input_tokens=self.tokens[0],
            cached_tokens=self.tokens[1],
            output_tokens=self.tokens[2],
            cost_usd=self.cost_usd,
            latency_ms=self.latency_ms,
        )


def _unreachable(answer: Answer) -> bool:
    return answer.status == FAILED and answer.finish_reason != Failure.BAD_REQUEST


def _status(completion: Completion, task: Task) -> tuple[str, str | None]:
    """Status of an answer and, where it is not good, why; the reason never quotes the answer."""
    if completion.refusal or completion.finish_reason in REFUSAL_FINISH_REASONS:
        return REFUSED, "the model refused"
    if completion.finish_reason == "length":
        return TRUNCATED, "the answer hit its token limit"
    try:
        read_answer(completion.text, task.spec.output)
    except MalformedAnswerError as error:
        return MALFORMED, str(error)
    return OK, None


def _known(answer: Answer | None) -> Answer:
    if answer is None:  # a row that was neither stored nor asked would be a lost row
        raise AssertionError("a question was left without an answer")
    return answer
