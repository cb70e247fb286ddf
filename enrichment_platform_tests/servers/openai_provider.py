"""The fake provider's routes: answers, rejects, misbehaves, and writes its bill."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from enrichment_platform_tests.servers.http_protocol import Exchange, HttpServer, ok, response
from enrichment_platform_tests.servers.openai_behaviour import Behaviour, Schedule, outage_of
from enrichment_platform_tests.servers.openai_bill import Bill
from enrichment_platform_tests.servers.schema_answer import answer

MODEL = "fake-model-2026-01-01"
GOOD = Behaviour("ok")
FINISH_REASONS = {"truncated": "length", "null": None}


class Job:
    """A chat request from its arrival to its answer."""

    __slots__ = ("behaviour", "body", "exchange", "prompt", "running", "timer")

    def __init__(self, exchange: Exchange, body: dict[str, Any], prompt: str | None) -> None:
        self.exchange = exchange
        self.body = body
        self.prompt = prompt
        self.behaviour = GOOD
        self.running = False  # has a slot
        self.timer: asyncio.TimerHandle | None = None


class Provider:
    """State of the server: settings, behaviours, bill."""

    def __init__(
        self,
        server: HttpServer,
        *,
        model: str = MODEL,
        latency_s: float = 0.0,
        slots: int = 0,
        api_key: str | None = None,
        keep_prompts: bool = True,
    ) -> None:
        self.model = model
        self.latency_s = latency_s
        self.slots = slots
        self.queue = False
        self.slots_retry_after: str | None = None
        self.behaviours: list[Behaviour] = []
        self.outage: str | None = None
        self.in_flight = 0
        self.bill = Bill(keep_prompts)
        self._waiting: deque[Job] = deque()
        self._server = server
        self._capacity, self._outages = Schedule(), Schedule()
        self._authorization = f"Bearer {api_key}".encode() if api_key else None
        self._loop = asyncio.get_running_loop()
        self._routes: dict[bytes, Callable[[Exchange], None]] = {
            b"/v1/chat/completions": self.chat,
            b"/v1/models": self.models,
            b"/stats": self.stats,
            b"/timeline": lambda exchange: _respond(exchange, self.bill.timeline.shown()),
            b"/behaviour": self.behaviour,
            b"/reset": self.reset,
        }
        server.handle = self.handle

    def handle(self, exchange: Exchange) -> None:
        """Answer any request."""
        route = self._routes.get(exchange.path.partition(b"?")[0])
        if route is None:
            exchange.respond(response(404, b"{}"))
        else:
            route(exchange)

    def chat(self, exchange: Exchange) -> None:
        """POST /v1/chat/completions."""
        try:
            body = orjson.loads(exchange.body)
            prompt = self.bill.arrived(exchange.connection.peer, body["messages"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            exchange.respond(response(400, b'{"error": {"message": "not a chat request"}}'))
            return
        job = Job(exchange, body, prompt)
        if self._authorization and exchange.authorization != self._authorization:
            self._error(job, "401")
        elif self.outage:
            self._fail(job, self.outage)
        elif not self.slots or self.in_flight < self.slots:
            self._start(job)
        elif self.queue:
            exchange.dropped = partial(self._dropped, job)
            self._waiting.append(job)
        else:
            self._error(job, "429", self.slots_retry_after)

    def _start(self, job: Job) -> None:
        if self.behaviours:
            job.behaviour = next((one for one in self.behaviours if one.applies()), GOOD)
        job.running = True
        self.in_flight += 1
        self.bill.max_in_flight = max(self.bill.max_in_flight, self.in_flight)
        if self.latency_s:
            job.exchange.dropped = partial(self._dropped, job)
            job.timer = self._loop.call_later(self.latency_s, self._finish, job)
        else:
            self._finish(job)

    def _finish(self, job: Job) -> None:
        kind = job.behaviour.kind
        if self.outage or kind in ("hang", "reset"):
            self._fail(job, self.outage or kind)
        elif kind.isdigit():
            self._error(job, kind, job.behaviour.retry_after)
        elif kind == "garbage":
            self.bill.failed(kind)
            job.exchange.respond(response(200, b"<html>Bad gateway</html>", content_type="text/html"))
        elif kind == "empty":
            self.bill.failed(kind)
            _respond(job.exchange, {"id": "x", "choices": []})
        else:
            self.bill.outcomes[kind] += 1
            _respond(job.exchange, self._completion(kind, job))
        if job.running and kind != "hang":
            self._leave(job)

    def _fail(self, job: Job, kind: str) -> None:
        """Without an answer, or with a 503."""
        if kind == "503":
            self._error(job, kind)
            return
        self.bill.failed(kind)
        if kind == "hang":
            job.exchange.dropped = partial(self._dropped, job)
        else:
            job.exchange.dropped = None
            job.exchange.connection.reset()

    def _error(self, job: Job, kind: str, retry_after: str | None = None) -> None:
        self.bill.failed(kind)
        messages = job.body["messages"]
        error = {"message": f"rejected: {messages}", "type": "fake_error", "code": messages[-1]["content"]}
        job.exchange.respond(response(int(kind), orjson.dumps({"error": error}), retry_after=retry_after))

    def _dropped(self, job: Job) -> None:
        """The client is gone."""
        if job.timer:
            job.timer.cancel()
        if job.running:
            self._leave(job)
        elif job in self._waiting:
            self._waiting.remove(job)

    def _leave(self, job: Job) -> None:
        job.running = False
        self.in_flight -= 1
        if self._waiting:
            self._admit()

    def _admit(self) -> None:
        # In a turn of its own: at zero latency a long queue would otherwise be answered in nested calls.
        self._loop.call_soon(self._admit_now)

    def _admit_now(self) -> None:
        while self._waiting and (not self.slots or self.in_flight < self.slots):
            self._start(self._waiting.popleft())

    def _completion(self, kind: str, job: Job) -> dict[str, Any]:
        messages = job.body["messages"]
        schema = job.body.get("response_format", {}).get("json_schema", {}).get("schema", {"type": "string"})
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        asked: str = messages[-1]["content"]
        text = orjson.dumps(answer(schema, asked, obedient=kind == "obedient")).decode()
        if kind == "malformed":
            text = "Sure! Here is the answer: " + text[:-1]
        elif kind == "truncated":
            text = text[: len(text) // 2]
        if kind == "refusal":
            message["refusal"] = text = "I cannot help with that."
        elif kind != "null":
            message["content"] = text
        cached = len(messages[0]["content"]) // 4 if len(messages) > 1 else 0
        # Like a tokenizer's, counts of equally long prompts differ.
        tokens_in = sum([len(turn["content"]) // 4 for turn in messages]) + zlib.crc32(asked.encode()) % 8
        tokens_out = len(text) // 4
        self.bill.completed((tokens_in, cached, tokens_out), job.prompt if kind == "ok" else None)
        usage = {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        return {
            "id": f"chatcmpl-{self.bill.answered}",
            "object": "chat.completion",
            "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": FINISH_REASONS.get(kind, "stop")}],
            "usage": None if kind == "null" else usage,
        }

    def models(self, exchange: Exchange) -> None:
        """GET /v1/models; an empty model name stands for a server without that route."""
        if self._authorization and exchange.authorization != self._authorization:
            exchange.respond(response(401, b""))
        elif self.outage == "reset":
            exchange.connection.reset()
        elif self.outage == "503":
            exchange.respond(response(503, b""))
        elif not self.model:
            exchange.respond(response(404, b""))
        elif self.outage != "hang":
            _respond(exchange, {"object": "list", "data": [{"id": self.model, "object": "model"}]})

    def stats(self, exchange: Exchange) -> None:
        """GET /stats: the bill."""
        now = {"in_flight": self.in_flight, "queued": len(self._waiting), "outage": self.outage}
        _respond(exchange, self.bill.shown() | now)

    def reset(self, exchange: Exchange) -> None:
        """POST /reset: an empty bill and timeline; settings and what is in flight stay."""
        self.bill = Bill(self.bill.keep_prompts)
        _respond(exchange, {})

    def behaviour(self, exchange: Exchange) -> None:
        """POST /behaviour: replaces behaviours and outage; other settings stay unless they are told too."""
        try:
            told = json.loads(exchange.body)
            self._behave(told if isinstance(told, list) else [told])
        except (AttributeError, TypeError, ValueError) as error:
            _respond(exchange, {"error": str(error)}, 400)
            return
        _respond(exchange, {"behaviours": len(self.behaviours)})

    def _behave(self, told: list[dict[str, Any]]) -> None:
        kinds = []
        self._outages.set()
        self._end_outage()
        for one in told:
            self.latency_s = one.pop("latency_s", self.latency_s)
            self.queue = one.pop("queue", self.queue)
            if "slots" in one or "capacity" in one:
                steps = [*one.pop("capacity", []), *([[0, one.pop("slots")]] if "slots" in one else [])]
                self.slots_retry_after = None if "kind" in one else one.pop("retry_after", None)
                self._capacity.set(*((at_s, partial(self._resize, slots)) for at_s, slots in steps))
            if "outage" in one:
                start_s, end_s, kind = outage_of(one.pop("outage"))
                self._outages.set((start_s, partial(self._begin_outage, kind)), (end_s, self._end_outage))
            kinds += [Behaviour(**one)] if one else []
        self.behaviours = kinds

    def _resize(self, slots: int) -> None:
        self.slots = slots
        self._admit()

    def _begin_outage(self, kind: str) -> None:
        self.outage = kind
        if kind == "refuse":
            self._server.refuse()

    def _end_outage(self) -> None:
        if self.outage == "refuse":
            self._server.listen()
        self.outage = None


def _respond(exchange: Exchange, body: dict[str, Any], status: int = 200) -> None:
    data = orjson.dumps(body)
    exchange.respond(ok(data) if status == 200 else response(status, data))
