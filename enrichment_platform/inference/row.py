"""A row on its way through the dispatcher: what it was asked, what it has cost, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from enrichment_platform.inference.endpoints.protocol import Completion, CompletionRequest
from enrichment_platform.inference.records import Answer, Attempt, Cap
from enrichment_platform.inference.retry import MALFORMED, TRUNCATED
from enrichment_platform.inference.task import Question, Task

OK, REFUSED, FAILED = "ok", "refused", "failed"
FIRST, FALLBACK = "first", "fallback"
PRIORITIES = {"high": -1, "normal": 0, "low": 1}  # as vLLM counts: less is served earlier
# Widths of the ledger's columns: what a server calls its model or its reason may be of any length.
_MODEL_WIDTH, _REASON_WIDTH = 255, 32


@dataclass(slots=True)
class RowAnswer:
    """A row and its answer; `values` are its typed outputs where they were read already.

    `copied`: the answer was asked for another row, of this partition or another, and has cost this one nothing.
    """

    row_id: str
    answer: Answer
    copied: bool
    values: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Spent:
    """What the attempts of a row took so far. `billable` counts those that may have cost something."""

    attempts: int = 0
    billable: int = 0
    unknown_tokens: int = 0  # reserved by requests of which nobody said what they took
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    latency_ms: float = 0.0

    def add(self, completion: Completion, cost_usd: float) -> None:
        """Count an answer."""
        self.input_tokens += completion.input_tokens
        self.cached_tokens += completion.cached_tokens
        self.output_tokens += completion.output_tokens
        self.cost_usd += cost_usd
        self.latency_ms += completion.latency_ms


@dataclass(slots=True, eq=False)
class Row:
    """A row that is not answered yet, with the rows of the batch that are equal to it."""

    question: Question
    keys: tuple[str, ...]  # by endpoint of the pool
    request: CompletionRequest
    lease_key: str = ""  # the same for all endpoints, and in all processes
    cause: str = FIRST
    body: bytes = b""
    attempt: Attempt | None = None
    caps: tuple[Cap, ...] = ()
    twins: list[str] = field(default_factory=list)
    retries: dict[str, int] = field(default_factory=dict)
    exhausted: set[int] = field(default_factory=set)
    spent: Spent = field(default_factory=Spent)
    last_failure: str | None = None

    @property
    def first_lane(self) -> int:
        """The first endpoint whose retries are not used up; the number of endpoints where none is left."""
        return next((index for index in range(len(self.keys)) if index not in self.exhausted), len(self.keys))

    @property
    def size(self) -> int:
        """Characters of the row's own message."""
        return len(self.question.messages[-1]["content"])

    def ask_again(self, cause: str) -> None:
        """Prepare the next attempt: a changed seed after a malformed answer, more room after a truncated one."""
        self.cause = cause
        self.body = b""
        if cause == MALFORMED:
            # Greedy decoding ignores the seed, so the retry also has to sample.
            seed, temperature = self.request.seed + 1, max(self.request.temperature, 0.5)
            self.request = replace(self.request, seed=seed, temperature=temperature)
        elif cause == TRUNCATED:
            self.request = replace(self.request, max_output_tokens=2 * self.request.max_output_tokens)

    def fall_back(self, lane: int, task: Task) -> None:
        """Leave an endpoint for the next one, with the request and the retries as at the start."""
        self.exhausted.add(lane)
        self.retries.clear()
        self.request = first_request(task, self.question)
        self.cause = FALLBACK
        self.body = b""

    def answer(
        self,
        task: Task,
        partition_key: str,
        lane: int,
        fingerprint: str,
        endpoint: str,
        status: str,
        completion: Completion | None,
    ) -> Answer:
        """The answer that the row ends with; without a completion it is a failure, told by its last cause."""
        spent = self.spent
        reason = completion.finish_reason if completion else self.last_failure or status
        return Answer(
            request_key=self.keys[lane],
            fingerprint=fingerprint,
            enrichment=task.spec.name,
            partition_key=partition_key,
            row_id=self.question.row_id,
            status=status,
            text=completion.text if completion else "",
            finish_reason=reason[:_REASON_WIDTH],
            model=completion.model[:_MODEL_WIDTH] if completion else "",
            endpoint=endpoint,
            attempts=spent.attempts,
            input_tokens=spent.input_tokens,
            cached_tokens=spent.cached_tokens,
            output_tokens=spent.output_tokens,
            cost_usd=spent.cost_usd,
            latency_ms=spent.latency_ms,
        )


def first_request(task: Task, question: Question) -> CompletionRequest:
    """The request of a row's first attempt."""
    model = task.spec.model
    return CompletionRequest(
        question.messages,
        task.json_schema,
        model.max_output_tokens,
        model.temperature,
        model.seed,
        PRIORITIES[task.spec.priority],
    )
