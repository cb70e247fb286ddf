"""The OpenAI chat-completions wire format: request body, answer, and what a refused request means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from enrichment_platform.inference.endpoints.protocol import (
    Completion,
    CompletionRequest,
    EndpointError,
    Failure,
)
from enrichment_platform.inference.retry import LONGEST_RETRY_AFTER_S

TRUNCATED_REASONS = frozenset({"length", "max_tokens", "max_output_tokens", "max_length", "model_length", "incomplete"})
_IDENTIFIER = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{0,47}$")
# The provider says "429" for an empty account too, but waiting does not fill it.
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class BodyEncoder:
    """Encodes request bodies; the part that all requests of a task share, the JSON schema, only once.

    Args:
        shared: What the schema becomes in the body: the fields that hold it.
        takes_priority: Whether the server knows vLLM's field `priority`.
    """

    def __init__(
        self, shared: Callable[[dict[str, Any]], dict[str, Any]] | None = None, *, takes_priority: bool = False
    ) -> None:
        self._shared_fields = shared or response_format
        self._takes_priority = takes_priority
        # One task at a time asks an endpoint, so the last schema is the next one. The schema itself is kept, since
        # its id alone may be given to another object.
        self._last: tuple[dict[str, Any], dict[str, orjson.Fragment]] | None = None

    def encoded(self, request: CompletionRequest, model: str) -> bytes:
        """Body of POST /chat/completions for an answer that matches the request's JSON schema.

        Raises:
            EndpointError: BAD_REQUEST, the messages hold text that UTF-8 cannot carry (a lone surrogate).
        """
        body = {
            "model": model,
            "messages": request.messages,
            "max_tokens": request.max_output_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            **self._shared(request.json_schema),
        }
        if self._takes_priority:
            body["priority"] = request.priority
        try:
            return orjson.dumps(body)
        except orjson.JSONEncodeError:
            # `from None`: the encoder's own message may quote what it could not encode.
            detail = "the prompt cannot be encoded as UTF-8 JSON"
            raise EndpointError(Failure.BAD_REQUEST, detail, sent=False) from None

    def _shared(self, schema: dict[str, Any]) -> dict[str, orjson.Fragment]:
        last = self._last
        if last is None or last[0] is not schema:
            fields = self._shared_fields(schema)
            last = (schema, {name: orjson.Fragment(orjson.dumps(value)) for name, value in fields.items()})
            self._last = last
        return last[1]


def response_format(schema: dict[str, Any]) -> dict[str, Any]:
    """The field of OpenAI's API that holds a JSON schema."""
    return {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }
    }


def completion(raw: bytes, model: str, latency_ms: float) -> Completion:
    """Read the body of a 200.

    Args:
        raw: the body.
        model: recorded where the server does not name the model that answered.
        latency_ms: wall time of the request.

    Raises:
        EndpointError: BAD_RESPONSE, the body is not a chat completion.
    """
    answer = _json_object(raw)
    if answer is None:
        raise EndpointError(Failure.BAD_RESPONSE, "status 200, the body is not a JSON object", 200)
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        detail = "status 200, the body has no choices with a message"
        raise EndpointError(Failure.BAD_RESPONSE, detail + _named(_error_names(answer)), 200)
    usage = _object(answer.get("usage"))
    tokens_in, tokens_out = usage.get("prompt_tokens"), usage.get("completion_tokens")
    content, refusal = message.get("content"), message.get("refusal")
    return Completion(
        text=content if isinstance(content, str) else "",
        finish_reason=_finish_reason(_text(first.get("finish_reason"), "unknown")),
        model=_text(answer.get("model"), model),
        input_tokens=_count(tokens_in),
        cached_tokens=_count(_object(usage.get("prompt_tokens_details")).get("cached_tokens")),
        output_tokens=_count(tokens_out),
        latency_ms=latency_ms,
        refusal=refusal if isinstance(refusal, str) and refusal else None,
        usage_known=isinstance(tokens_in, int) and isinstance(tokens_out, int),
    )


def _finish_reason(given: str) -> str:
    """`length` in every word that servers have for it, in lower case."""
    reason = given.lower()
    return "length" if reason in TRUNCATED_REASONS else reason


def refused(status: int, headers: Mapping[str, str], raw: bytes, now: datetime | None = None) -> EndpointError:
    """What a status other than 200 means; of the body only short `type` and `code` identifiers are kept."""
    names = _error_names(_json_object(raw) or {})
    detail = f"status {status}{_named(names)}"
    return EndpointError(_failure(status, names), detail, status, retry_after_s(headers, now))


def first_model(raw: bytes) -> str | None:
    """Id of the first model in the answer of GET /models; None where there is none."""
    data = (_json_object(raw) or {}).get("data")
    models = data if isinstance(data, list) else []
    return next((item["id"] for item in models if isinstance(item, dict) and isinstance(item.get("id"), str)), None)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that the server asks to wait: `Retry-After-Ms`, or `Retry-After` in seconds or as a date.

    At most LONGEST_RETRY_AFTER_S, for all who wait by it: the row, the limit of the endpoint, the run's patience.
    """
    asked = _retry_after_s(headers, now)
    return None if asked is None else min(asked, LONGEST_RETRY_AFTER_S)


def _retry_after_s(headers: Mapping[str, str], now: datetime | None) -> float | None:
    milliseconds = _number(headers.get("Retry-After-Ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("Retry-After")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0)


def _failure(status: int, names: list[str]) -> Failure:
    if status in (401, 402, 403) or _NO_CREDIT.intersection(names):
        return Failure.UNAUTHORIZED
    if status == 429:
        return Failure.RATE_LIMIT
    if status == 408:
        return Failure.TIMEOUT
    return Failure.SERVER_ERROR if status >= 500 else Failure.BAD_REQUEST


def _error_names(answer: dict[str, Any]) -> list[str]:
    error = _object(answer.get("error")) or answer  # vLLM before 0.10 has no envelope
    names = [error.get("type"), error.get("code")]
    return [name for name in names if isinstance(name, str) and _IDENTIFIER.match(name)]


def _named(names: list[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _json_object(raw: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) and value else otherwise


def _count(value: Any) -> int:
    return max(value, 0) if isinstance(value, int) else 0


def _number(value: str | None) -> float | None:
    if value is None or not re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return None
    return float(value)
