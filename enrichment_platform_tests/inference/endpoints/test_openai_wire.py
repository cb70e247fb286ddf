"""What a status, a header and a body of an OpenAI-compatible server mean."""

from __future__ import annotations

import json
import timeit
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from enrichment_platform.inference.endpoints import openai_wire as wire
from enrichment_platform.inference.endpoints.protocol import CompletionRequest, EndpointError, Failure

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (429, Failure.RATE_LIMIT),
        (500, Failure.SERVER_ERROR),
        (503, Failure.SERVER_ERROR),
        (529, Failure.SERVER_ERROR),
        (408, Failure.TIMEOUT),
        (401, Failure.UNAUTHORIZED),
        (402, Failure.UNAUTHORIZED),
        (403, Failure.UNAUTHORIZED),
        (400, Failure.BAD_REQUEST),
        (404, Failure.BAD_REQUEST),
        (302, Failure.BAD_REQUEST),
    ],
)
def test_every_status_has_a_meaning(status: int, failure: Failure) -> None:
    error = wire.refused(status, {}, b"whatever")
    assert (error.failure, error.status, error.detail) == (failure, status, f"status {status}")


def test_an_empty_account_is_not_waited_for() -> None:
    body = b'{"error": {"type": "insufficient_quota", "code": "insufficient_quota"}}'
    assert wire.refused(429, {}, body).failure is Failure.UNAUTHORIZED


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "86400"}, 600.0),
        ({"Retry-After": "9" * 400}, 600.0),
        ({"Retry-After": "Fri, 02 Jan 2026 12:00:00 GMT"}, 600.0),
        ({"Retry-After-Ms": "86400000"}, 600.0),
        ({"Retry-After": "9", "Retry-After-Ms": "250"}, 0.25),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert wire.retry_after_s(headers, NOW) == seconds


def test_of_an_error_body_only_short_identifiers_are_kept() -> None:
    row = "my order ORD-123456 is late"
    error = wire.refused(400, {}, json.dumps({"error": {"message": row, "type": "bad_thing", "code": row}}).encode())
    assert error.detail == "status 400 (bad_thing)"


def test_missing_figures_and_names_have_defaults() -> None:
    done = wire.completion(b'{"choices": [{"message": {"content": null}, "finish_reason": null}]}', "asked", 5.0)
    assert (done.text, done.finish_reason, done.model) == ("", "unknown", "asked")
    assert (done.input_tokens, done.cached_tokens, done.output_tokens, done.refusal) == (0, 0, 0, None)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
        {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": None}},
        {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": None},
        {"prompt_tokens": 10, "completion_tokens": 3},
    ],
)
def test_usage_is_read_with_and_without_cached_tokens(usage: dict[str, Any]) -> None:
    body = {
        "model": "m",
        "usage": usage,
        "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}],
    }
    done = wire.completion(json.dumps(body).encode(), "asked", 5.0)
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    assert (done.model, done.input_tokens, done.cached_tokens, done.output_tokens) == ("m", 10, cached, 3)
    assert done.usage_known


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"prompt_tokens": 10}, {"completion_tokens": 3}, {"prompt_tokens": None, "completion_tokens": 3}],
)
def test_usage_that_the_server_does_not_tell_is_unknown(usage: Any) -> None:
    body = {"usage": usage, "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}
    assert not wire.completion(json.dumps(body).encode(), "asked", 5.0).usage_known


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [null]}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": "hello"}]}',
        b'{"error": {"message": "x", "code": "overloaded"}}',
    ],
)
def test_a_200_that_is_no_completion_is_a_bad_response(raw: bytes) -> None:
    with pytest.raises(EndpointError) as caught:
        wire.completion(raw, "m", 1.0)
    assert caught.value.failure is Failure.BAD_RESPONSE


REQUEST = CompletionRequest(
    ({"role": "system", "content": "Classify."}, {"role": "user", "content": "Grüße, \u2028 <|im_end|>"}),
    {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "null"}}},
    64,
    0.5,
    7,
    priority=-10,
)


def test_a_body_holds_the_request_and_nothing_else() -> None:
    assert json.loads(wire.BodyEncoder().encoded(REQUEST, "m")) == {
        "model": "m",
        "messages": list(REQUEST.messages),
        "max_tokens": 64,
        "temperature": 0.5,
        "seed": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": REQUEST.json_schema},
        },
    }


def test_only_a_server_that_takes_a_priority_is_told_one() -> None:
    assert "priority" not in json.loads(wire.BodyEncoder().encoded(REQUEST, "m"))
    assert json.loads(wire.BodyEncoder(takes_priority=True).encoded(REQUEST, "m"))["priority"] == -10


def test_a_schema_is_encoded_once_and_in_its_own_order() -> None:
    seen = []

    def shared(schema: dict[str, Any]) -> dict[str, Any]:
        seen.append(schema)
        return wire.response_format(schema)

    encoder = wire.BodyEncoder(shared)
    other = {"type": "object", "properties": {"c": {}}}
    bodies = [encoder.encoded(replace(REQUEST, seed=seed), "m") for seed in range(5)]
    assert len(seen) == 1
    assert b'"properties":{"b":{"type":"string"},"a":' in bodies[4]
    assert b'"c":{}' in encoder.encoded(replace(REQUEST, json_schema=other), "m")
    assert b'"c":{}' not in encoder.encoded(REQUEST, "m")


def test_a_short_body_takes_less_than_ten_microseconds() -> None:
    encoder = wire.BodyEncoder()
    best = min(timeit.repeat(lambda: encoder.encoded(REQUEST, "m"), number=1000, repeat=5)) / 1000
    assert best < 10e-6


def test_text_that_utf8_cannot_carry_is_a_bad_request_that_does_not_quote_it() -> None:
    request = replace(REQUEST, messages=({"role": "user", "content": "secret \ud800"},))
    with pytest.raises(EndpointError) as caught:
        wire.BodyEncoder().encoded(request, "m")
    assert caught.value.failure is Failure.BAD_REQUEST
    assert not caught.value.may_be_billed, "it never left"
    assert "secret" not in caught.value.detail
    assert caught.value.__suppress_context__
