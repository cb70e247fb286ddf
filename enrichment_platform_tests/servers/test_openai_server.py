"""The fake provider keeps the promises that tests and benchmarks build on: its bill, its limits, its outages."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import aiohttp
import jsonschema
import pytest

from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server, prompt_hash
from enrichment_platform_tests.servers.schema_answer import answer
from enrichment_platform_tests.waiting import wait_until

SCHEMA = {
    "type": "object",
    "properties": {
        "topic": {"type": "string", "enum": ["order", "money"]},
        "topic_evidence": {"type": "string", "maxLength": 12},
        "order_id": {"anyOf": [{"type": "string", "pattern": "^ORD-[0-9]{6}$"}, {"type": "null"}]},
        "day": {"type": "string", "format": "date"},
        "score": {"type": "integer", "minimum": 3, "maximum": 5},
        "urgent": {"type": ["boolean", "null"]},
        "tags": {"type": "array", "minItems": 2, "items": {"type": "string", "enum": ["a", "b"]}},
        "version": {"const": 2},
    },
    "required": ["topic", "topic_evidence", "order_id", "day", "score", "urgent", "tags", "version"],
    "additionalProperties": False,
}
Reply = tuple[int | str, dict[str, Any]]
Ask = Callable[[str], Coroutine[Any, Any, Reply]]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServer]:
    with openai_server() as server:
        yield server


@pytest.fixture
def server(running: RunningServer) -> RunningServer:
    """The provider as if newly started."""
    running.behave({"latency_s": 0.0, "slots": 0, "queue": False})
    running.reset()
    return running


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Classify the ticket."}, {"role": "user", "content": f"text: {text}"}]


def body(text: str) -> bytes:
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    return json.dumps({"messages": messages(text), "response_format": wanted}).encode()


def talk(server: RunningServer, conversation: Callable[[Ask], Coroutine[Any, Any, Any]], timeout_s: float = 5.0) -> Any:
    """Run a conversation; what is asked ends in a status and a body, or in the name of an error."""

    async def run() -> Any:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(timeout_s)
        ) as session:

            async def ask(text: str) -> Reply:
                try:
                    async with session.post(f"{server.url}/chat/completions", data=body(text)) as response:
                        content = await response.read()
                        return response.status, {"headers": dict(response.headers)} | json.loads(content)
                except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                    return type(error).__name__, {}

            return await conversation(ask)

    return asyncio.run(run())


def statuses(server: RunningServer, *texts: str, timeout_s: float = 5.0) -> list[int | str]:
    """Statuses of requests that are sent at once."""

    async def conversation(ask: Ask) -> list[int | str]:
        return [status for status, _ in await asyncio.gather(*(ask(text) for text in texts))]

    result: list[int | str] = talk(server, conversation, timeout_s)
    return result


def outage(server: RunningServer) -> str | None:
    try:
        kind: str | None = server.stats()["outage"]
    except OSError:
        return "refuse"
    return kind


def test_answers_fit_the_schema_and_are_the_same_for_the_same_text() -> None:
    texts = [f"ticket {n} of 2026-03-0{n + 1} about ORD-12345{n}" for n in range(9)] + [
        "nothing of the sort",
        "",
        "ü\n",
    ]
    answers = [answer(SCHEMA, text) for text in texts]
    for one in answers:
        jsonschema.validate(one, SCHEMA)
    assert answers == [answer(SCHEMA, text) for text in texts]
    assert answers[3]["order_id"] == "ORD-123453"
    assert {one["topic"] for one in answers} == {"order", "money"}


def test_the_bill_is_the_sum_of_what_the_answers_said_they_used(server: RunningServer) -> None:
    async def conversation(ask: Ask) -> list[dict[str, int]]:
        return [(await ask(f"ticket {n}"))[1]["usage"] for n in range(30)]

    used = talk(server, conversation)
    stats = server.stats()
    assert (stats["requests"], stats["answered"]) == (30, 30)
    for name in ("prompt_tokens", "completion_tokens"):
        assert stats[name] == sum(one[name] for one in used)
    cached = [one["prompt_tokens_details"]["cached_tokens"] for one in used]
    assert stats["cached_tokens"] == sum(cached) > 0
    assert all(count < one["prompt_tokens"] for count, one in zip(cached, used, strict=True))
    assert len({one["prompt_tokens"] for one in used}) > 3, "prompts of one length differ in tokens"


@pytest.mark.parametrize("kind", ["ok", "malformed", "truncated", "refusal"])
def test_every_200_with_a_completion_is_billed(server: RunningServer, kind: str) -> None:
    server.behave({"kind": kind})
    assert statuses(server, "one", "two") == [200, 200]
    stats = server.stats()
    assert stats["answered"] == 2
    assert stats["outcomes"] == {kind: 2}
    assert stats["completion_tokens"] > 0


@pytest.mark.parametrize("kind", ["429", "500", "reset", "hang", "garbage", "empty"])
def test_what_brings_no_completion_is_not_billed(server: RunningServer, kind: str) -> None:
    server.behave({"kind": kind})
    statuses(server, "one", timeout_s=0.3)
    stats = server.stats()
    assert (stats["requests"], stats["answered"], stats["prompt_tokens"]) == (1, 0, 0)
    assert stats["outcomes"] == {kind: 1}
    server.behave()
    assert statuses(server, "one") == [200]


def test_good_answers_to_a_prompt_that_had_one_are_counted(server: RunningServer) -> None:
    server.behave({"kind": "truncated", "first": 1})
    assert [statuses(server, text) for text in ("a", "a", "b", "a", "a")] == [[200]] * 5
    stats = server.stats()
    assert stats["prompts_answered_twice"] == 2
    assert stats["prompts"] == {prompt_hash(messages("a")): 4, prompt_hash(messages("b")): 1}


def test_without_prompts_only_counts_are_kept() -> None:
    with openai_server("--no-prompts") as server:
        assert statuses(server, "a", "a") == [200, 200]
        stats = server.stats()
    assert (stats["requests"], stats["prompts"], stats["prompts_answered_twice"]) == (2, {}, None)


def test_beyond_the_slots_a_request_is_rejected_at_once(server: RunningServer) -> None:
    server.behave({"latency_s": 0.2, "slots": 3, "retry_after": "2"})

    async def conversation(ask: Ask) -> list[Reply]:
        return await asyncio.gather(*(ask(f"ticket {n}") for n in range(8)))

    answers = talk(server, conversation)
    assert sorted(status for status, _ in answers) == [200] * 3 + [429] * 5
    assert {one["headers"].get("Retry-After") for status, one in answers if status == 429} == {"2"}
    assert all(one["error"]["code"].startswith("text: ticket") for status, one in answers if status == 429)
    stats = server.stats()
    assert (stats["max_in_flight"], stats["in_flight"], stats["answered"]) == (3, 0, 3)


def test_with_a_queue_requests_beyond_the_slots_wait(server: RunningServer) -> None:
    server.behave({"latency_s": 0.05, "slots": 2, "queue": True})
    started = time.monotonic()
    assert statuses(server, *map(str, range(6))) == [200] * 6
    assert time.monotonic() - started > 0.14, "three turns"
    assert server.stats()["max_in_flight"] == 2


def test_a_long_queue_without_latency_is_answered(server: RunningServer) -> None:
    server.behave({"latency_s": 0.1, "slots": 1, "queue": True})

    async def conversation(ask: Ask) -> list[Reply]:
        waiting = [asyncio.create_task(ask(str(n))) for n in range(300)]
        await asyncio.sleep(0.05)
        await asyncio.to_thread(server.behave, {"latency_s": 0.0})
        return await asyncio.gather(*waiting)

    assert [status for status, _ in talk(server, conversation)] == [200] * 300


def test_slots_come_and_go_on_schedule(server: RunningServer) -> None:
    server.behave({"latency_s": 0.3, "capacity": [[0, 4], [1.5, 2], [3.0, 3]]})
    started, accepted = time.monotonic(), []
    for at_s in (0.1, 1.9, 3.4):
        time.sleep(max(0.0, started + at_s - time.monotonic()))
        accepted.append(statuses(server, *map(str, range(8))).count(200))
    assert accepted == [4, 2, 3]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("503", {503}),
        ("reset", {"ServerDisconnectedError", "ClientOSError", "ClientConnectionResetError"}),
        ("hang", {"TimeoutError"}),
        ("refuse", {"ClientConnectorError", "ClientOSError", "ServerDisconnectedError"}),
    ],
)
def test_an_outage_begins_and_ends(server: RunningServer, kind: str, expected: set[int | str]) -> None:
    server.behave({"outage": [1.0, 2.5, kind]})
    assert statuses(server, "before") == [200]
    wait_until(lambda: outage(server) == kind, "the outage")
    assert set(statuses(server, "during", "meanwhile", timeout_s=0.2)) <= expected
    wait_until(lambda: outage(server) is None, "its end")
    assert statuses(server, "after") == [200]
    assert server.stats()["answered"] == 2


def test_requests_in_flight_fail_when_an_outage_begins(server: RunningServer) -> None:
    server.behave({"latency_s": 2.0, "outage": [0.7, 2.5, "refuse"]})
    assert set(statuses(server, "a", "b")) <= {"ServerDisconnectedError", "ClientOSError", "ClientConnectionResetError"}
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0
    wait_until(lambda: outage(server) is None, "its end")
    stats = server.stats()
    assert (stats["requests"], stats["answered"], stats["in_flight"]) == (2, 0, 0)


def test_the_timeline_shows_when_requests_came_and_how_they_ended(server: RunningServer) -> None:
    server.behave({"latency_s": 0.5, "slots": 2})
    before = time.time()
    statuses(server, *map(str, range(5)))
    time.sleep(0.3)
    server.behave({"kind": "500"})
    statuses(server, "late")
    timeline = server.timeline()
    assert {name: sum(timeline[name]) for name in ("arrivals", "answers", "rejections", "failures")} == {
        "arrivals": 6,
        "answers": 2,
        "rejections": 3,
        "failures": 1,
    }
    assert before <= timeline["first_arrival"] <= time.time()
    came = [bucket for bucket, count in enumerate(timeline["arrivals"]) if count]
    assert came[-1] - came[0] >= 3, "in the order of their time"
    server.reset()
    assert sum(server.timeline()["arrivals"]) == server.stats()["requests"] == 0


@pytest.mark.parametrize("queue", [True, False])
def test_a_client_that_leaves_frees_its_slot_and_is_not_billed(server: RunningServer, queue: bool) -> None:
    server.behave({"latency_s": 2.0, "slots": 1, "queue": queue})
    statuses(server, "a", "b", timeout_s=0.1)
    wait_until(lambda: server.stats()["in_flight"] == server.stats()["queued"] == 0, "free slots")
    time.sleep(2.2)
    assert server.stats()["answered"] == 0


def test_pipelined_requests_are_answered_in_order(server: RunningServer) -> None:
    server.behave({"latency_s": 0.02})
    with socket.create_connection(("127.0.0.1", server.port)) as client, client.makefile("rb") as answers:
        sent = b"".join(
            b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(one), one)
            for one in (body(f"ORD-{n:06}") for n in range(20))
        )
        client.sendall(sent[:100])
        time.sleep(0.05)
        client.sendall(sent[100:])
        for n in range(20):
            head = {}
            while (line := answers.readline().strip()) != b"":
                name, _, value = line.partition(b": ")
                head[name] = value
            completion = json.loads(answers.read(int(head[b"Content-Length"])))
            assert json.loads(completion["choices"][0]["message"]["content"])["order_id"] == f"ORD-{n:06}"


@pytest.mark.parametrize(
    "told", [{"kind": "500", "sometimes": True}, {"outage": [1, 2, "flood"]}, {"outage": [1]}, ["500"]]
)
def test_what_it_cannot_do_is_refused(server: RunningServer, told: Any) -> None:
    with pytest.raises(OSError, match="400"):
        server.behave(told)
