"""One aiohttp session that follows the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.request
from collections.abc import Mapping

import aiohttp
from yarl import URL

_CONNECT_S = 10.0
# Below the 5 s after which uvicorn (vLLM) and llama.cpp hang up on an idle connection: a request that is sent
# at that moment would be lost.
_KEEP_ALIVE_S = 4.0


class LoopSession:
    """Opens the session at first use, and anew in another loop: each partition may run in one of its own.

    Args:
        headers: Sent with every request.
        connections: At most so many at once.
        timeout_s: Of one request, in seconds.
        proxied: The URL that a proxy of the environment may stand before; None for a server on this machine.
    """

    def __init__(self, headers: Mapping[str, str], connections: int, timeout_s: float, proxied: URL | None) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(_CONNECT_S, timeout_s))
        self._headers = {"Content-Type": "application/json", "User-Agent": "enrichment-platform", **headers}
        self._connections = connections
        self._proxied = proxied
        self._open: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    def current(self) -> aiohttp.ClientSession:
        """The session of the running loop."""
        loop = asyncio.get_running_loop()
        session = self._open.get(loop)
        if session is None or session.closed:
            self._forget_dead_loops()
            # Not `trust_env`: it asks for proxy and netrc anew for every request, each in another thread.
            proxy = environment_proxy(self._proxied) if self._proxied else None
            session = self._open[loop] = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_KEEP_ALIVE_S),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                proxy=proxy,
            )
        return session

    async def close(self) -> None:
        """Close the running loop's session, and what loops that ended without closing left."""
        session = self._open.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()
        self._forget_dead_loops()

    def _forget_dead_loops(self) -> None:
        for loop in [loop for loop in self._open if loop.is_closed()]:
            # No loop is left to wait in: run the closing as far as it goes by itself. The transports died
            # with their loop, so that closing them can only say so.
            closing = self._open.pop(loop).close()
            with contextlib.suppress(StopIteration, RuntimeError):
                closing.send(None)
            closing.close()


def environment_proxy(url: URL) -> URL | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY mean for a URL, with its user; None where there is none."""
    named = urllib.request.getproxies().get(url.scheme)
    if not named or (url.host and urllib.request.proxy_bypass(url.host)):
        return None
    return URL(named)
