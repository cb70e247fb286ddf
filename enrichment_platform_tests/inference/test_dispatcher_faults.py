"""The dispatcher against a provider that misbehaves: nothing is lost or paid for twice, and all of it is recorded."""

from __future__ import annotations

from collections import Counter

import pytest

from enrichment_platform.inference import attempts as attempts_module
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform_tests.inference.asking import (
    Watched,
    ask,
    attempts,
    billed,
    history,
    key,
    ledger,
    questions,
    run,
    running,
    sent,
    server,
    stream,
    told,
)
from enrichment_platform_tests.servers.openai_server import RunningServer

__all__ = ["ledger", "running", "server"]
pytestmark = pytest.mark.timeout(180)
FAULTS = (
    {"kind": "500", "share": 0.02, "seed": 1},
    {"kind": "reset", "share": 0.01, "seed": 2},
    {"kind": "hang", "share": 0.005, "seed": 3},
    {"kind": "malformed", "share": 0.01, "seed": 4},
    {"kind": "truncated", "share": 0.01, "seed": 5},
)


def test_with_faults_of_every_kind_each_row_ends_once_and_the_ledger_is_the_bill(
    server: RunningServer, ledger: Ledger
) -> None:
    rows = 20_000
    server.behave(*FAULTS)
    emitted: list[RowAnswer] = []
    # Of a server that stands still for longer, requests are timeouts here that it has never read.
    endpoint = Watched(server.url, max_concurrency=64, timeout_s=4.0)
    progress = run(ledger, stream(rows), emitted.append, endpoint, within_s=170)
    stats, attempted = server.stats(), attempts(ledger)
    attempted = [one for one in attempted if one["outcome"] != "not_sent"]  # while nothing was answered for a moment

    assert sorted(row.row_id for row in emitted) == sorted(question.row_id for question in stream(rows))
    assert progress.done == progress.asked == rows
    ends = Counter((row.answer.status, row.answer.finish_reason) for row in emitted)
    assert ends["ok", "stop"] >= 0.99 * rows
    assert {status for status, _ in ends} <= {"ok", "malformed", "truncated", "failed"}
    assert all(reason in ("server_error", "connection", "timeout") for status, reason in ends if status == "failed")
    assert len(attempted) == progress.requests == stats["requests"]
    assert None not in {one["outcome"] for one in attempted}
    assert told(attempted) == billed(server)
    spent = [(row.answer.input_tokens, row.answer.cached_tokens, row.answer.output_tokens) for row in emitted]
    assert [sum(column) for column in zip(*spent, strict=True)] == billed(server)
    assert stats["prompts_answered_twice"] == 0, "no good answer is paid for again"
    outcomes = Counter(one["outcome"] for one in attempted)
    names = {"server_error": "500", "connection": "reset", "timeout": "hang", "malformed": "malformed"}
    assert {cause: outcomes[cause] for cause in names} == {cause: stats["outcomes"][it] for cause, it in names.items()}


@pytest.mark.parametrize(
    ("kind", "outcome", "times"),
    [
        ("429", "rate_limit", 2),
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
def test_a_failure_is_retried_and_every_attempt_is_recorded_with_its_cause_and_outcome(
    server: RunningServer, ledger: Ledger, kind: str, outcome: str, times: int
) -> None:
    server.behave({"kind": kind, "first": times})
    (question,) = questions(1)
    (row,) = ask(ledger, [question], Watched(server.url, timeout_s=1.5 if kind == "hang" else 10.0))
    assert (row.answer.status, row.answer.attempts) == ("ok", times + 1)
    causes = ["first"] + [outcome] * times
    assert history(ledger, question) == list(zip(causes, [*[outcome] * times, "ok"], strict=True))
    assert ledger.answers([key(question)]) == {key(question): row.answer}


@pytest.mark.parametrize(
    ("kind", "outcome", "requests"),
    [("400", "bad_request", 1), ("500", "server_error", 5), ("garbage", "bad_response", 3), ("hang", "timeout", 3)],
)
def test_a_row_that_got_no_answer_is_failed_with_its_reason_and_asked_again_by_the_next_batch(
    server: RunningServer, ledger: Ledger, kind: str, outcome: str, requests: int
) -> None:
    server.behave({"kind": "ok", "first": 1}, {"kind": kind})
    good, question = questions(2)
    endpoint = Watched(server.url, max_concurrency=1, timeout_s=1.0 if kind == "hang" else 10.0)
    _, row = ask(ledger, [good, question], endpoint)
    assert (row.answer.status, row.answer.finish_reason, row.answer.attempts) == ("failed", outcome, requests)
    assert [found for _, found in history(ledger, question)] == [outcome] * requests
    assert ledger.answers([key(question)]) == {}
    server.behave()
    (row,) = ask(ledger, [question], Watched(server.url))
    assert row.answer.status == "ok"


def test_a_row_waits_as_long_as_retry_after_says(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "429", "first": 1, "retry_after": "1"})
    (question,) = questions(1)
    ask(ledger, [question], Watched(server.url))
    refused, answered = attempts(ledger, question)
    assert 0.95 <= (answered["sent_at"] - refused["settled_at"]).total_seconds() < 4


def test_a_malformed_answer_is_asked_again_with_other_seeds_twice_and_then_kept_as_malformed(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "malformed"})
    (question,), endpoint = questions(1), Watched(server.url, price=Price(input=1.0, output=2.0))
    (row,) = ask(ledger, [question], endpoint)
    assert (row.answer.status, row.answer.attempts) == ("malformed", 3)
    assert [request.seed for request in endpoint.requests] == [0, 1, 2]
    assert [request.temperature for request in endpoint.requests] == [0.0, 0.5, 0.5], "greedy decoding ignores seeds"
    assert {request.max_output_tokens for request in endpoint.requests} == {100}
    prompt, cached, completion = billed(server)
    assert [row.answer.input_tokens, row.answer.cached_tokens, row.answer.output_tokens] == [prompt, cached, completion]
    assert row.answer.cost_usd == pytest.approx((prompt + 2 * completion) / 1e6)
    server.behave()
    (again,) = ask(ledger, [question], endpoint)
    assert again.answer == row.answer
    assert len(endpoint.requests) == 3, "the answer is final"


def test_a_truncated_answer_is_asked_again_once_with_twice_the_tokens_and_never_parsed(
    server: RunningServer, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts_module, "read_answer", lambda *_: pytest.fail("a truncated answer was parsed"))
    server.behave({"kind": "truncated"})
    (question,), endpoint = questions(1), Watched(server.url)
    (row,) = ask(ledger, [question], endpoint)
    assert (row.answer.status, row.answer.finish_reason, row.answer.attempts) == ("truncated", "length", 2)
    assert [request.max_output_tokens for request in endpoint.requests] == [100, 200]
    assert {request.seed for request in endpoint.requests} == {0}
    assert history(ledger, question) == [("first", "truncated"), ("truncated", "truncated")]
    assert ledger.answers([key(question)]) == {key(question): row.answer}


def test_a_refusal_is_an_answer_and_not_retried(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "refusal"})
    (question,) = questions(1)
    (row,) = ask(ledger, [question], Watched(server.url))
    assert (row.answer.status, row.answer.attempts) == ("refused", 1)
    assert history(ledger, question) == [("first", "refused")]
    assert ledger.answers([key(question)]) == {key(question): row.answer}


def test_a_row_that_utf_8_cannot_carry_fails_alone_and_nothing_is_sent_for_it(
    server: RunningServer, ledger: Ledger
) -> None:
    class Half(Watched):
        def encoded(self, request):  # type: ignore[no-untyped-def]
            if "number 1 " in request.messages[-1]["content"]:
                request.messages[-1]["content"] += "\ud800"
            return super().encoded(request)

    rows = ask(ledger, questions(3), Half(server.url))
    assert [(row.answer.status, row.answer.finish_reason) for row in rows][1] == ("failed", "bad_request")
    assert [row.answer.status for row in rows] == ["ok", "failed", "ok"]
    assert sent(server) == 2


def test_no_row_text_is_in_the_recorded_details_though_the_server_echoes_it(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "500", "first": 1}, {"kind": "malformed", "first": 1})
    (question,) = questions(1)
    ask(ledger, [question], Watched(server.url))
    details = [one["detail"] for one in attempts(ledger, question)]
    assert all(details[:2])
    assert "ticket number" not in repr(details)
