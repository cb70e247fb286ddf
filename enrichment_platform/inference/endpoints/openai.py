"""An endpoint over any OpenAI-compatible HTTP server: a hosted API, vLLM, llama.cpp."""

from __future__ import annotations

import time

from yarl import URL

from enrichment_platform.errors import EndpointUnavailableError, InputError
from enrichment_platform.inference.endpoints import openai_wire as wire
from enrichment_platform.inference.endpoints.http_request import is_header
from enrichment_platform.inference.endpoints.http_response import Response
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
        self._clients = LoopSession(
            self._base,
            headers=_authorization(name, api_key) if api_key else {},
            connections=max_concurrency,
            timeout_s=timeout_s,
            # A proxy of the environment is for the outside world, not for the sidecar.
            proxied=not is_loopback(self._base.host or ""),
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
        response = await self._clients.current().request("POST", self._chat, body)
        latency_ms = (time.perf_counter() - started) * 1000
        if response.status != 200:
            raise wire.refused(response.status, response.headers, response.body)
        return wire.completion(response.body, self._model or "default", latency_ms)

    async def close(self) -> None:
        """Release connections; a later request opens new ones."""
        await self._clients.close()

    async def _known_model(self) -> str:
        try:
            return await self.model_identity()
        except EndpointUnavailableError as error:
            raise EndpointError(Failure.CONNECTION, f"the model's name is not known: {error}", sent=False) from None

    async def _list_models(self) -> Response:
        try:
            response = await self._clients.current().request("GET", self._models)
        except EndpointError as error:
            raise EndpointUnavailableError(
                f"endpoint {self.name!r} at {shown(self._base)} does not answer ({error.detail});"
                " start the server, or correct its base_url (ENRICHMENT_ENDPOINT for the default pool)"
            ) from None
        status = response.status
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


def _authorization(name: str, api_key: str) -> dict[str, str]:
    header = {"Authorization": f"Bearer {api_key}"}
    if not all(is_header(*item) for item in header.items()):
        raise InputError(
            f"the key of endpoint {name!r} holds a line break or another character that no header may hold;"
            " correct the variable that api_key_env names (ENRICHMENT_API_KEY for the default pool)"
        )
    return header
