"""The dispatcher where all goes well: each row is answered once, under its name; what is known is not asked again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from enrichment_platform.errors import DataClassError
from enrichment_platform.inference.answer_schema import read_answer
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.reader import WINDOW_ROWS
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform_tests.inference.asking import (
    PARTITION,
    TASK,
    Watched,
    ask,
    attempts,
    billed,
    key,
    ledger,
    questions,
    run,
    running,
    sent,
    server,
    stream,
    task,
    told,
)
from enrichment_platform_tests.servers.ledgers import attempts_of
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server

__all__ = ["ledger", "running", "server"]
pytestmark = pytest.mark.timeout(90)


def test_answers_come_in_the_order_of_the_questions_and_belong_to_their_rows(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "500", "share": 0.2, "seed": 3})
    rows = ask(ledger, questions(40), Watched(server.url))
    assert [row.row_id for row in rows] == [f"row-{n}" for n in range(40)]
    for number, row in enumerate(rows):
        assert (row.answer.status, row.copied, row.answer.row_id) == ("ok", False, row.row_id)
        assert (
            read_answer(row.answer.text, TASK.spec.output) == row.values == {"quote": f"ticket number {number} arrived"}
        )


def test_what_the_ledger_says_of_attempts_is_the_bill_to_the_token(server: RunningServer, ledger: Ledger) -> None:
    rows = ask(ledger, questions(50), Watched(server.url))
    assert told(attempts(ledger)) == billed(server)
    sums = [sum(getattr(row.answer, f"{name}_tokens") for row in rows) for name in ("input", "cached", "output")]
    assert sums == billed(server)


@pytest.mark.parametrize("bound", [1, 3])
def test_no_more_requests_are_in_flight_than_the_endpoint_allows(ledger: Ledger, bound: int) -> None:
    with openai_server("--latency", "0.02") as server:
        endpoint = Watched(server.url, max_concurrency=bound)
        server.behave({"kind": "500", "share": 0.2})
        ask(ledger, questions(20), endpoint)
        assert endpoint.most == server.stats()["max_in_flight"] == bound


def test_equal_rows_are_asked_once_answered_each_and_the_copies_have_spent_nothing(
    server: RunningServer, ledger: Ledger
) -> None:
    seen: list[Progress] = []
    asked = [replace(question, row_id=f"{question.row_id}-{copy}") for copy in "abc" for question in questions(2)]
    rows = ask(ledger, asked, Watched(server.url), on_progress=lambda now: seen.append(replace(now)))
    assert sent(server) == 2
    assert [row.copied for row in rows] == [False, False, True, True, True, True]
    assert [row.row_id for row in rows] == [question.row_id for question in asked]
    assert rows[0].answer == rows[2].answer == rows[4].answer != rows[1].answer
    assert (seen[-1].rows, seen[-1].copied, seen[-1].asked, seen[-1].done) == (6, 4, 2, 6)


def test_equal_rows_that_are_further_apart_than_the_window_are_asked_once(
    server: RunningServer, ledger: Ledger
) -> None:
    count = WINDOW_ROWS + 1000
    again = [replace(question, row_id=f"again-{question.row_id}") for question in questions(50)]
    rows = ask(ledger, [*questions(count), *again], Watched(server.url, max_concurrency=64))
    assert (sent(server), server.stats()["prompts_answered_twice"]) == (count, 0)
    assert [row.copied for row in rows] == [False] * count + [True] * 50
    assert [row.answer for row in rows[-50:]] == [row.answer for row in rows[:50]]


def test_equal_rows_of_another_partition_share_the_answer_and_have_spent_nothing(
    server: RunningServer, ledger: Ledger
) -> None:
    first = ask(ledger, questions(10), Watched(server.url))
    seen: list[Progress] = []
    renamed = [replace(question, row_id=f"other-{question.row_id}") for question in questions(10)]
    there = {"partition_key": "2026-01-02", "on_progress": lambda now: seen.append(replace(now))}
    rows = ask(ledger, renamed, Watched(server.url), **there)
    assert sent(server) == 10
    assert [(row.answer, row.copied) for row in rows] == [(row.answer, True) for row in first]
    assert (seen[-1].stored, seen[-1].asked, seen[-1].cost_usd) == (10, 0, 0)


def test_a_second_batch_sends_nothing_and_says_the_same(server: RunningServer, ledger: Ledger) -> None:
    seen: list[Progress] = []
    asked = [*questions(10), replace(questions(1)[0], row_id="copy")]
    first = ask(ledger, asked, Watched(server.url))
    second = ask(ledger, asked, Watched(server.url), on_progress=lambda now: seen.append(replace(now)))
    assert [(row.row_id, row.answer, row.copied) for row in second] == [
        (row.row_id, row.answer, row.copied) for row in first
    ]
    assert sent(server) == 10
    assert (seen[-1].stored, seen[-1].copied, seen[-1].asked, seen[-1].requests) == (10, 1, 0, 0)


def test_a_changed_prompt_asks_all_again_and_a_changed_row_asks_itself(server: RunningServer, ledger: Ledger) -> None:
    ask(ledger, questions(10), Watched(server.url))
    edited = [*questions(9), TASK.question({"row_id": "row-9", "body": "something else"})]
    ask(ledger, edited, Watched(server.url))
    assert sent(server) == 11
    changed = task(prompt={"columns": ["body"], "system": "Quote the ticket, word by word."})
    ask(ledger, questions(10, of=changed), Watched(server.url), task=changed)
    assert sent(server) == 21


def test_a_batch_without_rows_is_no_request(server: RunningServer, ledger: Ledger) -> None:
    assert ask(ledger, [], Watched(server.url)) == []
    assert sent(server) == 0


def test_an_answer_is_durable_before_its_row_is_emitted(server: RunningServer, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger(url) as ledger, Ledger(url) as other:
        asked = {question.row_id: question for question in questions(30)}

        def emit(row: RowAnswer) -> None:
            assert other.answers([key(asked[row.row_id])]) == {key(asked[row.row_id]): row.answer}
            assert [one["outcome"] for one in attempts_of(other, "tickets", PARTITION, row.row_id)] == ["ok"]

        assert run(ledger, asked.values(), emit, Watched(server.url)).done == 30


@pytest.mark.parametrize(("takes_priority", "told_so"), [(True, -1), (False, 0)])
def test_the_priority_is_sent_only_to_an_endpoint_that_takes_one(
    server: RunningServer, ledger: Ledger, takes_priority: bool, told_so: int
) -> None:
    urgent = task(priority="high")
    endpoint = Watched(server.url, takes_priority=takes_priority)
    bodies: list[bytes] = []
    encoded = endpoint.encoded
    endpoint.encoded = lambda request: bodies.append(encoded(request)) or bodies[-1]  # type: ignore[method-assign,func-returns-value]
    ask(ledger, questions(2, of=urgent), endpoint, task=urgent)
    assert [request.priority for request in endpoint.requests] == [-1, -1]
    assert [b'"priority":-1' in body for body in bodies] == [takes_priority] * 2
    assert all((b"priority" in body) == takes_priority for body in bodies)


def test_an_endpoint_that_may_not_see_the_rows_is_refused_before_anything_is_sent(
    server: RunningServer, ledger: Ledger
) -> None:
    public = Watched(server.url, "public-api", data_classes=frozenset({"public"}))
    with pytest.raises(DataClassError, match=r"'public-api' may not see internal rows of tickets; it may see public"):
        ask(ledger, questions(3), Watched(server.url), public)
    assert sent(server) == 0
    assert attempts(ledger) == []


def test_an_endpoint_that_may_no_longer_see_the_rows_gets_no_further_one(server: RunningServer, ledger: Ledger) -> None:
    endpoint = Watched(server.url)

    def withdraw(progress: Progress) -> None:
        if progress.asked:
            endpoint.data_classes = frozenset({"public"})

    server.behave({"latency_s": 0.02})
    with pytest.raises(DataClassError):
        ask(ledger, stream(500), endpoint, on_progress=withdraw)
    assert 0 < sent(server) < 30
    assert None not in {one["outcome"] for one in attempts(ledger)}
