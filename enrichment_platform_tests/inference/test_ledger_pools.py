"""A row of a pool is asked once, whichever of its endpoints, and so whichever request keys, each process sees."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.inference.ledger import Ledger, Spending
from enrichment_platform.inference.ledger_rows import Rows
from enrichment_platform.inference.records import Admission, Attempt, Cap
from enrichment_platform_tests.servers.ledgers import (
    answer,
    attempt,
    attempts_of,
    execute,
    failure,
    ledger,
    run,
    settlement,
    url,
)

__all__ = ["ledger", "url"]
CAPS = (Cap("run:1", "budget.run"),)


def asked(model: str, row: str = "0", models: str = "ab", **changed: Any) -> Attempt:
    """An attempt of a row at the endpoint of a model, in a pool of several."""
    others = tuple(f"{one}-{row}" for one in models if one != model)
    return attempt(f"{model}-{row}", lease_key=f"row-{row}", known_as=others, row_id=row, **changed)


async def verdicts(ledger: Ledger, *wanted: Attempt) -> list[str]:
    return [str(one.verdict) for one in await ledger.admit(wanted, CAPS)]


def test_a_row_that_is_asked_under_one_key_is_held_under_all_of_them(ledger: Ledger, url: str) -> None:
    async def work(other: Ledger) -> None:
        first = asked("a")
        assert await verdicts(ledger, first, asked("b"), asked("b", "1")) == ["admitted", "held", "admitted"]
        assert await verdicts(other, asked("b"), asked("a", "1")) == ["held", "held"]
        await ledger.settle(failure(first, "timeout", billed=False), None, CAPS)
        assert await verdicts(other, asked("b")) == ["admitted"]
        assert await verdicts(ledger, first) == ["held"]

    with Ledger(url) as other:
        run(work(other))


def test_an_answer_under_another_key_of_the_pool_is_the_rows_answer(ledger: Ledger) -> None:
    async def work() -> None:
        first = asked("a")
        await ledger.admit([first])
        await ledger.settle(settlement(first), answer("a-0"))
        assert await verdicts(ledger, asked("a"), asked("b"), asked("c", models="abc")) == ["answered"] * 3
        # Whose pool does not know that model asks.
        assert await verdicts(ledger, asked("b", models="b")) == ["admitted"]

    run(work())


def test_an_attempt_without_a_lease_key_is_leased_by_its_request_key(ledger: Ledger) -> None:
    sent = attempt("key-0")
    assert run(verdicts(ledger, sent, attempt("other", lease_key="key-0"))) == ["admitted", "held"]
    [found] = attempts_of(ledger, "tickets", "2026-01-01")
    assert found["lease_key"] == sent.lease_key == "key-0"


def test_what_a_dead_process_asked_under_another_key_is_lost_and_asked_again(ledger: Ledger, url: str) -> None:
    with Ledger(url) as dying:
        run(dying.admit([asked("a")]))
    again: list[Admission] = run(ledger.admit([asked("b")]))
    assert [(str(one.verdict), one.detail) for one in again] == [("admitted", "lost")]
    told = [(one["endpoint"], one["cause"], one["outcome"]) for one in attempts_of(ledger, "tickets", "2026-01-01")]
    assert told == [("api", "first", "lost"), ("api", "lost", None)]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_an_answer_under_another_key_that_comes_between_the_look_and_the_insert_is_seen(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Rows.insert_attempts

    async def answered(other: Ledger) -> None:
        first = asked("a")
        await other.admit([first])
        await other.settle(settlement(first), answer("a-0"))

    def late(self: Rows, admitted: Sequence[Attempt], holder: str, now: datetime) -> set[str]:
        if holder == ledger.holder:
            with Ledger(url) as other:
                asyncio.run(answered(other))
        return insert(self, admitted, holder, now)

    monkeypatch.setattr(Rows, "insert_attempts", late)
    assert run(verdicts(ledger, asked("b", tokens=100), asked("b", "1", tokens=7))) == ["held", "admitted"]
    monkeypatch.undo()
    assert run(verdicts(ledger, asked("b"))) == ["answered"]
    assert ledger.spending(["run:1"])["run:1"] == Spending(7, 0, 1), "its reservation is given back"
    assert execute(url, "SELECT request_key FROM attempts ORDER BY 1") == [("a-0",), ("b-1",)]


SHARING = """
import asyncio, pathlib, random, sys, time
from enrichment_platform_tests.servers.ledgers import Ledger, answer, settlement
from enrichment_platform_tests.inference.test_ledger_pools import asked
url, model, path = sys.argv[1:]
async def main(ledger):
    left = [str(n) for n in range(300)]
    with open(path, "a", buffering=1) as sent:
        while left:
            random.shuffle(left)
            wanted = [asked(model, row, "abcd") for row in left[:50]]
            admissions = await ledger.admit(wanted)
            mine = [one for one, how in zip(wanted, admissions) if how.verdict == "admitted"]
            for one in mine:
                sent.write(f"{one.row_id} {model}\\n")
            await asyncio.sleep(random.random() / 100)
            await asyncio.gather(*(ledger.settle(settlement(one), answer(one.request_key, model)) for one in mine))
            known = ledger.answers(f"{one}-{row}" for row in left for one in "abcd")
            left = [row for row in left if not any(f"{one}-{row}" in known for one in "abcd")]
with Ledger(url, lease_s=5) as ledger:
    pathlib.Path(path + model).touch()
    while not all(pathlib.Path(path + other).exists() for other in "abcd"):  # or the first is done before the last
        time.sleep(0.01)
    asyncio.run(main(ledger))
"""


def test_processes_that_see_different_endpoints_of_a_pool_ask_each_row_exactly_once(url: str, tmp_path: Path) -> None:
    path = tmp_path / "sent"
    processes = [subprocess.Popen([sys.executable, "-c", SHARING, url, model, str(path)]) for model in "abcd"]
    assert [process.wait(timeout=100) for process in processes] == [0] * 4
    lines = path.read_text().splitlines()
    sent = dict(line.split() for line in lines)
    assert len(lines) == len(sent) == 300
    assert len(set(sent.values())) > 1, "several processes took part"
    with Ledger(url) as ledger:
        assert set(ledger.answers(f"{one}-{row}" for row in sent for one in "abcd")) == {
            f"{model}-{row}" for row, model in sent.items()
        }


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_processes_that_insert_the_same_leases_under_keys_of_another_order_never_deadlock(
    ledger: Ledger, url: str
) -> None:
    def group(start: int, model: str) -> list[Attempt]:
        # The request keys of one model rise with the lease keys, those of the other one fall.
        numbers = {n: n if model == "a" else 99_999 - n for n in range(start, start + 300)}
        wanted = [attempt(f"{model}-{key:05}", lease_key=f"row-{n:05}") for n, key in numbers.items()]
        return wanted if model == "a" else wanted[::-1]

    async def work(other: Ledger) -> None:
        for start in range(0, 9_000, 300):
            both = await asyncio.gather(ledger.admit(group(start, "a")), other.admit(group(start, "b")))
            found = [str(one.verdict) for admissions in both for one in admissions]
            assert (found.count("admitted"), found.count("held")) == (300, 300)

    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = execute(url, deadlocks)
    with Ledger(url) as other:
        run(work(other))
    assert execute(url, deadlocks) == before
