"""The dispatcher against a provider that misbehaves: nothing is lost, nothing is asked twice, all of it is recorded."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.errors import DataClassError, EndpointUnavailableError
from enrichment_platform.inference import dispatcher as dispatcher_module
from enrichment_platform.inference import retry
from enrichment_platform.inference.answer_schema import read_answer
from enrichment_platform.inference.dispatcher import Dispatcher, RowAnswer
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
from enrichment_platform.inference.endpoints.protocol import Completion, CompletionRequest, Price
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.task import Question, Task, request_key
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server

MODEL = "fake-model-2026-01-01"
TASK = Task(
    EnrichmentSpec.model_validate(
        {
            "name": "tickets",
            "source": {"path": "tickets.csv", "key": "id", "timestamp": "at"},
            "partitions": {"start": "2026-01-01"},
            "prompt": {"columns": ["body"]},
            "output": [{"name": "quote", "type": "string"}],
            "model": {"max_output_tokens": 100},
        }
    ),
    "c1",
)


class Watched(OpenAIEndpoint):
    """The endpoint, with a note of what it was asked and how many requests were in flight."""

    def __init__(self, url: str, name: str = "api", **settings: Any) -> None:
        classes = settings.pop("data_classes", frozenset({"internal"}))
        super().__init__(name, url, classes, **{"model": MODEL, "max_concurrency": 4, "timeout_s": 10.0, **settings})
        self.requests: list[CompletionRequest] = []
        self.now = self.most = 0

    async def complete(self, request: CompletionRequest) -> Completion:
        self.requests.append(request)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().complete(request)
        finally:
            self.now -= 1


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServer]:
    with openai_server() as server:
        yield server


@pytest.fixture
def server(running: RunningServer) -> RunningServer:
    """The provider, behaving well; its bill goes on from test to test."""
    running.behave({"latency_s": 0.0, "slots": 0})
    return running


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {cause: replace(rule, first_wait_s=rule.first_wait_s / 1000) for cause, rule in retry.RULES.items()}
    monkeypatch.setattr(retry, "RULES", rules)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


def questions(count: int) -> list[Question]:
    return [TASK.question({"row_id": f"row-{n}", "body": f"ticket number {n} arrived"}) for n in range(count)]


def ask(ledger: Ledger, asked: list[Question], *endpoints: OpenAIEndpoint, **settings: Any) -> list[RowAnswer]:
    return asyncio.run(Dispatcher(TASK, endpoints, ledger, "2026-01-01", **settings).answer(asked))


def key(question: Question) -> str:
    return request_key(TASK.fingerprint(MODEL), question)


def attempts(ledger: Ledger, question: Question) -> list[tuple[str, str | None]]:
    """Cause and outcome of every attempt of a question."""
    return [(one["cause"], one["outcome"]) for one in ledger.attempts_of(key(question))]


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


def requests(server: RunningServer) -> int:
    return int(server.stats()["requests"])


def test_answers_come_in_the_order_of_the_questions_and_belong_to_their_rows(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "500", "share": 0.3, "seed": 3})
    asked = questions(40)
    rows = ask(ledger, asked, Watched(server.url))
    assert [row.row_id for row in rows] == [f"row-{n}" for n in range(40)]
    for number, row in enumerate(rows):
        assert (row.answer.status, row.copied) == ("ok", False)
        assert read_answer(row.answer.text, TASK.spec.output) == {"quote": f"ticket number {number} arrived"}


@pytest.mark.parametrize("bound", [1, 3])
def test_no_more_requests_are_in_flight_than_the_endpoint_allows(ledger: Ledger, bound: int) -> None:
    with openai_server("--latency", "0.02") as server:
        endpoint = Watched(server.url, max_concurrency=bound)
        server.behave({"kind": "500", "share": 0.2})
        ask(ledger, questions(20), endpoint)
        assert endpoint.most == server.stats()["max_in_flight"] == bound


def test_identical_rows_are_asked_once_and_answered_each(server: RunningServer, ledger: Ledger) -> None:
    before, seen = requests(server), list[Progress]()
    asked = [replace(question, row_id=f"{question.row_id}-{copy}") for copy in "abc" for question in questions(2)]
    rows = ask(ledger, asked, Watched(server.url), on_progress=lambda now: seen.append(replace(now)))
    assert requests(server) - before == 2
    assert [row.copied for row in rows] == [False, False, True, True, True, True]
    assert [row.row_id for row in rows] == [question.row_id for question in asked]
    assert rows[0].answer == rows[2].answer == rows[4].answer != rows[1].answer
    assert (seen[-1].rows, seen[-1].copied, seen[-1].asked, seen[-1].to_ask) == (6, 4, 2, 2)


def test_a_second_batch_sends_nothing(server: RunningServer, ledger: Ledger) -> None:
    first = ask(ledger, questions(10), Watched(server.url))
    before, seen = requests(server), list[Progress]()
    second = ask(ledger, questions(10), Watched(server.url), on_progress=lambda now: seen.append(replace(now)))
    assert second == first
    assert requests(server) == before
    assert (seen[-1].stored, seen[-1].to_ask, seen[-1].requests) == (10, 0, 0)


def test_a_batch_without_rows_is_no_request(server: RunningServer, ledger: Ledger) -> None:
    before = requests(server)
    assert ask(ledger, [], Watched(server.url)) == []
    assert requests(server) == before


@pytest.mark.parametrize(
    ("kind", "outcome", "times"),
    [
        ("429", "rate_limit", 12),
        ("500", "server_error", 4),
        ("503", "server_error", 4),
        ("reset", "connection", 5),
        ("garbage", "bad_response", 2),
        ("empty", "bad_response", 2),
        ("malformed", "malformed", 2),
        ("null", "malformed", 2),
        ("truncated", "truncated", 1),
        ("hang", "timeout", 2),
    ],
)
def test_a_failure_is_retried_and_every_attempt_is_recorded_with_its_outcome(
    server: RunningServer, ledger: Ledger, kind: str, outcome: str, times: int
) -> None:
    server.behave({"kind": kind, "first": times})
    (question,) = questions(1)
    endpoint = Watched(server.url, timeout_s=0.3 if kind == "hang" else 10.0)
    (row,) = ask(ledger, [question], endpoint)
    assert (row.answer.status, row.answer.attempts) == ("ok", times + 1)
    causes = ["first"] + [outcome] * times
    assert attempts(ledger, question) == list(zip(causes, [*[outcome] * times, "ok"], strict=True))
    assert ledger.answers([key(question)]) == {key(question): row.answer}


@pytest.mark.parametrize(
    ("kind", "outcome", "sent"), [("400", "bad_request", 1), ("500", "server_error", 5), ("garbage", "bad_response", 3)]
)
def test_a_row_that_got_no_answer_is_failed_and_asked_again_by_the_next_batch(
    server: RunningServer, ledger: Ledger, kind: str, outcome: str, sent: int
) -> None:
    server.behave({"kind": "ok", "first": 1}, {"kind": kind})
    good, question = questions(2)
    _, row = ask(ledger, [good, question], Watched(server.url, max_concurrency=1))
    assert (row.answer.status, row.answer.finish_reason, row.answer.attempts) == ("failed", outcome, sent)
    assert [found for _, found in attempts(ledger, question)] == [outcome] * sent
    assert ledger.answers([key(question)]) == {}
    server.behave()
    (row,) = ask(ledger, [question], Watched(server.url))
    assert row.answer.status == "ok"


def test_retry_after_is_waited_for(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "429", "first": 1, "retry_after": "0.4"})
    (question,) = questions(1)
    ask(ledger, [question], Watched(server.url))
    refused, answered = ledger.attempts_of(key(question))
    assert (answered["sent_at"] - refused["settled_at"]).total_seconds() >= 0.35


def test_a_malformed_answer_is_asked_again_with_other_seeds_twice_and_then_kept_as_malformed(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "malformed"})
    before = server.stats()
    (question,), endpoint = questions(1), Watched(server.url, price=Price(input=1.0, output=2.0))
    (row,) = ask(ledger, [question], endpoint)
    assert (row.answer.status, row.answer.attempts) == ("malformed", 3)
    assert [request.seed for request in endpoint.requests] == [0, 1, 2]
    assert [request.temperature for request in endpoint.requests] == [0.0, 0.5, 0.5], "greedy decoding ignores seeds"
    assert {request.max_output_tokens for request in endpoint.requests} == {100}
    after = server.stats()
    billed = [after[name] - before[name] for name in ("prompt_tokens", "cached_tokens", "completion_tokens")]
    assert [row.answer.input_tokens, row.answer.cached_tokens, row.answer.output_tokens] == billed
    assert row.answer.cost_usd == pytest.approx((billed[0] + 2 * billed[2]) / 1e6)
    server.behave()
    (again,) = ask(ledger, [question], endpoint)
    assert again == row
    assert len(endpoint.requests) == 3, "the answer is final"


def test_a_truncated_answer_is_asked_again_once_with_twice_the_tokens_and_never_parsed(
    server: RunningServer, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "read_answer", lambda *_: pytest.fail("a truncated answer was parsed"))
    server.behave({"kind": "truncated"})
    (question,), endpoint = questions(1), Watched(server.url)
    (row,) = ask(ledger, [question], endpoint)
    assert (row.answer.status, row.answer.finish_reason, row.answer.attempts) == ("truncated", "length", 2)
    assert [request.max_output_tokens for request in endpoint.requests] == [100, 200]
    assert {request.seed for request in endpoint.requests} == {0}
    assert attempts(ledger, question) == [("first", "truncated"), ("truncated", "truncated")]
    assert ledger.answers([key(question)]) == {key(question): row.answer}


def test_a_refusal_is_an_answer_and_not_retried(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "refusal"})
    (question,) = questions(1)
    (row,) = ask(ledger, [question], Watched(server.url))
    assert (row.answer.status, row.answer.attempts) == ("refused", 1)
    assert attempts(ledger, question) == [("first", "refused")]
    assert ledger.answers([key(question)]) == {key(question): row.answer}


def test_a_request_that_one_endpoint_refuses_is_tried_on_the_next(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "400", "first": 1})
    (row,) = ask(ledger, questions(1), Watched(server.url), Watched(server.url, "second", model="larger"))
    assert (row.answer.status, row.answer.endpoint, row.answer.attempts) == ("ok", "second", 2)


def test_a_row_that_no_endpoint_answers_counts_under_the_first_fingerprint(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "400"})
    (row,) = ask(ledger, questions(1), Watched(server.url), Watched(server.url, "second", model="larger"))
    assert (row.answer.status, row.answer.fingerprint) == ("failed", TASK.fingerprint(MODEL))


def test_a_wrong_model_name_is_told_at_once_and_not_sent_for_every_row(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "404"})
    before = server.stats()["requests"]
    with pytest.raises(EndpointUnavailableError, match="404"):
        ask(ledger, questions(200), Watched(server.url))
    assert server.stats()["requests"] - before <= 4, "one for each slot"


def test_a_partition_that_fell_back_in_part_is_completed_under_one_fingerprint_later(
    server: RunningServer, ledger: Ledger
) -> None:
    rows = questions(6)
    server.behave({"kind": "ok", "first": 3}, {"kind": "401", "first": 1})
    first, second = (lambda: Watched(server.url, max_concurrency=1)), (lambda: Watched(server.url, "second", model="b"))
    mixed = ask(ledger, rows, first(), second())
    assert {row.answer.endpoint for row in mixed} == {"api", "second"}
    server.behave()
    whole = ask(ledger, rows, first(), second())
    assert {row.answer.fingerprint for row in whole} == {TASK.fingerprint(MODEL)}
    before = server.stats()["requests"]
    ask(ledger, rows, first(), second())
    assert server.stats()["requests"] == before


def test_no_row_text_is_in_the_recorded_details_though_the_server_echoes_it(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "500", "first": 1}, {"kind": "malformed", "first": 1})
    (question,) = questions(1)
    ask(ledger, [question], Watched(server.url))
    details = [one["detail"] for one in ledger.attempts_of(key(question))]
    assert all(details[:2])
    assert "ticket number" not in repr(details)


@pytest.mark.parametrize("model", [MODEL, None], ids=["named model", "model asked for"])
def test_the_second_endpoint_answers_when_the_first_refuses_connections(
    server: RunningServer, ledger: Ledger, model: str | None
) -> None:
    dead = Watched(closed_port(), "dead", model=model)
    asked = questions(30)
    rows = ask(ledger, asked, dead, Watched(server.url, "live"))
    assert {(row.answer.status, row.answer.endpoint) for row in rows} == {("ok", "live")}
    outcomes = [outcome for question in asked for _, outcome in attempts(ledger, question)]
    assert set(outcomes) <= {"ok", "connection"}
    assert outcomes.count("connection") == len(dead.requests)
    assert len(dead.requests) < 30, "a dead endpoint is given up for the rest of the batch"


def test_an_endpoint_that_may_not_see_the_rows_is_refused_before_anything_is_sent(
    server: RunningServer, ledger: Ledger
) -> None:
    before = requests(server)
    public = Watched(server.url, "public-api", data_classes=frozenset({"public"}))
    with pytest.raises(DataClassError, match=r"'public-api' may not see internal rows of tickets; it may see public"):
        ask(ledger, questions(3), Watched(server.url), public)
    assert requests(server) == before
    assert [attempts(ledger, question) for question in questions(3)] == [[], [], []]


def test_when_the_server_goes_down_the_answers_so_far_are_kept_and_counted(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "ok", "first": 5}, {"kind": "500"})
    asked, endpoint = questions(20), Watched(server.url, max_concurrency=1)
    with pytest.raises(EndpointUnavailableError) as caught:
        ask(ledger, asked, endpoint)
    assert str(caught.value) == (
        "no endpoint of pool 'default' answers (api: server_error: status 500 (fake_error));"
        " 5 answers of this run are kept: run again when it is back"
    )
    assert len(ledger.answers(key(question) for question in asked)) == 5
    assert len(endpoint.requests) == 5 + 8, "given up after eight failures in a row"
    server.behave()
    before = requests(server)
    assert {row.answer.status for row in ask(ledger, asked, endpoint)} == {"ok"}
    assert requests(server) - before == 15, "what was answered is not asked again"


def test_a_killed_server_ends_a_concurrent_batch_in_one_error_and_the_ledger_goes_on(ledger: Ledger) -> None:
    asked = questions(60)
    with openai_server() as server:

        def kill_in_the_middle(progress: Progress) -> None:
            if progress.asked == 20:
                server.process.kill()
                server.process.wait()

        with pytest.raises(EndpointUnavailableError, match="answers of this run are kept"):
            ask(ledger, asked, Watched(server.url, max_concurrency=8), on_progress=kill_in_the_middle)
    kept = ledger.answers(key(question) for question in asked)
    assert 20 <= len(kept) < 60
    with openai_server() as server:
        endpoint = Watched(server.url, max_concurrency=8)
        assert {row.answer.status for row in ask(ledger, asked, endpoint)} == {"ok"}
        assert len(endpoint.requests) == 60 - len(kept)


@pytest.mark.parametrize("model", [MODEL, None], ids=["named model", "model asked for"])
def test_no_endpoint_that_answers_is_one_error(ledger: Ledger, model: str | None) -> None:
    with pytest.raises(EndpointUnavailableError, match=r"no endpoint of pool|does not answer"):
        ask(ledger, questions(10), Watched(closed_port(), model=model))


def test_a_refused_key_stops_at_once_with_a_clear_message(ledger: Ledger) -> None:
    with openai_server("--api-key", "right") as server:
        endpoint = Watched(server.url, api_key="wrong", max_concurrency=4)
        with pytest.raises(EndpointUnavailableError, match=r"api: unauthorized: status 401.*0 answers"):
            ask(ledger, questions(50), endpoint)
        assert requests(server) <= 4, "only what was in flight"
        with pytest.raises(
            EndpointUnavailableError, match=r"refuses the key .*set the variable that api_key_env names"
        ):
            ask(ledger, questions(50), Watched(server.url, api_key="wrong", model=None))
