"""The HTTP client reads every form of response, and its requests are what was meant."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest

from enrichment_platform_tests.inference.endpoints.http_clients import (
    ClientOf,
    Run,
    asked,
    both,
    lean,
)
from enrichment_platform_tests.inference.endpoints.raw_server import OK, RawServer, raw_server

INTERIM = b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 Hint\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\n-"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;x=y\r\na\r\n02\r\nbc\r\n0\r\nRetry-After: 9\r\n\r\n"


@both
def test_a_request_arrives_as_it_was_meant(run: Run, client_of: ClientOf) -> None:
    async def scenario() -> RawServer:
        async with raw_server(OK) as server:
            url = server.url.with_path("/v1/chät completions").with_query({"api-version": "2 3"})
            client = client_of(url.with_user("ann").with_password("s€cret"))
            await client.request("POST", url, b"row")
            await client.request("GET", url)
            await client.close()
        return server

    server = run(scenario)
    lines = server.heads[0].split(b"\r\n")
    assert lines[0] == b"POST /v1/ch%C3%A4t%20completions?api-version=2+3 HTTP/1.1"
    assert f"Host: localhost:{server.url.port}".encode() in lines
    assert {b"X-Static: 1", b"Content-Length: 3", b"Authorization: Basic YW5uOnPigqxjcmV0"} < set(lines)
    assert server.bodies == [b"row", b""]
    assert server.heads[1].startswith(b"GET ")
    assert server.connections == 1
    if client_of is lean:
        assert b"accept-encoding" not in server.heads[0].lower()


@both
@pytest.mark.parametrize(
    ("sent", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 200, b"ab"),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.1 204 No\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 304, b""),
        (b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", 302, b""),
        (INTERIM, 404, b"-"),
        (CHUNKED, 200, b"abc"),
    ],
    ids=["length", "empty", "204", "304", "redirect", "interim", "chunked"],
)  # fmt: skip
def test_each_form_of_response_is_read_and_its_connection_kept(
    run: Run, client_of: ClientOf, sent: bytes, status: int, body: bytes
) -> None:
    answers, server = run(lambda: asked(sent, client_of, times=3))
    assert [(answer.status, answer.body) for answer in answers] == [(status, body)] * 3
    assert all("Retry-After" not in answer.headers and "Link" not in answer.headers for answer in answers)
    assert server.connections == 1


@both
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
    ],
)
def test_a_connection_that_the_response_ends_is_not_used_again(run: Run, client_of: ClientOf, head: bytes) -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(head)
        await asyncio.sleep(0.01)
        writer.write(b"ab")
        if b"Length" not in head:
            writer.close()

    answers, server = run(lambda: asked(answer, client_of, times=3))
    assert [answer.body for answer in answers] == [b"ab"] * 3
    assert server.connections == 3


def test_headers_are_found_in_any_case_and_the_first_counts(run: Run) -> None:
    headers = b"RETRY-after: 7\r\nRetry-After: 9\r\nX-Empty:\r\nSet-Cookie: a=b\r\nContent-Length: 0"
    sent = b"HTTP/1.1 429 X\r\n" + headers + b"\r\n\r\n"
    (first, _), server = run(lambda: asked(sent, times=2))
    assert first.headers.get("Retry-After") == "7"
    assert first.headers.get("x-empty") == ""
    assert first.headers.get("Retry-After-Ms") is None
    assert b"cookie" not in server.heads[1].lower()


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        (b"gzip", gzip.compress(b"text", mtime=0)),
        (b"deflate", zlib.compress(b"text")),
        (b"Deflate", zlib.compress(b"text", wbits=-15)),
        (b"identity", b"text"),
    ],
)  # fmt: skip
def test_a_body_that_a_proxy_compressed_is_read(run: Run, encoding: bytes, encoded: bytes) -> None:
    sent = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        encoding,
        len(encoded),
        encoded,
    )
    (answer,), _ = run(lambda: asked(sent))
    assert answer.body == b"text"
