"""One HTTP/1.1 connection: a request at a time is written, and its response read by httptools."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from enrichment_platform.inference.endpoints.http_response import MAX_BODY_BYTES, Response
from enrichment_platform.inference.endpoints.protocol import EndpointError, Failure

MAX_HEAD_BYTES = 64 * 1024
_CLOCK_S = 0.002  # of uvloop's timers, which count in milliseconds
_LENGTH_KNOWN = frozenset({b"content-length", b"transfer-encoding"})


class Connection(asyncio.Protocol):
    """Hands itself to `free` when it may take the next request; any failure closes it.

    Args:
        timeout_s: Told in the error of a request that got no answer in time.
        free: Called with this connection after each response that leaves it usable.
        lost: Called with this connection once, when it is closed.
    """

    def __init__(
        self, timeout_s: float, free: Callable[[Connection], None], lost: Callable[[Connection], None]
    ) -> None:
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s
        self._free = free
        self._lost = lost
        self._transport: (
            asyncio.Transport
        )  # of an open connection; the loop gives it before anyone else has this object
        self._parser: HttpResponseParser | None = None
        self._arrived = select.poll()
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[Response] | None = None

    @property
    def usable(self) -> bool:
        """Whether a request may be written: it is open as far as this side knows."""
        return not self._transport.is_closing()

    @property
    def silent(self) -> bool:
        """Whether nothing has arrived that the loop has not read yet: bytes that nobody asked for, or the end.

        A loop that was held up comes to its callers before its sockets, and the response to their request would be
        whatever lies there: another row's answer. Costs 0.5 us.
        """
        return not self._arrived.poll(0)

    def send(self, request: bytes, deadline: float) -> asyncio.Future[Response]:
        """Write a request on a `usable` connection that has none in flight.

        Args:
            request: Head and body.
            deadline: Loop time after which the request has failed; not before that of the last request.

        Returns:
            The response to come, or an EndpointError.
        """
        # A parser of its own for each response: httptools carries a trailer over into the next message, and a new
        # one costs 0.4 us.
        self._parser = HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._received = 0
        self._status = 0
        self._head_read = self._complete = self._reusable = self._looked = False
        self._waiter = waiter = self._loop.create_future()
        self._deadline = deadline
        # One timer looks after many requests: it moves on when it finds a later deadline.
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._look_at_deadline)
        self._transport.write(request)
        return waiter

    def cancel(self, waiter: asyncio.Future[Response]) -> None:
        """Close the connection if it still works on this request: its response would meet the next one."""
        if self._waiter is waiter:
            self.drop()

    def drop(self) -> None:
        """Close at once; a request in flight fails."""
        self._transport.abort()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open."""
        self._transport = cast(asyncio.Transport, transport)
        self._arrived.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Read on; a byte that nothing was asked for makes what follows unreliable."""
        parser = self._parser if self._waiter is not None else None
        if parser is None:
            self.drop()
            return
        self._received += len(data)
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self._complete:
                self._fail(Failure.BAD_RESPONSE, "the peer does not speak HTTP/1")
                return
            self._reusable = False
        if self._complete:
            self._finish()
        elif self._received > (MAX_HEAD_BYTES + MAX_BODY_BYTES if self._head_read else MAX_HEAD_BYTES):
            self._fail(Failure.BAD_RESPONSE, "the response is too large")

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by either side; that is the end of a body whose length was not told."""
        self._lost(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiter is not None:
            if exc is None and self._head_read and not any(name in _LENGTH_KNOWN for name, _ in self._headers):
                self._reusable = False
                self._finish()
            else:
                self._fail(Failure.CONNECTION, _closed(exc))
        self._parser = None

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A second message in answer to one request: it is nobody's."""
        if self._complete:
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; a trailer, which comes after the body, is not one."""
        if not self._head_read:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Keep the status and go on to the body, but for an interim response (1xx)."""
        parser = self._parser
        if self._complete or parser is None:
            return
        self._status = parser.get_status_code()
        if self._status >= 200:
            self._head_read = True
            self._reusable = parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body."""
        if not self._complete:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """The end of the response; an interim one is followed by another."""
        if self._head_read:
            self._complete = True
        else:
            self._headers.clear()

    def _finish(self) -> None:
        waiter, self._waiter = self._waiter, None
        self._parser = None
        if waiter is None or waiter.done():  # cancelled, and the caller has not come to say so yet
            self.drop()
            return
        body = self._body
        waiter.set_result(Response(self._status, self._headers, body[0] if len(body) == 1 else b"".join(body)))
        if self._reusable and self.usable:
            self._free(self)
        else:
            self.drop()

    def _fail(self, failure: Failure, detail: str) -> None:
        waiter, self._waiter = self._waiter, None
        self._parser = None
        if waiter is not None and not waiter.done():
            waiter.set_exception(EndpointError(failure, detail))
        self.drop()

    def _look_at_deadline(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline - _CLOCK_S:
            self._timer = self._loop.call_at(self._deadline, self._look_at_deadline)
        elif not (self._looked or self.silent):
            # uvloop comes to its timers before its sockets: after it was held up, the answer, which is paid for, may
            # lie there unread.
            self._looked = True
            self._timer = self._loop.call_later(_CLOCK_S, self._look_at_deadline)
        else:
            self._fail(Failure.TIMEOUT, f"no answer within {self._timeout_s:g} s")


def _closed(exc: Exception | None) -> str:
    # The type alone: an error's text may name addresses.
    why = f" ({type(exc).__name__})" if exc is not None else ""
    return f"the connection was closed before the response was complete{why}"
