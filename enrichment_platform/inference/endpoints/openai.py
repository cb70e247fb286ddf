"""An endpoint over any OpenAI-compatible HTTP server: a hosted API, vLLM, llama.cpp."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from enrichment_platform.errors import EndpointUnavailableError, InputError
from enrichment_platform.inference.endpoints import openai_wire as wire
from enrichment_platform.inference.endpoints.protocol import (
    Completion,
    CompletionRequest,
    EndpointError,
    Failure,
    Price,
)
from enrichment_platform.inference.endpoints.session import LoopSession
from enrichment_platform.spec import DataClass

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


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
        max_concurrency: int = 16,
        timeout_s: float = 120.0,
        price: Price | None = None,
    ) -> None:
        self.name = name
        self.data_classes = data_classes
        self.max_concurrency = max_concurrency
        self.price = price or Price()
        self._base = api_url(base_url)
        self._chat = (self._base / "chat" / "completions").with_query(self._base.query)
        self._models = (self._base / "models").with_query(self._base.query)
        self._model = model
        self._sessions = LoopSession(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            connections=max_concurrency,
            timeout_s=timeout_s,
            # A proxy of the environment is for the outside world, not for the sidecar.
            use_proxy=self._base.host not in _LOOPBACK,
        )

    async def model_identity(self) -> str:
        """The configured model's name; where none is configured, the first one that the server lists.

        Raises:
            EndpointUnavailableError: no model is configured and the server does not answer.
        """
        if self._model is None:
            self._model = wire.first_model((await self._list_models()).body) or "default"
        return self._model

    async def start(self) -> None:
        """Find out the model's name where none is configured; nothing is sent otherwise.

        Raises:
            EndpointUnavailableError: the server does not answer, or refuses the key.
        """
        await self.model_identity()

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answer one request; see `Endpoint.complete`."""
        return await self.post(wire.request_body(request, await self._known_model()))

    async def post(self, body: dict[str, Any]) -> Completion:
        """Send one chat-completions body as it is.

        Raises:
            EndpointError: no answer came.
        """
        data = wire.encoded(body)
        started = time.perf_counter()
        response = await self._send("POST", self._chat, data)
        latency_ms = (time.perf_counter() - started) * 1000
        if response.status != 200:
            raise wire.refused(response.status, response.headers, response.body)
        return wire.completion(response.body, str(body.get("model", "default")), latency_ms)

    async def close(self) -> None:
        """Release connections; a later request opens new ones."""
        await self._sessions.close()

    async def _known_model(self) -> str:
        try:
            return await self.model_identity()
        except EndpointUnavailableError as error:
            raise EndpointError(Failure.CONNECTION, f"the model's name is not known: {error}") from None

    async def _list_models(self) -> _Response:
        try:
            response = await self._send("GET", self._models)
        except EndpointError as error:
            raise EndpointUnavailableError(
                f"endpoint {self.name!r} at {_shown(self._base)} does not answer ({error.detail});"
                " start the server, or correct its base_url (ENRICHMENT_ENDPOINT for the default pool)"
            ) from None
        if response.status in (401, 403):
            raise EndpointUnavailableError(
                f"endpoint {self.name!r} at {_shown(self._base)} refuses the key (status {response.status});"
                " set the variable that api_key_env names (ENRICHMENT_API_KEY for the default pool)"
            )
        if response.status not in (200, 404, 405):  # a server that has no such page names its model "default"
            raise EndpointUnavailableError(
                f"endpoint {self.name!r} at {_shown(self._base)} does not list its models (status {response.status});"
                " wait until it has started, or name the model (ENRICHMENT_MODEL for the default pool)"
            )
        return response

    async def _send(self, method: str, url: URL, data: bytes | None = None) -> _Response:
        # A redirect would turn the POST into a GET of some other page: it is an answer like any other status.
        # `from None` throughout: aiohttp's errors name the URL, which may hold a password.
        session = self._sessions.current()
        try:
            async with session.request(method, url, data=data, allow_redirects=False) as response:
                return _Response(response.status, response.headers, await response.read())
        except aiohttp.ConnectionTimeoutError:
            raise EndpointError(Failure.CONNECTION, "no connection in time, nothing was sent") from None
        except TimeoutError:
            raise EndpointError(Failure.TIMEOUT, f"no answer within {self._sessions.timeout_s:g} s") from None
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


def _shown(url: URL) -> str:
    return str(url.with_user(None).with_query(None))
