"""However a response is cut into packets, it reads the same, and as aiohttp reads it."""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrichment_platform.inference.endpoints.http_connection import Connection
from enrichment_platform.inference.endpoints.http_response import Response
from enrichment_platform.inference.endpoints.protocol import EndpointError
from enrichment_platform_tests.inference.endpoints.http_clients import asked, by_aiohttp, lean

FORMS = {
    "length": b"HTTP/1.1 200 OK\r\nA: b\r\nRetry-After: 3\r\nContent-Length: 11\r\n\r\nhello world",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"5;e=1\r\nhello\r\n6\r\n world\r\n0\r\nT: x\r\nU: y\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hint\r\nL: x\r\n\r\n"
               b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno",
    "close": b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello world",
    "old": b"HTTP/1.0 200 OK\r\n\r\nhello world",
    "none": b"HTTP/1.1 204 No Content\r\nX-Empty:\r\n\r\n",
}  # fmt: skip


class Wire(asyncio.Transport):
    """A transport that goes nowhere: bytes are given to the protocol by hand, in any pieces."""

    def __init__(self, protocol: Connection) -> None:
        self._socket = socket.socket()
        super().__init__({"socket": self._socket})
        self._protocol: Connection | None = protocol
        protocol.connection_made(self)

    def write(self, data: Any) -> None: ...

    def is_closing(self) -> bool:
        return self._protocol is None

    def abort(self) -> None:
        self.lose(None)

    def lose(self, error: Exception | None) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            self._socket.close()
            protocol.connection_lost(error)


def read(pieces: list[bytes]) -> tuple[Response | EndpointError, bool]:
    """The response in these pieces, and whether the connection could be kept."""

    async def scenario() -> tuple[Response | EndpointError, bool]:
        freed: list[Connection] = []
        connection = Connection(1.0, freed.append, lambda _: None)
        wire = Wire(connection)
        waiter = connection.send(b"", asyncio.get_running_loop().time() + 1)
        for piece in pieces:
            connection.data_received(piece)
        kept = bool(freed) and connection.usable
        wire.lose(None)
        try:
            return await waiter, kept
        except EndpointError as error:
            return error, kept

    return asyncio.run(scenario())


def cut(data: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted({point % len(data) for point in points}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if start < end]


@pytest.mark.parametrize("form", FORMS)
def test_byte_by_byte_is_as_good_as_at_once(form: str) -> None:
    data = FORMS[form]
    whole = read([data])
    assert isinstance(whole[0], Response)
    assert read([bytes([byte]) for byte in data]) == whole
    assert whole[1] is (form not in ("close", "old"))


@given(form=st.sampled_from(sorted(FORMS)), points=st.lists(st.integers(0, 10_000), max_size=12))
def test_any_split_reads_the_same(form: str, points: list[int]) -> None:
    assert read(cut(FORMS[form], points)) == read([FORMS[form]])


@given(form=st.sampled_from(["length", "chunked", "interim", "none"]), end=st.integers(0, 10_000))
def test_a_response_that_ends_early_is_a_failure(form: str, end: int) -> None:
    answer, kept = read(cut(FORMS[form][: end % len(FORMS[form])] or b"H", []))
    assert isinstance(answer, EndpointError)
    assert not kept


@given(data=st.binary(max_size=300), points=st.lists(st.integers(0, 10_000), max_size=5))
def test_no_bytes_at_all_break_the_reader(data: bytes, points: list[int]) -> None:
    for sent in (data, b"HTTP/1.1 200 OK\r\n" + data, FORMS["length"] + data):
        answer, _ = read(cut(sent, points) if sent else [])
        assert isinstance(answer, Response | EndpointError)


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Responses well formed and not quite, in all forms that a body can have."""
    status = draw(st.sampled_from([200, 201, 204, 302, 304, 400, 404, 429, 500, 503, 599]))
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.0"]))
    names = st.sampled_from([b"X-A", b"retry-after", b"Retry-After-Ms", b"Server", b"Set-Cookie", b"x-empty"])
    values = st.sampled_from([b"", b"1", b"a, b", b"Fri, 31 Dec 1999 23:59:59 GMT", b"\xc3\xa4", b"\xff"])
    headers = draw(st.lists(st.tuples(names, values), max_size=5))
    body = draw(st.binary(max_size=200)) if status not in (204, 304) else b""
    form = draw(st.sampled_from(["length", "length", "chunked", "close", "short"]))
    if form == "chunked" and status not in (204, 304) and version == b"1.1":
        headers.append((b"Transfer-Encoding", b"chunked"))
        size = draw(st.integers(1, 50))
        parts = [body[start : start + size] for start in range(0, len(body), size)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    elif form == "short":
        headers.append((b"Content-Length", b"%d" % (len(body) + (status not in (204, 304)))))
    elif form == "length":
        headers.append((b"Content-Length", b"%d" % len(body)))
    head = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"HTTP/%b %d Said\r\n%b\r\n%b" % (version, status, head, body)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=responses(), points=st.lists(st.integers(0, 10_000), max_size=3))
def test_responses_are_read_as_aiohttp_reads_them(data: bytes, points: list[int]) -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        for piece in cut(data, points):
            writer.write(piece)
            await asyncio.sleep(0)
        writer.close()

    def outcome(client_of: Any) -> tuple[Any, ...]:
        (one,), _ = asyncio.run(asked(answer, client_of))
        if isinstance(one, EndpointError):
            return one.failure, one.status, one.sent
        return one.status, one.body, sorted(one.raw_headers), one.headers.get("Retry-After")

    assert outcome(lean) == outcome(by_aiohttp)
