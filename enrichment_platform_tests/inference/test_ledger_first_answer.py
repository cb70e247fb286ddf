"""Of two answers to one request key the first stays, and whoever settles is told which."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from enrichment_platform.inference.ledger import Ledger
from enrichment_platform_tests.servers.ledgers import answer, ask, attempt, ledger, run, settlement, url

__all__ = ["ledger", "url"]


def test_the_first_stored_answer_stays(ledger: Ledger, url: str) -> None:
    async def work(other: Ledger) -> None:
        await ask(ledger, "key-0", "first")
        for one in (ledger, other):
            late = attempt()
            assert await one.settle(settlement(late), answer(text="later")) == answer(text="first")

    with Ledger(url) as other:
        run(work(other))
        assert other.answers(["key-0"]) == ledger.answers(["key-0"]) == {"key-0": answer(text="first")}


def test_a_settlement_returns_the_answer_that_stands(ledger: Ledger) -> None:
    async def work() -> None:
        sent = [attempt(f"key-{number}") for number in range(4)]
        await ledger.admit(sent)
        assert await ledger.settle(settlement(sent[0]), answer("key-0", "own")) == answer("key-0", "own")
        # In one group: one that was answered before, two of one key, a new one, one without an answer.
        found = await asyncio.gather(
            ledger.settle(settlement(sent[1]), answer("key-0", "late")),
            ledger.settle(settlement(sent[2]), answer("key-1", "first")),
            ledger.settle(settlement(sent[2]), answer("key-1", "second")),
            ledger.settle(settlement(sent[3]), answer("key-2", "new")),
            ledger.settle(settlement(sent[3])),
        )
        assert [one and one.text for one in found] == ["own", "first", "first", "new", None]

    run(work())
    assert {key: one.text for key, one in ledger.answers(["key-0", "key-1", "key-2"]).items()} == {
        "key-0": "own",
        "key-1": "first",
        "key-2": "new",
    }


def test_an_answer_is_read_back_only_where_another_one_was_there(ledger: Ledger) -> None:
    reads = 0

    @sa.event.listens_for(ledger._engine, "before_cursor_execute")
    def _count(_: object, __: object, statement: str, *___: object) -> None:
        nonlocal reads
        reads += "FROM answers" in statement

    async def work() -> None:
        await asyncio.gather(*(ledger.settle(settlement(attempt()), answer(f"key-{number}")) for number in range(9)))
        assert reads == 0
        await ledger.settle(settlement(attempt()), answer("key-3", "late"))
        assert reads == 1

    run(work())
