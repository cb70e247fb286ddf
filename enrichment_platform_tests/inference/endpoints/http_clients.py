"""The HTTP clients under test, and how they are asked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from yarl import URL

from enrichment_platform.inference.endpoints.http_client import Client, HttpClient
from enrichment_platform.inference.endpoints.http_response import Response
from enrichment_platform.inference.endpoints.protocol import EndpointError, Failure
from enrichment_platform.inference.endpoints.proxied_client import ProxiedClient
from enrichment_platform_tests.inference.endpoints.raw_server import Answer, RawServer, raw_server

Scenario = Callable[[], Coroutine[Any, Any, Any]]
Run = Callable[[Scenario], Any]
ClientOf = Callable[..., Client]


def lean(url: URL, timeout_s: float = 5.0, connections: int = 512) -> HttpClient:
    return HttpClient(url, {"X-Static": "1"}, connections, timeout_s)


def by_aiohttp(url: URL, timeout_s: float = 5.0, connections: int = 512) -> ProxiedClient:
    return ProxiedClient(url, {"X-Static": "1"}, connections, timeout_s, None)


both = pytest.mark.parametrize("client_of", [lean, by_aiohttp])


async def asked(
    answer: Answer | bytes, client_of: ClientOf = lean, times: int = 1, **settings: Any
) -> tuple[list[Response | EndpointError], RawServer]:
    """The answers to requests one after the other, and what the server heard."""
    answers: list[Response | EndpointError] = []
    async with raw_server(answer) as server:
        client = client_of(server.url, **settings)
        for number in range(times):
            try:
                answers.append(await client.request("POST", server.url, b"row %d" % number))
            except EndpointError as error:
                answers.append(error)
        await client.close()
    return answers, server


def failure(answer: Response | EndpointError) -> tuple[Failure, bool]:
    assert isinstance(answer, EndpointError), answer
    assert "row" not in answer.detail
    assert "localhost" not in answer.detail
    return answer.failure, answer.sent
