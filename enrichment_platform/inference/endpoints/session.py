"""One aiohttp session that follows the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import aiohttp

_CONNECT_S = 10.0
# Below the 5 s after which uvicorn (vLLM) and llama.cpp hang up on an idle connection: a request that is sent
# at that moment would be lost.
_KEEP_ALIVE_S = 4.0


class LoopSession:
    """Opens the session at first use, and anew in another loop: each partition may run in one of its own."""

    def __init__(self, headers: Mapping[str, str], connections: int, timeout_s: float, use_proxy: bool) -> None:
        self.timeout_s = timeout_s
        self._headers = {"Content-Type": "application/json", **headers}
        self._connections = connections
        self._use_proxy = use_proxy
        self._open: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    def current(self) -> aiohttp.ClientSession:
        """The session of the running loop."""
        loop = asyncio.get_running_loop()
        session = self._open.get(loop)
        if session is None or session.closed:
            self._forget_dead_loops()
            session = self._open[loop] = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_KEEP_ALIVE_S),
                timeout=aiohttp.ClientTimeout(total=self.timeout_s, sock_connect=min(_CONNECT_S, self.timeout_s)),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=self._use_proxy,
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
