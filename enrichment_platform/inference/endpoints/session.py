"""One HTTP client that follows the running event loop."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Mapping

from yarl import URL

from enrichment_platform.inference.endpoints.http_client import Client, HttpClient
from enrichment_platform.inference.endpoints.proxied_client import ProxiedClient


class LoopSession:
    """Opens the client at first use, and anew in another loop: each partition may run in one of its own.

    Args:
        url: Of the server.
        headers: Sent with every request.
        connections: At most so many at once.
        timeout_s: Of one request, in seconds.
        proxied: Whether a proxy of the environment may stand before the server; not before one on this machine.
    """

    def __init__(
        self, url: URL, headers: Mapping[str, str], connections: int, timeout_s: float, *, proxied: bool
    ) -> None:
        self._url = url
        self._headers = {"Content-Type": "application/json", "User-Agent": "enrichment-platform", **headers}
        self._connections = connections
        self._timeout_s = timeout_s
        self._proxied = proxied
        self._open: dict[asyncio.AbstractEventLoop, Client] = {}

    def current(self) -> Client:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        client = self._open.get(loop)
        if client is None:
            self._forget_dead_loops()
            proxy = environment_proxy(self._url) if self._proxied else None
            client = self._open[loop] = client_for(self._url, self._headers, self._connections, self._timeout_s, proxy)
        return client

    async def close(self) -> None:
        """Close the running loop's client, and what loops that ended without closing left."""
        client = self._open.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()
        self._forget_dead_loops()

    def _forget_dead_loops(self) -> None:
        for loop in [loop for loop in self._open if loop.is_closed()]:
            self._open.pop(loop).abandon()


def client_for(url: URL, headers: Mapping[str, str], connections: int, timeout_s: float, proxy: URL | None) -> Client:
    """The client of a server: the lean one wherever no proxy stands between."""
    if proxy is not None:
        return ProxiedClient(url, headers, connections, timeout_s, proxy)
    return HttpClient(url, headers, connections, timeout_s)


def environment_proxy(url: URL) -> URL | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY mean for a URL, with its user; None where there is none."""
    named = urllib.request.getproxies().get(url.scheme)
    if not named or (url.host and urllib.request.proxy_bypass(url.host)):
        return None
    return URL(named)
