"""Requests through a proxy of the environment, by aiohttp: hosted APIs behind a company's proxy."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import aiohttp
from yarl import URL

from enrichment_platform.inference.endpoints.http_client import CONNECT_S, KEEP_ALIVE_S
from enrichment_platform.inference.endpoints.http_request import with_credentials
from enrichment_platform.inference.endpoints.http_response import MAX_BODY_BYTES, Response
from enrichment_platform.inference.endpoints.protocol import EndpointError, Failure


class ProxiedClient:
    """The same as `HttpClient`, at three times its price, through a proxy; without one where it is None."""

    def __init__(
        self, url: URL, headers: Mapping[str, str], connections: int, timeout_s: float, proxy: URL | None
    ) -> None:
        self._timeout_s = timeout_s
        # Not `trust_env`: it asks for proxy and netrc anew for every request, each in another thread.
        self._session = aiohttp.ClientSession(
            headers=with_credentials(url, headers),
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(CONNECT_S, timeout_s)),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=proxy,
        )

    async def request(self, method: str, url: URL, body: bytes | None = None) -> Response:
        """See `Client.request`."""
        # `from None` throughout: aiohttp's errors name the URL, which may hold a password.
        try:
            # A redirect would turn the POST into a GET of some other page: it is an answer like any other status.
            async with self._session.request(method, url.with_user(None), data=body, allow_redirects=False) as response:
                return Response(
                    response.status,
                    [(name.lower(), value) for name, value in response.raw_headers],
                    await _body(response.content),
                )
        except aiohttp.ConnectionTimeoutError:
            detail = "no connection in time, nothing was sent"
            raise EndpointError(Failure.CONNECTION, detail, sent=False) from None
        except TimeoutError:
            raise EndpointError(Failure.TIMEOUT, f"no answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, UnicodeError) as error:
            # Refused, no such host, no TLS, a name that DNS cannot hold.
            raise EndpointError(Failure.CONNECTION, type(error).__name__, sent=False) from None
        except aiohttp.ClientResponseError as error:  # the peer does not speak HTTP
            raise EndpointError(Failure.BAD_RESPONSE, type(error).__name__) from None
        except (aiohttp.ClientError, OSError) as error:
            raise EndpointError(Failure.CONNECTION, type(error).__name__) from None

    async def close(self) -> None:
        """See `Client.close`."""
        await self._session.close()

    def abandon(self) -> None:
        """See `Client.abandon`."""
        # No loop is left to wait in: run the closing as far as it goes by itself. The transports died with their
        # loop, so that closing them can only say so.
        closing = self._session.close()
        with contextlib.suppress(StopIteration, RuntimeError):
            closing.send(None)
        closing.close()


async def _body(content: aiohttp.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise EndpointError(Failure.BAD_RESPONSE, "the response is too large")
    return b"".join(parts)
