"""The OpenAI endpoint against a real server that misbehaves when told to."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from enrichment_platform.errors import EndpointUnavailableError, InputError
from enrichment_platform.inference.endpoints import session
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint, api_url
from enrichment_platform.inference.endpoints.protocol import (
    Completion,
    CompletionRequest,
    EndpointError,
    Failure,
)
from enrichment_platform.inference.endpoints.proxied_client import ProxiedClient
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server, prompt_hash

ROW = "My parcel ORD-123456 has not arrived"
SCHEMA = {
    "type": "object",
    "properties": {
        "category": {"type": "string", "enum": ["delivery", "refund"]},
        "order_id": {"anyOf": [{"type": "string", "pattern": "^ORD-[0-9]{6}$"}, {"type": "null"}]},
    },
    "required": ["category", "order_id"],
    "additionalProperties": False,
}


def request(text: str = ROW) -> CompletionRequest:
    messages = ({"role": "system", "content": "Classify."}, {"role": "user", "content": f"body: {text}"})
    return CompletionRequest(messages, SCHEMA, 100, 0.0, 0)


@pytest.fixture(params=["lean", "aiohttp"], autouse=True)
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it holds with either client; aiohttp's is otherwise used behind a proxy only."""
    if request.param == "aiohttp":
        monkeypatch.setattr(session, "client_for", ProxiedClient)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[RunningServer]:
    with openai_server() as server:
        yield server


@pytest.fixture
def server(shared_server: RunningServer) -> RunningServer:
    shared_server.behave()
    return shared_server


def endpoint(server: RunningServer, **settings: Any) -> OpenAIEndpoint:
    return OpenAIEndpoint("fake", server.url, frozenset({"public"}), **{"timeout_s": 5.0, **settings})


def ask(endpoint: OpenAIEndpoint, *requests: CompletionRequest) -> list[Completion]:
    async def asked() -> list[Completion]:
        try:
            return await asyncio.gather(*(endpoint.complete(one) for one in requests or (request(),)))
        finally:
            await endpoint.close()

    return asyncio.run(asked())


def test_an_answer_carries_text_reason_model_and_tokens(server: RunningServer) -> None:
    (done,) = ask(endpoint(server))
    assert json.loads(done.text)["order_id"] == "ORD-123456"
    assert (done.finish_reason, done.model, done.refusal) == ("stop", "fake-model-2026-01-01", None)
    assert done.input_tokens > done.cached_tokens > 0
    assert done.output_tokens == len(done.text) // 4
    assert done.latency_ms > 0


@pytest.mark.parametrize(
    ("kind", "failure", "status"),
    [
        ("429", Failure.RATE_LIMIT, 429),
        ("500", Failure.SERVER_ERROR, 500),
        ("503", Failure.SERVER_ERROR, 503),
        ("400", Failure.BAD_REQUEST, 400),
        ("404", Failure.BAD_REQUEST, 404),
        ("401", Failure.UNAUTHORIZED, 401),
        ("403", Failure.UNAUTHORIZED, 403),
        ("reset", Failure.CONNECTION, None),
        ("hang", Failure.TIMEOUT, None),
        ("garbage", Failure.BAD_RESPONSE, 200),
        ("empty", Failure.BAD_RESPONSE, 200),
    ],
)
def test_each_failure_has_its_kind_and_quotes_no_row(
    server: RunningServer, kind: str, failure: Failure, status: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    server.behave({"kind": kind, "retry_after": "7"})
    before = server.stats()["requests"]
    with caplog.at_level(logging.DEBUG), pytest.raises(EndpointError) as caught:
        ask(endpoint(server, model="m", timeout_s=0.5))
    assert (caught.value.failure, caught.value.status) == (failure, status)
    assert caught.value.retry_after_s == (7.0 if status not in (None, 200) else None)
    assert "parcel" not in str(caught.value) + caplog.text
    assert server.stats()["requests"] == before + 1, "nothing beneath the dispatcher retries"
    assert caught.value.sent
    assert caught.value.may_be_billed is (status in (None, 200))


def test_nobody_listening_is_a_connection_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nobody = OpenAIEndpoint("gone", f"http://127.0.0.1:{port}", frozenset({"public"}), model="m")
    with pytest.raises(EndpointError) as caught:
        ask(nobody)
    assert caught.value.failure is Failure.CONNECTION
    assert not caught.value.sent, "nothing was sent, nothing is owed"


def test_a_connection_that_does_not_come_about_in_time_sends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as filler:
        filler.connect(listener.getsockname())  # the queue is full now: further packets are dropped
        port = listener.getsockname()[1]
        with socket.socket() as more:
            more.setblocking(False)
            more.connect_ex(("127.0.0.1", port))
            silent = OpenAIEndpoint("x", f"http://127.0.0.1:{port}", frozenset({"public"}), model="m", timeout_s=0.3)
            with pytest.raises(EndpointError) as caught:
                ask(silent)
    assert caught.value.failure in (Failure.CONNECTION, Failure.TIMEOUT)
    assert caught.value.sent is (caught.value.failure is Failure.TIMEOUT)


def test_a_body_that_was_encoded_before_is_sent_as_it_is(server: RunningServer) -> None:
    one = endpoint(server)

    async def scenario() -> tuple[Completion, Completion]:
        try:
            await one.model_identity()
            body = one.encoded(request())
            return await one.complete(request(), body), await one.complete(request("no order here"), body)
        finally:
            await one.close()

    first, second = asyncio.run(scenario())
    assert "ORD-123456" in first.text
    assert second.text == first.text


def test_a_body_cannot_be_known_before_the_models_name(server: RunningServer) -> None:
    with pytest.raises(RuntimeError, match="model_identity"):
        endpoint(server).encoded(request())


def test_usage_that_the_server_does_not_tell_is_unknown(server: RunningServer) -> None:
    assert ask(endpoint(server))[0].usage_known
    server.behave({"kind": "null"})
    assert not ask(endpoint(server))[0].usage_known


@pytest.mark.parametrize(
    ("kind", "finish_reason"), [("truncated", "length"), ("malformed", "stop"), ("null", "unknown")]
)
def test_a_bad_answer_is_handed_on_as_it_came(server: RunningServer, kind: str, finish_reason: str) -> None:
    server.behave({"kind": kind})
    (done,) = ask(endpoint(server))
    assert done.finish_reason == finish_reason
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.text)


def test_a_refusal_is_told_apart(server: RunningServer) -> None:
    server.behave({"kind": "refusal"})
    (done,) = ask(endpoint(server))
    assert (done.text, done.refusal) == ("", "I cannot help with that.")


def test_the_served_model_is_recorded_and_the_configured_one_identifies(server: RunningServer) -> None:
    configured = endpoint(server, model="alias")
    assert asyncio.run(configured.model_identity()) == "alias"
    assert ask(configured)[0].model == "fake-model-2026-01-01"


def test_a_configured_model_is_known_without_any_request() -> None:
    nobody = OpenAIEndpoint("x", "http://127.0.0.1:9", frozenset({"public"}), model="m")
    asyncio.run(nobody.start())
    assert asyncio.run(nobody.model_identity()) == "m"


def test_the_model_is_the_first_that_the_server_lists(server: RunningServer) -> None:
    unnamed = endpoint(server)

    async def identity() -> str:
        try:
            return await unnamed.model_identity()
        finally:
            await unnamed.close()

    assert asyncio.run(identity()) == "fake-model-2026-01-01"


def test_a_server_without_models_has_the_default_one() -> None:
    with openai_server("--model", "") as server:
        assert ask(endpoint(server))[0].finish_reason == "stop"


def test_without_model_or_server_the_error_says_what_to_do() -> None:
    nobody = OpenAIEndpoint("gpu", "http://user:secret@127.0.0.1:9", frozenset({"public"}))
    with pytest.raises(EndpointUnavailableError, match=r"'gpu' at http://127.0.0.1:9/v1.*base_url"):
        asyncio.run(nobody.start())


def test_the_key_is_sent_and_a_wrong_one_is_named() -> None:
    with openai_server("--api-key", "sk-right") as server:
        assert ask(endpoint(server, api_key="sk-right"))[0].finish_reason == "stop"
        with pytest.raises(EndpointUnavailableError, match="ENRICHMENT_API_KEY") as caught:
            asyncio.run(endpoint(server, api_key="sk-wrong").start())
        assert "sk-wrong" not in str(caught.value)


def test_a_key_that_no_header_can_hold_is_named_without_being_shown() -> None:
    with pytest.raises(InputError, match=r"'api' holds a line break.*ENRICHMENT_API_KEY") as caught:
        OpenAIEndpoint("api", "http://127.0.0.1:9", frozenset({"public"}), api_key="sk-1\r\nX: y")
    assert "sk-1" not in str(caught.value)


def test_connections_are_kept_and_bounded() -> None:
    with openai_server("--latency", "0.02") as server:
        ask(endpoint(server, max_concurrency=4), *(request(f"{ROW} {n}") for n in range(40)))
        stats = server.stats()
    assert stats["answered"] == 40
    assert stats["max_in_flight"] <= 4
    assert stats["connections"] <= 5  # one more asked for the model's name


def test_loops_come_and_go(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    gc.collect()
    caplog.clear()  # of what other tests left behind
    kept = endpoint(server)
    for _ in range(3):
        assert asyncio.run(kept.complete(request())).finish_reason == "stop"
    asyncio.run(kept.close())
    assert ask(kept)[0].finish_reason == "stop", "an endpoint may be used again after close"
    del kept
    gc.collect()
    assert "Unclosed" not in caplog.text


def test_the_bill_counts_each_prompt(server: RunningServer) -> None:
    server.reset()
    one = request("a prompt of its own")
    ask(endpoint(server), one, one, request("another"))
    assert server.stats()["prompts"][prompt_hash(list(one.messages))] == 2


def test_misbehaviour_is_bounded_by_first_and_by_share(server: RunningServer) -> None:
    server.behave({"kind": "500", "first": 2}, {"kind": "429", "share": 0.5, "seed": 1})
    kinds = []
    for _ in range(22):
        try:
            kinds.append(ask(endpoint(server, model="m"))[0].finish_reason)
        except EndpointError as error:
            kinds.append(str(error.failure))
    assert kinds[:2] == ["server_error"] * 2
    assert "server_error" not in kinds[2:]
    assert 4 <= kinds.count("rate_limit") <= 16


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/", "http://h:8000/v1"),
        ("http://h:8000/v1/", "http://h:8000/v1"),
        ("https://h/openai/deployments/x", "https://h/openai/deployments/x"),
        ("https://h/v1?api-version=2", "https://h/v1?api-version=2"),
    ],
)
def test_the_base_url_may_come_with_or_without_a_path(given: str, root: str) -> None:
    assert str(api_url(given)) == root


@pytest.mark.parametrize("given", ["", "h:8000", "ftp://h", "http://", "/v1", "http://h:port"])
def test_what_is_no_base_url_is_refused(given: str) -> None:
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:8000/v1"):
        api_url(given)
