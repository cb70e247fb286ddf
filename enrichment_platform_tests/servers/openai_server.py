"""A fake OpenAI-compatible provider: a process of its own that keeps a bill and misbehaves when told to.

    python -m enrichment_platform_tests.servers.openai_server --port 0 --latency 0.05

prints its port on the first line. In a test:

    with openai_server() as server:
        server.behave({"kind": "500", "share": 0.1, "seed": 1})
        ...  # talk to server.url
        assert server.stats()["requests"] == 10

`POST /behaviour` takes one behaviour or a list (the first that applies wins): `kind`, and either `first`
(that many requests from now on) or `share` (of all requests, drawn with `seed`); neither means every request.
Kinds: any status from 400 to 599, hang, reset, malformed (the answer is not JSON), truncated (cut,
finish_reason length), refusal, garbage (the body is not JSON), empty (no choices), null (null content, usage
and finish_reason), ok. `latency_s` and `slots` may be told too.
Error bodies echo the prompt, as some servers do. A 429 or 503 sends `retry_after` as Retry-After where given.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from enrichment_platform_tests.servers.schema_answer import answer

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Behaviour:
    """One way to misbehave and how often."""

    kind: str
    share: float = 1.0
    seed: int = 0
    first: int | None = None
    retry_after: str | None = None
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def applies(self) -> bool:
        """Whether the next request is one of its own; counts it."""
        if self.first is not None:
            self.first -= 1
            return self.first >= 0
        return self.chance.random() < self.share


@dataclass
class Provider:
    """State of the server: settings, behaviours, bill."""

    model: str = "fake-model-2026-01-01"
    latency_s: float = 0.0
    slots: int = 0
    api_key: str | None = None
    behaviours: list[Behaviour] = field(default_factory=list)
    bill: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    prompts: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    max_in_flight: int = 0
    clients: set[Any] = field(default_factory=set)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        body = await request.json()
        self.bill["requests"] += 1
        self.clients.add(request.transport.get_extra_info("peername") if request.transport else None)
        self.prompts[prompt_hash(body["messages"])] += 1
        if self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return self._error(Behaviour("401"), body)
        if self.slots and self.in_flight >= self.slots:
            return self._error(Behaviour("429"), body)
        behaviour = next((one for one in self.behaviours if one.applies()), Behaviour("ok"))
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            return await self._answer(behaviour, body, request)
        finally:
            self.in_flight -= 1

    async def _answer(self, behaviour: Behaviour, body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        kind = behaviour.kind
        if kind.isdigit():
            return self._error(behaviour, body)
        self.outcomes[kind] += 1
        if kind == "hang":
            await asyncio.sleep(3600)
        if kind == "reset":
            transport = request.transport
            assert transport is not None
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
            )
            transport.abort()
            return web.Response()
        if kind == "garbage":
            return web.Response(text="<html>Bad gateway</html>", content_type="text/html")
        if kind == "empty":
            return web.json_response({"id": "x", "choices": []})
        return web.json_response(self._completion(kind, body))

    def _completion(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {"type": "string"})
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        text = json.dumps(answer(schema, body["messages"][-1]["content"]), ensure_ascii=False)
        if kind == "malformed":
            text = "Sure! Here is the answer: " + text[:-1]
        elif kind == "truncated":
            text = text[: len(text) // 2]
        if kind == "refusal":
            message["refusal"] = text = "I cannot help with that."
        elif kind != "null":
            message["content"] = text
        tokens_in = sum(len(turn["content"]) // 4 for turn in body["messages"])
        cached = len(body["messages"][0]["content"]) // 4 if len(body["messages"]) > 1 else 0
        self.bill.update(answered=1, prompt_tokens=tokens_in, cached_tokens=cached, completion_tokens=len(text) // 4)
        usage = {
            "prompt_tokens": tokens_in,
            "completion_tokens": len(text) // 4,
            "total_tokens": tokens_in + len(text) // 4,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        reason = {"truncated": "length", "null": None}.get(kind, "stop")
        return {
            "id": f"chatcmpl-{self.bill['answered']}",
            "object": "chat.completion",
            "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": None if kind == "null" else usage,
        }

    def _error(self, behaviour: Behaviour, body: dict[str, Any]) -> web.Response:
        self.outcomes[behaviour.kind] += 1
        error = {
            "message": f"rejected: {body['messages']}",
            "type": "fake_error",
            "code": body["messages"][-1]["content"],
        }
        headers = {"Retry-After": behaviour.retry_after} if behaviour.retry_after else {}
        return web.json_response({"error": error}, status=int(behaviour.kind), headers=headers)

    async def models(self, request: web.Request) -> web.Response:
        """GET /v1/models; an empty model name stands for a server without that route."""
        if self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return web.Response(status=401)
        if not self.model:
            return web.Response(status=404)
        return web.json_response({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    async def stats(self, request: web.Request) -> web.Response:
        """GET /stats: the bill."""
        totals = ("requests", "answered", "prompt_tokens", "cached_tokens", "completion_tokens")
        return web.json_response(
            {name: self.bill[name] for name in totals}
            | {"outcomes": self.outcomes, "prompts": self.prompts}
            | {"in_flight": self.in_flight, "max_in_flight": self.max_in_flight}
            | {"connections": len(self.clients)}
        )

    async def behaviour(self, request: web.Request) -> web.Response:
        """POST /behaviour: replaces the behaviours; `latency_s` and `slots` may be given too."""
        told = await request.json()
        told = told if isinstance(told, list) else [told]
        for one in told:
            self.latency_s = one.pop("latency_s", self.latency_s)
            self.slots = one.pop("slots", self.slots)
        self.behaviours = [Behaviour(**one) for one in told if one]
        return web.json_response({"behaviours": len(self.behaviours)})


@dataclass(frozen=True)
class RunningServer:
    """The provider as a test sees it."""

    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """Base URL for clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict[str, Any]:
        """The bill so far."""
        return self._call("/stats", None)

    def behave(self, *behaviours: dict[str, Any]) -> None:
        """Misbehave so from now on; without arguments, behave well."""
        self._call("/behaviour", list(behaviours))

    def _call(self, path: str, body: Any) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data, timeout=10) as response:
            result: dict[str, Any] = json.load(response)
            return result


def prompt_hash(messages: list[dict[str, str]]) -> str:
    """Key of a prompt in /stats."""
    return hashlib.sha256(json.dumps(messages, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@contextlib.contextmanager
def openai_server(*arguments: str) -> Iterator[RunningServer]:
    """Run the provider for the length of a with-block; arguments as on the command line."""
    command = [
        sys.executable,
        "-m",
        "enrichment_platform_tests.servers.openai_server",
        "--port",
        "0",
        *arguments,
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield RunningServer(int(process.stdout.readline()), process)
        finally:
            process.kill()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per answer")
    parser.add_argument("--slots", type=int, default=0, help="429 beyond that many at once; 0 for no limit")
    parser.add_argument("--model", default=Provider.model, help="name of the model; empty: no /models route")
    parser.add_argument("--api-key", help="refuse requests without it")
    options = parser.parse_args()
    provider = Provider(options.model, options.latency, options.slots, options.api_key)
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/chat/completions", provider.chat)
    app.router.add_get("/v1/models", provider.models)
    app.router.add_get("/stats", provider.stats)
    app.router.add_post("/behaviour", provider.behaviour)
    listener = socket.create_server(("127.0.0.1", options.port), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    web.run_app(app, sock=listener, print=None, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)


if __name__ == "__main__":
    main()
