"""A lean HTTP/1.1 client of one server: kept connections and nothing more than the batch engine needs.

aiohttp costs 50 us of CPU a request, which was a third of all that a row costs; this costs a fifth of it.
There are no redirects, cookies, proxies or retries here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Protocol

import aiohappyeyeballs
from yarl import URL

from enrichment_platform.inference.endpoints.http_connection import Connection
from enrichment_platform.inference.endpoints.http_request import request_head, with_credentials
from enrichment_platform.inference.endpoints.http_response import Response, decoded
from enrichment_platform.inference.endpoints.protocol import EndpointError, Failure

CONNECT_S = 10.0
# Below the 5 s after which uvicorn (vLLM) and llama.cpp hang up on an idle connection: a request that is sent
# at that moment would be lost.
KEEP_ALIVE_S = 4.0
_ADDRESSES_S = 10.0  # how long a host's addresses are believed; as long as aiohttp does
_NEXT_ADDRESS_S = 0.25  # until the other IP version is tried beside the first, by RFC 8305


class Client(Protocol):
    """What sends a request from the loop that it was made in."""

    async def request(self, method: str, url: URL, body: bytes | None = None) -> Response:
        """Send a request and read the response to its end, whatever its status.

        Raises:
            EndpointError: CONNECTION, TIMEOUT or BAD_RESPONSE; `sent` is false where nothing left.
        """
        ...

    async def close(self) -> None:
        """Close the connections; requests in flight fail."""
        ...

    def abandon(self) -> None:
        """Let go of the connections of a loop that is closed."""
        ...


class HttpClient:
    """Sends requests to one origin; the connection used last is used next, so that those not needed run out.

    Args:
        url: Any URL of the server; its user and password are sent where no Authorization is among the headers.
        headers: Sent with every request.
        connections: At most so many at once; requests beyond them wait, which their timeout does not count.
        timeout_s: Of one request, in seconds, with opening the connection.
    """

    def __init__(self, url: URL, headers: Mapping[str, str], connections: int, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._origin = url.origin()
        self._headers = {"Accept": "*/*", **with_credentials(url, headers)}
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(connections)
        self._heads: dict[tuple[str, URL], bytes] = {}
        self._open: set[Connection] = set()
        self._idle: list[Connection] = []  # oldest first
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False
        self._tls = _tls_context() if url.scheme == "https" else None
        self._resolving = asyncio.Lock()
        self._addresses: list[Any] = []
        self._believed_until = 0.0

    async def request(self, method: str, url: URL, body: bytes | None = None) -> Response:
        """See `Client.request`."""
        head = self._heads.get((method, url)) or self._new_head(method, url)
        data = head + b"\r\n" if body is None else b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)
        async with self._turns:
            now = self._loop.time()
            connection = self._kept(now) or await self._connect()
            waiter = connection.send(data, now + self._timeout_s)
            try:
                response = await waiter
            except asyncio.CancelledError:
                connection.cancel(waiter)
                raise
        for name, _ in response.raw_headers:
            if name == b"content-encoding":
                return _decoded(response)
        return response

    async def close(self) -> None:
        """See `Client.close`."""
        self._closed = True
        self.abandon()
        await asyncio.sleep(0)  # the loop closes the sockets in its next round

    def abandon(self) -> None:
        """See `Client.abandon`."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in list(self._open):
            with contextlib.suppress(RuntimeError):  # a closed loop takes no more calls
                connection.drop()
        self._open.clear()
        self._idle.clear()

    def _new_head(self, method: str, url: URL) -> bytes:
        if url.origin() != self._origin:
            raise ValueError("the client of one server was asked to send to another")
        head = self._heads[method, url] = request_head(method, url, self._headers)
        return head

    def _kept(self, now: float) -> Connection | None:
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.idle_since > now - KEEP_ALIVE_S and connection.usable and connection.silent:
                return connection
            connection.drop()
        return None

    def _keep(self, connection: Connection) -> None:
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(KEEP_ALIVE_S, self._drop_stale)

    def _drop_stale(self) -> None:
        # Those that will be stale within the next moment go as well, or the timer would come back for each.
        fresh_since = self._loop.time() - KEEP_ALIVE_S + 0.1
        stale = [connection for connection in self._idle if connection.idle_since <= fresh_since]
        del self._idle[: len(stale)]
        for connection in stale:
            connection.drop()
        due = self._idle[0].idle_since + KEEP_ALIVE_S if self._idle else None
        self._sweep = self._loop.call_at(due, self._drop_stale) if due is not None else None

    async def _connect(self) -> Connection:
        # `from None` throughout: the errors name the host and its addresses.
        try:
            async with asyncio.timeout(min(CONNECT_S, self._timeout_s)):
                connection = await self._connected()
        except TimeoutError:
            raise _not_sent("no connection in time, nothing was sent") from None
        except (OSError, UnicodeError) as error:  # refused, no such host, no TLS; a name that DNS cannot hold
            self._believed_until = 0.0
            raise _not_sent(type(error).__name__) from None
        if self._closed or not connection.usable:
            connection.drop()
            raise _not_sent("closed before anything was sent")
        self._open.add(connection)
        return connection

    async def _connected(self) -> Connection:
        # uvloop's create_connection tries one address after the other: hence the socket.
        sock = await aiohappyeyeballs.start_connection(
            await self._resolved(), happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1, loop=self._loop
        )
        connection = Connection(self._timeout_s, self._keep, self._open.discard)
        name = (self._origin.raw_host or "").rstrip(".") if self._tls else None
        await self._loop.create_connection(lambda: connection, sock=sock, ssl=self._tls, server_hostname=name)
        return connection

    async def _resolved(self) -> list[Any]:
        async with self._resolving:  # hundreds of connections are opened at once, for one answer
            if self._loop.time() >= self._believed_until:
                host, port = self._origin.raw_host or "", self._origin.port
                # A stream socket's type; without it each address comes three times.
                self._addresses = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                self._believed_until = self._loop.time() + _ADDRESSES_S
            return self._addresses


def _tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()  # honours SSL_CERT_FILE and SSL_CERT_DIR
    context.set_alpn_protocols(["http/1.1"])
    return context


def _decoded(response: Response) -> Response:
    body = decoded(response.body, response.raw_headers)
    if body is None and response.status == 200:
        detail = "status 200, the body's content encoding cannot be read"
        raise EndpointError(Failure.BAD_RESPONSE, detail, response.status)
    return Response(response.status, response.raw_headers, body or b"")


def _not_sent(detail: str) -> EndpointError:
    return EndpointError(Failure.CONNECTION, detail, sent=False)
