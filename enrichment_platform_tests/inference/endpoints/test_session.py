"""The session: a proxy of the environment is used, asked for once, and not for what is on this machine."""

from __future__ import annotations

import asyncio
import base64
import threading

import pytest
from yarl import URL

from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
from enrichment_platform.inference.endpoints.protocol import CompletionRequest, EndpointError, Failure
from enrichment_platform.inference.endpoints.session import environment_proxy

ANSWER = b'{"model": "m", "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}'
REQUEST = CompletionRequest(({"role": "user", "content": "x"},), {}, 1, 0.0, 0)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_the_proxy_is_that_of_the_scheme_unless_the_host_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment_proxy(URL("http://api.example.com/v1")) is None
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert environment_proxy(URL("https://api.example.com/v1")) == URL("http://proxy:3128")
    assert environment_proxy(URL("http://api.example.com/v1")) is None
    monkeypatch.setenv("no_proxy", "example.com,10.0.0.1")
    assert environment_proxy(URL("https://api.example.com/v1")) is None


def test_requests_go_through_the_proxy_without_a_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            heads.append(head)
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)

    async def scenario() -> int:
        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("http_proxy", f"http://ann:secret@127.0.0.1:{port}")
        endpoint = OpenAIEndpoint("api", "http://api.invalid", frozenset({"public"}), model="m", api_key="k")
        await endpoint.complete(REQUEST)
        threads = threading.active_count()
        await asyncio.gather(*(endpoint.complete(REQUEST) for _ in range(10)))
        await endpoint.close()
        server.close()
        return threading.active_count() - threads

    assert asyncio.run(scenario()) == 0
    assert len(heads) == 11
    assert heads[0].startswith(b"POST http://api.invalid/v1/chat/completions HTTP/1.1")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"ann:secret") in heads[0]


def test_a_proxy_that_refuses_has_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    async def scenario() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        endpoint = OpenAIEndpoint("api", "https://api.invalid", frozenset({"public"}), model="m")
        try:
            await endpoint.complete(REQUEST)
        finally:
            await endpoint.close()
            server.close()

    with pytest.raises(EndpointError) as caught:
        asyncio.run(scenario())
    assert caught.value.failure is Failure.CONNECTION
    assert not caught.value.may_be_billed


def test_a_server_on_this_machine_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    async def scenario() -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        endpoint = OpenAIEndpoint("gpu", f"http://localhost:{port}", frozenset({"public"}), model="m")
        try:
            return (await endpoint.complete(REQUEST)).finish_reason
        finally:
            await endpoint.close()
            server.close()

    assert asyncio.run(scenario()) == "stop"
