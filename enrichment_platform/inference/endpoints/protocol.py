"""The endpoint protocol: one place that answers chat requests, and what can go wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.records import RateLimit
from enrichment_platform.spec import DataClass


@dataclass(slots=True)
class CompletionRequest:
    """One chat completion whose answer must match a JSON schema; temperature and seed as in OpenAI's API.

    `json_schema` is the same object for all requests of a task and is not changed: endpoints encode it once.
    `priority` is vLLM's: less is served earlier; only endpoints that take one are told.
    """

    messages: tuple[dict[str, str], ...]
    json_schema: dict[str, Any]
    max_output_tokens: int
    temperature: float
    seed: int
    priority: int = 0


@dataclass(slots=True)
class Completion:
    """What the endpoint answered: raw text, why it stopped, who served it, tokens, wall time in ms.

    Where `usage_known` is false the server did not say (all of) what it charges: its tokens are unknown, not 0.
    """

    text: str
    finish_reason: str
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    latency_ms: float
    refusal: str | None = None
    usage_known: bool = True


class Failure(StrEnum):
    """Why an attempt brought no answer; the retry policy decides by it."""

    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    BAD_RESPONSE = "bad_response"


# A gateway between us and the model gave up on it (502, 504, and Cloudflare's own); the model may have answered.
_GATEWAY_STATUSES = frozenset({502, 504, *range(520, 528)})


def may_be_billed(status: int | None, *, sent: bool = True) -> bool:
    """Whether a request without an answer may have been charged, so that its reservation has to stay.

    A status that the server itself gave in refusal (3xx, 4xx, 429, 500, 503) is not charged. A timeout, a reset after
    sending, a gateway's 502 or 504 and a 200 that cannot be read tell nothing about what the model did.

    Args:
        status: Of the response; None where none came.
        sent: False where the request never left.
    """
    if not sent:
        return False
    return status is None or status < 300 or status in _GATEWAY_STATUSES


class EndpointError(Exception):
    """An attempt that brought no answer. `detail` never holds row text (a server may echo the prompt).

    `sent` is false where the request certainly never left: nothing was asked, nothing is owed.
    """

    def __init__(
        self,
        failure: Failure,
        detail: str,
        status: int | None = None,
        retry_after_s: float | None = None,
        *,
        sent: bool = True,
    ) -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail
        self.status = status
        self.retry_after_s = retry_after_s
        self.sent = sent

    @property
    def may_be_billed(self) -> bool:
        """Whether the attempt may have been charged."""
        return may_be_billed(self.status, sent=self.sent)


class Endpoint(Protocol):
    """Answers chat requests. `start` is cheap to call twice; nothing is sent or loaded before it.

    Attributes:
        name: Recorded with every attempt.
        data_classes: What it may see.
        max_concurrency: Ceiling of the requests in flight.
        timeout_s: The longest that a request is waited for, in seconds.
        price: What its answers cost.
        rate_limit: Requests and tokens a minute, where there is a limit.
        takes_priority: Whether it serves requests in order of their priority.
    """

    name: str
    data_classes: frozenset[DataClass]
    max_concurrency: int
    timeout_s: float
    price: Price
    rate_limit: RateLimit | None
    takes_priority: bool

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

    def encoded(self, request: CompletionRequest) -> bytes:
        """The body that `complete` sends, so that its size is known before it is paid for; after `model_identity`.

        Raises:
            EndpointError: BAD_REQUEST, not sent: the messages hold what UTF-8 cannot carry.
        """
        ...

    async def complete(self, request: CompletionRequest, body: bytes | None = None) -> Completion:
        """Answer one request; `body` is what `encoded` gave for it, where the caller has it already.

        Raises:
            EndpointError: no answer came.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
