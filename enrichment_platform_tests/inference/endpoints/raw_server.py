"""A server that sends the bytes it is told to, whatever they mean."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from yarl import URL

Answer = Callable[[asyncio.StreamWriter, int], Awaitable[None]]
"""Called with the writer and the number of the request on its connection, from 0, for every request read."""

ANSWER = b'{"model": "m", "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)


@dataclass
class RawServer:
    """What the server heard."""

    url: URL
    connections: int = 0
    open: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@contextlib.asynccontextmanager
async def raw_server(answer: Answer | bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve on this loop for the length of a with-block; bytes are sent as they are for each request."""

    async def send(writer: asyncio.StreamWriter, number: int) -> None:
        assert isinstance(answer, bytes)
        writer.write(answer)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.connections += 1
        heard.open += 1
        number = 0
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                heard.heads.append(head)
                heard.bodies.append(await reader.readexactly(int(length[0].split(b":")[1])) if length else b"")
                await (send if isinstance(answer, bytes) else answer)(writer, number)
                number += 1
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            heard.open -= 1
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    heard = RawServer(URL(f"{'https' if tls else 'http'}://localhost:{port}/v1/x"))
    try:
        yield heard
    finally:
        server.close()
