"""An endpoint that answers as a partition was answered, with or without a fault; for the self-test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import orjson

from enrichment_platform.checks.fault_answers import Answered
from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.endpoints.protocol import Completion, CompletionRequest, EndpointError, Failure
from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.records import RateLimit
from enrichment_platform.inference.task import Task
from enrichment_platform.spec import DataClass

MODEL = "selftest"


class ReplayedEndpoint:
    """Implements `Endpoint`: knows an answer by the last message that its request holds.

    What a provider does with the order of labels, and whether it answers alike when asked twice, is not replayed: a row
    has one answer.

    Args:
        task: What is asked.
        answers: One a text.
        name: Of the endpoint that gave them: another one would be a fault of its own.
    """

    def __init__(self, task: Task, answers: Iterable[Answered], name: str) -> None:
        self.name = name
        self.data_classes: frozenset[DataClass] = frozenset(get_args(DataClass))
        self.max_concurrency = 64
        self.timeout_s = 30.0
        self.price = Price()
        self.rate_limit: RateLimit | None = None
        self.takes_priority = False
        self._answers = {_last(task, answered.columns, answered.row_id): answered for answered in answers}
        self._asked: dict[str, int] = {}

    async def model_identity(self) -> str:
        """The same for every partition and fault."""
        return MODEL

    async def start(self) -> None:
        """Nothing to make ready."""

    def encoded(self, request: CompletionRequest) -> bytes:
        """The messages as JSON."""
        return orjson.dumps(request.messages)

    async def complete(self, request: CompletionRequest, body: bytes | None = None) -> Completion:
        """The answer of the row; as many attempts fail before as it is said to have taken."""
        message = request.messages[-1]["content"]
        found = self._answers.get(message)
        if found is None:
            raise EndpointError(Failure.BAD_REQUEST, "a row that was not replayed")
        asked = self._asked[message] = self._asked.get(message, 0) + 1
        if asked < found.attempts:
            raise EndpointError(Failure.CONNECTION, "a failure that is part of the fault")
        size = len(body) if body is not None else len(self.encoded(request))
        return Completion(
            text=found.text,
            finish_reason=found.finish_reason,
            model=found.model or MODEL,
            input_tokens=size // 4,
            cached_tokens=0,
            output_tokens=len(found.text) // 4,
            latency_ms=1.0,
        )

    async def close(self) -> None:
        """Nothing to release."""


def _last(task: Task, columns: Mapping[str, Any], row_id: str) -> str:
    return task.question({**columns, "row_id": row_id}).messages[-1]["content"]


def unique_texts(task: Task, answers: Iterable[Answered]) -> list[Answered]:
    """The first of each text: rows that share one also share a request, and cannot have answers of their own."""
    found: dict[str, Answered] = {}
    for answered in answers:
        try:
            found.setdefault(_last(task, answered.columns, answered.row_id), answered)
        except EnrichmentError:
            continue  # the template fails on it, so nobody was ever asked
    return list(found.values())
