"""An endpoint over any OpenAI-compatible HTTP server: a hosted API, vLLM, llama.cpp."""

from __future__ import annotations

import time
from collections.abc import Mapping

import aiohttp
from yarl import URL

from enrichment_platform.errors import EndpointUnavailableError, InputError
from enrichment_platform.inference.endpoints import openai_wire as wire
from enrichment_platform.inference.endpoints.protocol import (
    Completion,
    CompletionRequest,
    EndpointError,
    Failure,
)
from enrichment_platform.inference.endpoints.session import LoopSession
from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.records import RateLimit
from enrichment_platform.spec import DataClass

_Response = tuple[int, Mapping[str, str], bytes]  # status, headers, body


class OpenAIEndpoint:
    """Answers over HTTP; connections are kept and reused, and nothing beneath the dispatcher retries.

    Example:
        >>> endpoint = OpenAIEndpoint("vllm", "http://127.0.0.1:8000", frozenset({"internal"}))
        >>> completion = await endpoint.complete(request)
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        data_classes: frozenset[DataClass],
        *,
        model: str | None = None,
        api_key: str | None = None,
        max_concurrency: int = 256,
        timeout_s: float = 120.0,
        price: Price | None = None,
        rate_limit: RateLimit | None = None,
        takes_priority: bool = False,
        encoder: wire.BodyEncoder | None = None,
    ) -> None:
        self.name = name
        self.data_classes = data_classes
        self.max_concurrency = max_concurrency
        self.timeout_s = timeout_s
        self.price = price or Price()
        self.rate_limit = rate_limit
        self.takes_priority = takes_priority
        self._encoder = encoder or wire.BodyEncoder(takes_priority=takes_priority)
        self._base = api_url(base_url)
        self._chat = (self._base / "chat" / "completions").with_query(self._base.query)
        self._models = (self._base / "models").with_query(self._base.query)
        self._model = model
        self._sessions = LoopSession(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            connections=max_concurrency,
            timeout_s=timeout_s,
            # A proxy of the environment is for the outside world, not for the sidecar.
            proxied=None if is_loopback(self._base.host or "") else self._base,
        )

    async def model_identity(self) -> str:
        """The configured model's name; where none is configured, the first one that the server lists.

        Raises:
            EndpointUnavailableError: no model is configured and the server does not answer.
        """
        if self._model is None:
            _, _, listed = await self._list_models()
            self._model = wire.first_model(listed) or "default"
        return self._model

    async def start(self) -> None:
        """Find out the model's name where none is configured; nothing is sent otherwise.

        Raises:
            EndpointUnavailableError: the server does not answer, or refuses the key.
        """
        await self.model_identity()

    def encoded(self, request: CompletionRequest) -> bytes:
        """The body of a request; see `Endpoint.encoded`."""
        if self._model is None:
            raise RuntimeError("the model's name is a part of the body: await `model_identity` before `encoded`")
        return self._encoder.encoded(request, self._model)

    async def complete(self, request: CompletionRequest, body: bytes | None = None) -> Completion:
        """Answer one request; see `Endpoint.complete`."""
        if body is None:
            body = self._encoder.encoded(request, await self._known_model())
        started = time.perf_counter()
        status, headers, raw = await self._send("POST", self._chat, body)
        latency_ms = (time.perf_counter() - started) * 1000
        if status != 200:
            raise wire.refused(status, headers, raw)
        return wire.completion(raw, self._model or "default", latency_ms)

    async def close(self) -> None:
        """Release connections; a later request opens new ones."""
        await self._sessions.close()

    async def _known_model(self) -> str:
        try:
            return await self.model_identity()
        except EndpointUnavailableError as error:
            raise EndpointError(Failure.CONNECTION, f"the model's name is not known: {error}", sent=False) from None

    async def _list_models(self) -> _Response:
        try:
            response = await self._send("GET", self._models)
        except EndpointError as error:
            raise EndpointUnavailableError(
                f"endpoint {self.name!r} at {shown(self._base)} does not answer ({error.detail});"
                " start the server, or correct its base_url (ENRICHMENT_ENDPOINT for the default pool)"
            ) from None
        status = response[0]
        if status in (401, 403):
            raise EndpointUnavailableError(
                f"endpoint {self.name!r} at {shown(self._base)} refuses the key (status {status});"
                " set the variable that api_key_env names (ENRICHMENT_API_KEY for the default pool)"
            )
        if status not in (200, 404, 405):  # a server that has no such page names its model "default"
            raise EndpointUnavailableError(
                f"endpoint {self.name!r} at {shown(self._base)} does not list its models (status {status});"
                " wait until it has started, or name the model (ENRICHMENT_MODEL for the default pool)"
            )
        return response

    async def _send(self, method: str, url: URL, data: bytes | None = None) -> _Response:
        # A redirect would turn the POST into a GET of some other page: it is an answer like any other status.
        # `from None` throughout: aiohttp's errors name the URL, which may hold a password.
        # Reading to the end gives the connection back and failing to read closes it: no context manager is needed.
        session = self._sessions.current()
        try:
            response = await session.request(method, url, data=data, allow_redirects=False)
            return response.status, response.headers, await response.read()
        except aiohttp.ConnectionTimeoutError:
            detail = "no connection in time, nothing was sent"
            raise EndpointError(Failure.CONNECTION, detail, sent=False) from None
        except TimeoutError:
            raise EndpointError(Failure.TIMEOUT, f"no answer within {self.timeout_s:g} s") from None
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:  # refused, no such host, no TLS
            raise EndpointError(Failure.CONNECTION, type(error).__name__, sent=False) from None
        except aiohttp.ClientResponseError as error:  # the peer does not speak HTTP
            raise EndpointError(Failure.BAD_RESPONSE, type(error).__name__) from None
        except (aiohttp.ClientError, OSError) as error:
            raise EndpointError(Failure.CONNECTION, type(error).__name__) from None


def api_url(base_url: str) -> URL:
    """The API's root: `/v1` where the URL has no path; a trailing slash is dropped.

    Raises:
        InputError: not an http(s) URL with a host.
    """
    try:
        url = URL(base_url.strip())
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise InputError(
            "base_url is not the URL of an endpoint; write one like http://127.0.0.1:8000/v1"
            " (ENRICHMENT_ENDPOINT for the default pool)"
        )
    return url.with_path(url.path.rstrip("/") or "/v1").with_query(url.query)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    host = host.rstrip(".")
    return host in ("localhost", "::1") or host.startswith("127.")


def shown(url: URL) -> str:
    """A URL without user, password and query, which may hold keys."""
    return str(url.with_user(None).with_query(None))
