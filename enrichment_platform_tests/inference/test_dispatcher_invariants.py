"""Whatever a provider does, in any order: each row is emitted once, every attempt is settled, the bill is known."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.records import Cap
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.terms import Terms
from enrichment_platform_tests.inference.asking import IMPATIENT, Watched, attempts, billed, questions, run, told
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server

pytestmark = pytest.mark.timeout(600)  # of 15 examples, some of which wait out pauses one request at a time
KINDS = ["ok", "400", "429", "500", "502", "503", "reset", "hang", "malformed", "truncated", "refusal", "garbage"]
FAULTS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 4)), max_size=8)
CAP = Cap("run:r1", "budget.run")


@pytest.fixture(scope="module")
def pool() -> Iterator[tuple[RunningServer, RunningServer]]:
    with openai_server() as first, openai_server() as second:
        yield first, second


@pytest.mark.slow
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.integers(1, 24),
    copies=st.integers(0, 6),
    faults=st.tuples(FAULTS, FAULTS),
    concurrency=st.sampled_from([1, 3, 16]),
)
def test_each_row_is_emitted_once_all_is_settled_and_spending_is_the_bill(
    pool: tuple[RunningServer, RunningServer],
    rows: int,
    copies: int,
    faults: tuple[list[tuple[str, int]], list[tuple[str, int]]],
    concurrency: int,
) -> None:
    for server, told_faults in zip(pool, faults, strict=True):
        server.behave(*({"kind": kind, "first": first} for kind, first in told_faults))
        server.reset()
    endpoints = [
        Watched(server.url, f"server {number}", max_concurrency=concurrency, timeout_s=0.4)
        for number, server in enumerate(pool)
    ]
    asked = questions(rows)
    asked += [replace(asked[number % rows], row_id=f"copy-{number}") for number in range(copies)]
    emitted: list[RowAnswer] = []
    terms = Terms(rules=IMPATIENT, caps=lambda _: (CAP,))
    with tempfile.TemporaryDirectory() as folder, Ledger(f"sqlite:///{folder}/ledger.db") as ledger:
        progress = run(ledger, asked, emitted.append, *endpoints, terms=terms, within_s=100)
        attempted, spending = attempts(ledger), ledger.spending([CAP.scope])[CAP.scope]

    assert sorted(row.row_id for row in emitted) == sorted(question.row_id for question in asked)
    assert progress.done == len(asked)
    assert (progress.asked, progress.copied) == (rows, copies)
    for row in emitted:
        assert row.copied == row.row_id.startswith("copy-")
        assert row.answer.status in ("ok", "failed", "malformed", "truncated", "refused")
    assert None not in {one["outcome"] for one in attempted}, "every attempt is settled"
    bills = [billed(server) for server in pool]
    bill = [sum(column) for column in zip(*bills, strict=True)]
    assert told(attempted) == bill
    known = bill[0] + bill[2]
    unknown = sum(
        one["reserved_tokens"]
        for one in attempted
        if one["outcome"] in ("timeout", "connection", "bad_response", "server_error") and one["input_tokens"] is None
    )
    assert spending.tokens == known + unknown, "where nobody said what it took, the reservation stays"
    asked_ids = {row.answer.row_id: row.answer.attempts for row in emitted}
    sent = [one for one in attempted if one["outcome"] != "not_sent"]
    assert sum(asked_ids.values()) == len(sent) == progress.requests
