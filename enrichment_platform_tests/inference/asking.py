"""Tickets to ask, an endpoint that is watched, and what ledger and bill say afterwards: for tests of the dispatcher."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.inference.dispatcher import Dispatcher
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
from enrichment_platform.inference.endpoints.protocol import Completion, CompletionRequest
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.retry import RULES
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.task import Question, Task, request_key
from enrichment_platform.inference.terms import Terms
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform_tests.servers.ledgers import attempts_of
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server

MODEL = "fake-model-2026-01-01"
PARTITION = "2026-01-01"
TOKENS = ("prompt_tokens", "cached_tokens", "completion_tokens")
IMPATIENT = {cause: replace(rule, first_wait_s=rule.first_wait_s / 1000) for cause, rule in RULES.items()}
HANGS_AFTER_S = 60.0  # a batch that takes longer hangs


def task(**changes: Any) -> Task:
    """What is asked of a ticket; `changes` replace top-level settings."""
    settings = {
        "name": "tickets",
        "source": {"path": "tickets.csv", "key": "id", "timestamp": "at"},
        "partitions": {"start": "2026-01-01"},
        "prompt": {"columns": ["body"]},
        "output": [{"name": "quote", "type": "string"}],
        "model": {"max_output_tokens": 100},
    }
    return Task(EnrichmentSpec.model_validate(settings | changes), "c1")


TASK = task()


def questions(count: int, start: int = 0, of: Task = TASK) -> list[Question]:
    """Tickets that all differ."""
    return list(stream(count, start, of))


def stream(count: int, start: int = 0, of: Task = TASK) -> Iterator[Question]:
    """The same one by one."""
    for number in range(start, start + count):
        yield of.question({"row_id": f"row-{number}", "body": f"ticket number {number} arrived"})


class Watched(OpenAIEndpoint):
    """The endpoint, with a note of what it was asked and how many requests were in flight."""

    def __init__(self, url: str, name: str = "api", **settings: Any) -> None:
        classes = settings.pop("data_classes", frozenset({"internal"}))
        super().__init__(name, url, classes, **{"model": MODEL, "max_concurrency": 4, "timeout_s": 10.0, **settings})
        self.requests: list[CompletionRequest] = []
        self.now = self.most = 0

    async def complete(self, request: CompletionRequest, body: bytes | None = None) -> Completion:
        self.requests.append(request)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().complete(request, body)
        finally:
            self.now -= 1


def dispatcher(ledger: Ledger, *endpoints: Any, terms: Terms | None = None, **settings: Any) -> Dispatcher:
    """A dispatcher of a partition of tickets, whose retries wait for some milliseconds at most."""
    given = {"task": TASK, "partition_key": PARTITION, **settings}
    return Dispatcher(endpoints=endpoints, ledger=ledger, terms=terms or Terms(rules=IMPATIENT), **given)


def ask(
    ledger: Ledger, asked: Iterable[Question], *endpoints: Any, within_s: float = HANGS_AFTER_S, **settings: Any
) -> list[RowAnswer]:
    """Ask all of it; answers in the order of the questions."""
    listed = list(asked)
    one = dispatcher(ledger, *endpoints, **settings)

    async def answered() -> list[RowAnswer]:
        async with asyncio.timeout(within_s):
            return await one.answer(listed)

    return asyncio.run(answered())


def run(
    ledger: Ledger,
    asked: Iterable[Question],
    emit: Callable[[RowAnswer], None],
    *endpoints: Any,
    within_s: float = HANGS_AFTER_S,
    **settings: Any,
) -> Progress:
    """Ask what a stream yields; how it went."""
    one = dispatcher(ledger, *endpoints, **settings)

    async def streamed() -> None:
        async with asyncio.timeout(within_s):
            await one.run(asked, emit)

    asyncio.run(streamed())
    return one.progress


def key(question: Question, of: Task = TASK, model: str = MODEL) -> str:
    """The request key of a question."""
    return request_key(of.fingerprint(model), question)


def attempts(ledger: Ledger, question: Question | None = None) -> list[dict[str, Any]]:
    """Attempts of a question, or of all, oldest first."""
    return attempts_of(ledger, "tickets", PARTITION, question.row_id if question else None)


def history(ledger: Ledger, question: Question) -> list[tuple[str, str | None]]:
    """Cause and outcome of every attempt of a question."""
    return [(one["cause"], one["outcome"]) for one in attempts(ledger, question)]


def told(attempted: Iterable[dict[str, Any]]) -> list[int]:
    """Prompt, cached and completion tokens of attempts, as the ledger knows them."""
    sums = Counter[str]()
    for one in attempted:
        sums.update({name: one[name] or 0 for name in ("input_tokens", "cached_tokens", "output_tokens")})
    return [sums["input_tokens"], sums["cached_tokens"], sums["output_tokens"]]


def billed(server: RunningServer) -> list[int]:
    """Prompt, cached and completion tokens that the provider charges."""
    stats = server.stats()
    return [stats[name] for name in TOKENS]


def sent(server: RunningServer) -> int:
    """Requests that the provider got."""
    return int(server.stats()["requests"])


def closed_port() -> str:
    """URL of a server that does not listen."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServer]:
    """A provider for all tests of a module."""
    with openai_server() as server:
        yield server


@pytest.fixture
def server(running: RunningServer) -> RunningServer:
    """The provider, behaving well, with an empty bill."""
    assert running.process.poll() is None, f"the provider has ended with {running.process.returncode}"
    running.behave({"latency_s": 0.0, "slots": 0, "queue": False})
    running.reset()
    return running


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened
