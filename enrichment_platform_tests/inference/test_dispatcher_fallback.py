"""Endpoints that refuse rows, keys or models: the next one answers, nothing is asked for ever, all is recorded."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from enrichment_platform.errors import EndpointUnavailableError
from enrichment_platform.inference.endpoints.protocol import Completion, CompletionRequest, EndpointError, Failure
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.task import Question
from enrichment_platform.inference.terms import Terms
from enrichment_platform_tests.inference.asking import (
    IMPATIENT,
    MODEL,
    TASK,
    Watched,
    ask,
    attempts,
    closed_port,
    history,
    ledger,
    questions,
    running,
    sent,
    server,
)
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server

__all__ = ["ledger", "running", "server"]
pytestmark = pytest.mark.timeout(90)


class Picky(Watched):
    """Refuses one row for ever."""

    def __init__(self, refused: Question, failure: Failure, status: int, *where: Any, **settings: Any) -> None:
        super().__init__(*where, **settings)
        self.refused, self.failure, self.status = refused, failure, status

    async def complete(self, request: CompletionRequest, body: bytes | None = None) -> Completion:
        if request.messages == self.refused.messages:
            raise EndpointError(self.failure, "refused", self.status)
        return await super().complete(request, body)


def test_a_row_that_a_firewall_forbids_fails_alone(server: RunningServer, ledger: Ledger) -> None:
    rows = questions(60)
    got = ask(ledger, rows, Picky(rows[30], Failure.UNAUTHORIZED, 403, server.url))
    assert [row.row_id for row in got if row.answer.status != "ok"] == [rows[30].row_id]


def test_an_endpoint_that_refuses_every_request_is_given_up_after_some_rows(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "400"})
    with pytest.raises(EndpointUnavailableError, match="refused the first"):
        ask(ledger, questions(500), Watched(server.url))
    assert sent(server) < 100


def test_a_request_that_one_endpoint_refuses_is_tried_on_the_next_and_its_cause_is_fallback(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "400", "first": 1})
    (question,) = questions(1)
    (row,) = ask(ledger, [question], Watched(server.url), Watched(server.url, "second", model="larger"))
    assert (row.answer.status, row.answer.endpoint, row.answer.attempts) == ("ok", "second", 2)
    assert row.answer.fingerprint == TASK.fingerprint("larger")
    assert history(ledger, question) == [("first", "bad_request"), ("fallback", "ok")]
    assert [one["endpoint"] for one in attempts(ledger, question)] == ["api", "second"]


def test_a_row_that_no_endpoint_answers_counts_under_the_first_fingerprint(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "400"})
    (row,) = ask(ledger, questions(1), Watched(server.url), Watched(server.url, "second", model="larger"))
    assert (row.answer.status, row.answer.fingerprint) == ("failed", TASK.fingerprint(MODEL))
    assert row.answer.attempts == 2


def test_rows_that_the_second_endpoint_refuses_while_the_first_is_gone_fail_and_are_not_asked_for_ever(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "ok", "first": 20}, {"kind": "400", "first": 5})
    gone = Watched(closed_port(), "gone")
    terms = Terms(rules=IMPATIENT, patience_s=3.0)
    rows = ask(ledger, questions(60), gone, Watched(server.url, "live", max_concurrency=1), terms=terms)
    assert Counter(row.answer.status for row in rows) == {"ok": 55, "failed": 5}
    assert {row.answer.finish_reason for row in rows if row.answer.status == "failed"} <= {"bad_request", "connection"}
    assert sent(server) == 60


def test_rows_that_the_first_endpoint_refuses_while_the_second_is_gone_fail_and_the_others_are_answered(
    server: RunningServer, ledger: Ledger
) -> None:
    server.behave({"kind": "400", "first": 5})
    gone, terms = Watched(closed_port(), "gone"), Terms(rules=IMPATIENT, patience_s=2.0)
    rows = ask(ledger, questions(60), Watched(server.url), gone, terms=terms)
    assert Counter(row.answer.status for row in rows) == {"ok": 55, "failed": 5}


def test_rows_that_the_first_endpoint_refuses_fail_at_once_where_the_second_refuses_the_key(ledger: Ledger) -> None:
    with openai_server() as first, openai_server("--api-key", "right") as second:
        first.behave({"kind": "400", "first": 5})
        rows = ask(
            ledger, questions(60), Watched(first.url), Watched(second.url, "second", api_key="wrong"), within_s=10
        )
        assert Counter(row.answer.status for row in rows) == {"ok": 55, "failed": 5}
        assert sent(second) <= 5


def test_a_wrong_model_name_is_told_at_once_and_not_sent_for_every_row(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"kind": "404"})
    with pytest.raises(EndpointUnavailableError, match="404"):
        ask(ledger, questions(200), Watched(server.url), within_s=5)
    assert sent(server) <= 4, "one for each slot"


def test_a_refused_key_stops_at_once_with_a_clear_message(ledger: Ledger) -> None:
    with openai_server("--api-key", "right") as server:
        with pytest.raises(EndpointUnavailableError, match=r"api: unauthorized: status 401.*0 answers"):
            ask(ledger, questions(50), Watched(server.url, api_key="wrong"), within_s=5)
        assert sent(server) <= 4, "only what was in flight"
        with pytest.raises(
            EndpointUnavailableError, match=r"refuses the key .*set the variable that api_key_env names"
        ):
            ask(ledger, questions(50), Watched(server.url, api_key="wrong", model=None))


def test_where_one_endpoint_refuses_the_key_the_other_answers_all(ledger: Ledger) -> None:
    with openai_server("--api-key", "right") as first, openai_server() as second:
        rows = ask(ledger, questions(200), Watched(first.url, api_key="wrong"), Watched(second.url, "second"))
        assert {(row.answer.status, row.answer.endpoint) for row in rows} == {("ok", "second")}
        assert sent(first) <= 4


def test_a_partition_that_fell_back_in_part_is_kept_as_it_is(server: RunningServer, ledger: Ledger) -> None:
    rows = questions(6)
    server.behave({"kind": "ok", "first": 3}, {"kind": "401", "first": 1})
    pool = [Watched(server.url, max_concurrency=1), Watched(server.url, "second", model="b")]
    mixed = ask(ledger, rows, *pool)
    assert {row.answer.endpoint for row in mixed} == {"api", "second"}
    server.behave()
    before = sent(server)
    again = ask(ledger, rows, *pool)
    assert [row.answer for row in again] == [row.answer for row in mixed]
    assert sent(server) == before


def test_where_models_must_not_mix_nobody_but_the_first_endpoint_is_asked(
    server: RunningServer, ledger: Ledger
) -> None:
    rows, terms = questions(6), Terms(rules=IMPATIENT, one_model=True)
    server.behave({"kind": "ok", "first": 3}, {"kind": "401", "first": 1})
    first, second = (lambda: Watched(server.url, max_concurrency=1)), Watched(server.url, "second", model="b")
    with pytest.raises(EndpointUnavailableError, match="api"):
        ask(ledger, rows, first(), second, terms=terms)
    assert second.requests == []
    server.behave()
    whole = ask(ledger, rows, first(), second, terms=terms)
    assert {row.answer.fingerprint for row in whole} == {TASK.fingerprint(MODEL)}
    before = sent(server)
    ask(ledger, rows, first(), second, terms=terms)
    assert sent(server) == before


def test_a_row_that_the_second_endpoint_refuses_while_the_first_is_down_reaches_the_third(
    server: RunningServer, ledger: Ledger
) -> None:
    rows = questions(12)
    dead = Watched(closed_port(), "dead")
    second = Picky(rows[4], Failure.BAD_REQUEST, 400, server.url, "second", model="b")
    got = ask(ledger, rows, dead, second, Watched(server.url, "third", model="c"), within_s=40)
    assert {row.row_id for row in got} == {row.row_id for row in rows}
    assert {row.answer.endpoint for row in got if row.row_id == rows[4].row_id} == {"third"}
    assert {row.answer.status for row in got} == {"ok"}


@pytest.mark.parametrize("model", [MODEL, None], ids=["named model", "model asked for"])
def test_the_second_endpoint_answers_when_the_first_refuses_connections(
    server: RunningServer, ledger: Ledger, model: str | None
) -> None:
    dead = Watched(closed_port(), "dead", model=model)
    rows = ask(ledger, questions(30), dead, Watched(server.url, "live"))
    assert {(row.answer.status, row.answer.endpoint) for row in rows} == {("ok", "live")}
    outcomes = Counter(one["outcome"] for one in attempts(ledger))
    assert set(outcomes) <= {"ok", "connection", "not_sent"}
    assert outcomes["connection"] == len(dead.requests)
    assert len(dead.requests) < 30, "a dead endpoint gets no more than probes"
