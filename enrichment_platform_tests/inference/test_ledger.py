"""The ledger keeps its promises on SQLite and on PostgreSQL: durable when told so, first answer stays, nothing lost."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from typing import Any

import pytest
import sqlalchemy as sa

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference import history
from enrichment_platform.inference.ledger import Ledger, Spending
from enrichment_platform.inference.records import Admission, Cap, Verdict
from enrichment_platform_tests.servers.ledgers import (
    answer,
    ask,
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


def test_an_answer_reads_back_as_it_was_settled(ledger: Ledger) -> None:
    stored = answer(text='{"topic":"größe 😀 \'quoted\' %s :x \\u0000"}')
    asked: dict[str, Any] = {"lease_key": "row-0", "temperature": 0.5, "seed": 2**40, "max_output_tokens": 512}
    sent = attempt(row_id="Zeile 1: 'ä' %s :y", tokens=100, nano_usd=7, **asked)
    ended = settlement(sent, detail="said :z %s")

    async def work() -> None:
        await ledger.admit([sent])
        await ledger.settle(ended, stored)

    run(work())
    assert ledger.answers(["key-0", "key-1"]) == {"key-0": stored}
    [found] = attempts_of(ledger, "tickets", "2026-01-01", sent.row_id)
    assert found.pop("sent_at") <= found.pop("settled_at")
    assert (found.pop("holder"), found.pop("archive_id")) == (ledger.holder, None)
    told = {name: value for name, value in asdict(ended).items() if name not in ("attempt", "billed")}
    known = {name: value for name, value in asdict(sent).items() if name != "known_as"}
    assert found == {**known, **told}


def test_an_attempt_is_stored_before_it_is_settled(ledger: Ledger) -> None:
    run(ledger.admit([attempt()]))
    [found] = attempts_of(ledger, "tickets", "2026-01-01")
    assert (found["outcome"], found["settled_at"], found["holder"]) == (None, None, ledger.holder)
    assert ledger.answers(["key-0"]) == {}


def test_a_failed_attempt_keeps_its_reason_and_stores_no_answer(ledger: Ledger) -> None:
    async def work() -> None:
        sent = attempt()
        await ledger.admit([sent])
        await ledger.settle(failure(sent, "rate_limit", billed=False, detail="status 429"))

    run(work())
    [found] = attempts_of(ledger, "tickets", "2026-01-01")
    assert (found["outcome"], found["detail"], found["input_tokens"]) == ("rate_limit", "status 429", None)
    assert ledger.answers(["key-0"]) == {}


def test_answers_of_many_keys_are_found_in_one_call(ledger: Ledger) -> None:
    keys = [f"key-{number}" for number in range(1_200)]

    async def work() -> None:
        await asyncio.gather(*(ask(ledger, key) for key in keys))

    run(work())
    assert set(ledger.answers([*keys, *keys, "absent", "ä'"])) == set(keys)
    assert set(ledger.answers(key for key in [*keys, *(f"absent-{n}" for n in range(30_000))])) == set(keys)
    assert ledger.answers([]) == {}


def test_forgotten_answers_are_asked_again_and_their_attempts_stay(ledger: Ledger) -> None:
    keys = [f"key-{number}" for number in range(600)]

    async def work() -> None:
        await asyncio.gather(*(ask(ledger, key) for key in keys))
        assert ledger.forget([*keys[:550], "absent"]) == 550
        assert set(ledger.answers(keys)) == set(keys[550:])
        again = [await ask(ledger, "key-0", "again"), await ask(ledger, "key-599", "again")]
        assert [admission.verdict for admission in again] == ["admitted", "answered"]

    run(work())
    assert ledger.forget([]) == 0
    assert ledger.answers(["key-0"])["key-0"].text == "again"
    assert len(attempts_of(ledger, "tickets", "2026-01-01")) == 601


def test_attempts_come_oldest_first_of_one_row_or_of_a_partition_page_by_page(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [attempt(f"key-{number}", row_id=f"row-{number % 5}") for number in range(23)]
    others = [attempt("other-1", partition_key="2026-01-02"), attempt("other-2", enrichment="mails")]
    run(ledger.admit([*wanted[12:], *others, *wanted[:12]]))
    ids = [one.attempt_id for one in wanted]
    assert [one["attempt_id"] for one in attempts_of(ledger, "tickets", "2026-01-01")] == ids
    for size in (1, 5, 22, 23, 100):
        monkeypatch.setattr(history, "PAGE", size)
        pages = list(history.hot_attempts(ledger, "tickets", "2026-01-01"))
        assert sorted(one for page in pages for one in page["attempt_id"]) == ids
        assert all(len(page) <= size for page in pages)
    assert [one["attempt_id"] for one in attempts_of(ledger, "tickets", "2026-01-01", "row-3")] == ids[3::5]
    assert attempts_of(ledger, "tickets", "2026-01-03") == []


def test_what_a_strange_server_says_is_stored_without_nul_and_cut_to_its_column(ledger: Ledger) -> None:
    strange = answer(text="a\x00b\ud800c", row_id="r\x00r", finish_reason="ü" * 500, model="y" * 500)
    sent = attempt(row_id="r\x00" + "r" * 500)
    ended = settlement(sent, detail="z" * 5_000, finish_reason="x" * 500, model="y\x00" * 500)

    async def work() -> None:
        await ledger.admit([sent])
        await ledger.settle(ended, strange)

    run(work())
    stored = ledger.answers(["key-0"])["key-0"]
    assert stored == replace(strange, text="a\ufffdb?c", row_id="r\ufffdr", finish_reason="ü" * 32, model="y" * 255)
    [found] = attempts_of(ledger, "tickets", "2026-01-01")
    assert (found["detail"], found["outcome"], len(found["row_id"])) == ("z" * 5_000, "ok", 502)
    assert found["model"] == ("y\ufffd" * 500)[:255]


def test_writes_of_concurrent_tasks_are_committed_in_groups(ledger: Ledger) -> None:
    commits = 0

    @sa.event.listens_for(ledger._engine, "commit")
    def _count(_: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    async def work() -> None:
        await asyncio.gather(*(ask(ledger, f"key-{number}") for number in range(2_000)))

    run(work())
    assert len(ledger.answers(f"key-{number}" for number in range(2_000))) == 2_000
    assert 0 < commits <= 200


def test_several_event_loops_and_readers_share_a_ledger(ledger: Ledger) -> None:
    errors: list[BaseException] = []
    keys = [[f"{name}-{number}" for number in range(150)] for name in range(4)]

    def thread(mine: list[str]) -> None:
        async def work() -> None:
            await asyncio.gather(*(ask(ledger, key, caps=CAPS, tokens=1_000) for key in mine))
            for key in mine:
                await asyncio.to_thread(ledger.answers, [key])

        try:
            run(work())
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=thread, args=(mine,)) for mine in keys]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert len(ledger.answers(key for mine in keys for key in mine)) == 600
    assert ledger.spending(["run:1"]) == {"run:1": Spending(600 * 15, 600 * 250_000_000, 600)}


def test_what_is_queued_at_close_is_committed(url: str) -> None:
    async def work() -> None:
        ledger = Ledger(url)
        writes = [asyncio.ensure_future(ledger.admit([attempt(f"key-{number}")])) for number in range(50)]
        await asyncio.sleep(0)
        ledger.close()
        await asyncio.gather(*writes)

    run(work())
    with Ledger(url) as ledger:
        assert len(attempts_of(ledger, "tickets", "2026-01-01")) == 50


def test_a_closed_ledger_says_so(url: str) -> None:
    ledger = Ledger(url)
    ledger.close()
    ledger.close()
    closed = pytest.raises(EnrichmentError, match="the ledger is closed")
    with closed:
        run(ledger.admit([attempt()]))
    with closed:
        run(ledger.settle(settlement(attempt())))
    with closed:
        ledger.answers(["key-0"])
    with closed:
        ledger.halts()
    with closed:
        ledger.halt("*", "why")
    with closed, ledger.transaction():
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "ledger-writer"]


def test_what_was_admitted_for_a_cancelled_caller_is_given_back(ledger: Ledger) -> None:
    cap = Cap("run:1", "budget.run", tokens=100)

    async def ask_in_vain() -> None:
        sent = attempt("key-0", tokens=100)
        [admission] = await ledger.admit([sent], [cap])
        if admission.verdict is Verdict.ADMITTED:
            await ledger.settle(failure(sent, "not_sent", billed=False), None, [cap])

    async def work() -> Admission:
        for number in range(60):
            doomed = asyncio.ensure_future(ask_in_vain())
            for _ in range(number % 4):
                await asyncio.sleep(0.0005)
            doomed.cancel()
            await asyncio.gather(doomed, return_exceptions=True)
        async with asyncio.timeout(20):
            while ledger.spending(["run:1"])["run:1"].tokens:
                await asyncio.sleep(0.01)
            return await ask(ledger, "key-0", caps=[cap], tokens=100)

    assert run(work()).verdict is Verdict.ADMITTED
    outcomes = {one["outcome"] for one in attempts_of(ledger, "tickets", "2026-01-01")}
    assert outcomes <= {"ok", "not_sent"}


def test_a_cancelled_settlement_is_written_all_the_same(ledger: Ledger) -> None:
    async def work() -> None:
        sent = attempt()
        await ledger.admit([sent])
        doomed = asyncio.ensure_future(ledger.settle(settlement(sent), answer()))
        await asyncio.sleep(0)
        doomed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doomed
        await ask(ledger, "key-1")

    run(work())
    assert set(ledger.answers(["key-0", "key-1"])) == {"key-0", "key-1"}


WRITER = """
import asyncio, os, signal, sys
from enrichment_platform_tests.servers.ledgers import Ledger, ask, attempt
url, name, mode = sys.argv[1:]
ledger = Ledger(url)
async def main():
    if mode == "kill":
        await ask(ledger, "key-0", "durable")
        await ledger.admit([attempt("key-1")])
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.gather(*(ask(ledger, f"{name}-{n}", name) for n in range(300)))
    await asyncio.gather(*(ask(ledger, f"shared-{n}", name) for n in range(300)))
asyncio.run(main())
ledger.close()
"""


def writer(url: str, name: str, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, url, name, mode], stderr=subprocess.PIPE, text=True)


def test_what_was_confirmed_survives_a_kill(url: str) -> None:
    killed = writer(url, "one", "kill")
    _, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors
    with Ledger(url) as ledger:
        assert ledger.answers(["key-0", "key-1"]) == {"key-0": answer(text="durable")}
        found = attempts_of(ledger, "tickets", "2026-01-01")
        assert [(one["request_key"], one["outcome"]) for one in found] == [("key-0", "ok"), ("key-1", None)]


def test_processes_that_create_and_write_the_ledger_at_once_lose_nothing(url: str) -> None:
    names = ["one", "two", "three"]
    for process in [writer(url, name, "write") for name in names]:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with Ledger(url) as ledger:
        own = [f"{name}-{number}" for name in names for number in range(300)]
        found = ledger.answers([*own, *(f"shared-{number}" for number in range(300))])
        assert all(found[key].text == key.partition("-")[0] for key in own)
        keys = [one["request_key"] for one in attempts_of(ledger, "tickets", "2026-01-01")]
        assert len(keys) == len(set(keys)), "no key was admitted twice"
    assert execute(url, "SELECT count(*) FROM attempts WHERE settled_at IS NULL") == [(0,)]
