"""What goes wrong on the wire becomes the right failure, and quotes neither row nor host."""

from __future__ import annotations

import asyncio
import gzip
import socket
from typing import Any

import pytest
from yarl import URL

from enrichment_platform.inference.endpoints.http_client import HttpClient
from enrichment_platform.inference.endpoints.protocol import EndpointError, Failure
from enrichment_platform_tests.inference.endpoints.http_clients import (
    ClientOf,
    Run,
    asked,
    both,
    failure,
    lean,
)
from enrichment_platform_tests.inference.endpoints.raw_server import OK, RawServer, raw_server


@both
@pytest.mark.parametrize(
    "sent", [b"SSH-2.0-OpenSSH_9\r\n", b"\x15\x03\x01\x00\x02", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"]
)
def test_a_peer_that_does_not_speak_http_gave_a_bad_response(run: Run, client_of: ClientOf, sent: bytes) -> None:
    (answer,), _ = run(lambda: asked(sent, client_of))
    assert failure(answer) == (Failure.BAD_RESPONSE, True)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000,
        b"HTTP/1.1 103 Hint\r\n\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
    ],
    ids=["upgrade", "long head", "endless hints", "bad chunk", "smuggling"],
)  # fmt: skip
def test_what_no_client_should_read_on_is_a_bad_response(run: Run, sent: bytes) -> None:
    (answer,), _ = run(lambda: asked(sent))
    assert failure(answer) == (Failure.BAD_RESPONSE, True)


@both
def test_a_body_without_bound_is_cut(run: Run, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enrichment_platform.inference.endpoints.http_connection.MAX_BODY_BYTES", 1_000_000)
    monkeypatch.setattr("enrichment_platform.inference.endpoints.proxied_client.MAX_BODY_BYTES", 1_000_000)

    async def flood(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            writer.write(bytes(100_000))
            await writer.drain()

    (answer,), _ = run(lambda: asked(flood, client_of))
    assert failure(answer) == (Failure.BAD_RESPONSE, True)


@both
@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
             b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"],
)  # fmt: skip
@pytest.mark.parametrize("reset", [False, True])
def test_half_a_response_is_a_lost_connection(run: Run, client_of: ClientOf, sent: bytes, reset: bool) -> None:
    async def half(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(sent)
        await writer.drain()
        if reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort() if reset else writer.close()

    (answer,), server = run(lambda: asked(half, client_of))
    assert failure(answer) == (Failure.CONNECTION, True)
    assert len(server.bodies) == 1, "nothing is sent twice beneath the dispatcher"


@both
def test_a_silent_or_slow_server_is_a_timeout_and_its_connection_is_dropped(run: Run, client_of: ClientOf) -> None:
    async def drip(writer: asyncio.StreamWriter, number: int) -> None:
        for byte in OK if number or server.connections > 1 else b"":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async def scenario() -> tuple[list[Any], float]:
        nonlocal server
        async with raw_server(drip) as server:
            client = client_of(server.url, timeout_s=0.3)
            started = asyncio.get_running_loop().time()
            tasks = [client.request("POST", server.url, b"row") for _ in range(2)]
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            took = asyncio.get_running_loop().time() - started
            await asyncio.sleep(0.1)
            assert server.open == 0
            await client.close()
        return answers, took

    server: RawServer
    answers, took = run(scenario)
    assert [failure(answer) for answer in answers] == [(Failure.TIMEOUT, True)] * 2
    assert 0.28 < took < 5


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [(b"br", b"text"), (b"gzip", b"text"), (b"gzip", gzip.compress(b"text", mtime=0)[:-3]), (b"gzip, gzip", b"x"),
     (b"gzip", gzip.compress(bytes(65 * 1024 * 1024), 9, mtime=0))],
    ids=["unknown", "damaged", "cut", "twice", "bomb"],
)  # fmt: skip
def test_a_compressed_body_that_cannot_be_read_hides_no_status(run: Run, encoding: bytes, encoded: bytes) -> None:
    sent = b"HTTP/1.1 %d X\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b"
    (answer,), _ = run(lambda: asked(sent % (200, encoding, len(encoded), encoded)))
    assert failure(answer) == (Failure.BAD_RESPONSE, True)
    assert answer.status == 200
    (answer,), _ = run(lambda: asked(sent % (429, encoding, len(encoded), encoded)))
    assert (answer.status, answer.body) == (429, b"")


@both
@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70 + ".invalid"])
def test_a_host_that_is_not_there_was_sent_nothing(run: Run, client_of: ClientOf, host: str) -> None:
    async def scenario() -> EndpointError:
        client = client_of(URL(f"http://ann:secret@{host}/v1"))
        with pytest.raises(EndpointError) as caught:
            await client.request("POST", URL(f"http://{host}/v1"), b"row")
        await client.close()
        return caught.value

    error = run(scenario)
    assert failure(error) == (Failure.CONNECTION, False)
    assert "invalid" not in str(error)


def test_a_line_break_cannot_end_a_header_or_the_request_line(run: Run) -> None:
    async def scenario() -> None:
        async with raw_server(OK) as server:
            for url, headers in (
                (URL(f"{server.url}/a\r\nX: y", encoded=True), {}),
                (server.url, {"X": "a\r\nY: b"}),
                (server.url, {"X\r\nY": "b"}),
            ):
                with pytest.raises(ValueError, match="character"):
                    await HttpClient(server.url, headers, 1, 1.0).request("GET", url)
            with pytest.raises(ValueError, match="another"):
                await lean(server.url).request("GET", URL("http://elsewhere/v1"))
            assert not server.heads

    run(scenario)
