"""The endpoint protocol: one place that answers chat requests, and what can go wrong there."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from enrichment_platform.spec import DataClass


@dataclass(frozen=True)
class CompletionRequest:
    """One chat completion whose answer must match a JSON schema; temperature and seed as in OpenAI's API."""

    messages: tuple[dict[str, str], ...]
    json_schema: dict[str, Any]
    max_output_tokens: int
    temperature: float
    seed: int


@dataclass(frozen=True)
class Completion:
    """What the endpoint answered: raw text, why it stopped, who served it, tokens, wall time in ms."""

    text: str
    finish_reason: str
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    latency_ms: float
    refusal: str | None = None


class Failure(StrEnum):
    """Why an attempt brought no answer; the retry policy decides by it."""

    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    BAD_RESPONSE = "bad_response"


class EndpointError(Exception):
    """An attempt that brought no answer. `detail` never holds row text (a server may echo the prompt)."""

    def __init__(
        self, failure: Failure, detail: str, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail
        self.status = status
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    input: float = 0.0
    cached_input: float | None = field(default=None)
    output: float = 0.0

    def cost_usd(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
        """Cost of one answer; cached tokens are part of the input tokens, priced as `input` by default."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh = max(input_tokens - cached_tokens, 0)
        return (fresh * self.input + cached_tokens * cached_price + output_tokens * self.output) / 1e6


class Endpoint(Protocol):
    """Answers chat requests. `start` is cheap to call twice; nothing is sent or loaded before it."""

    name: str
    data_classes: frozenset[DataClass]
    max_concurrency: int
    price: Price

    async def model_identity(self) -> str:
        """Name and revision of the model, part of the fingerprint; must not load the model.

        Raises:
            EndpointUnavailableError: the endpoint has to be asked for it and does not answer.
        """
        ...

    async def start(self) -> None:
        """Make ready to answer (open the session, start the server, wait for health).

        Raises:
            EndpointUnavailableError: it could not be made ready; the message says why and what to do.
        """
        ...

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answer one request.

        Raises:
            EndpointError: no answer came.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
