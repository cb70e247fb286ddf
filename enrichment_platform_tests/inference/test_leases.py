"""Leases: real processes share one ledger; what a living one asks nobody else asks, until it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from enrichment_platform.inference.ledger import Ledger, Spending
from enrichment_platform_tests.servers.ledger_process import LedgerProcess
from enrichment_platform_tests.servers.ledgers import ask, attempt, attempts_of, execute, ledger, run, url

__all__ = ["ledger", "url"]
LEASE_S = 1.5
KEYS = [f"key-{number}" for number in range(20)]

SHARING = """
import asyncio, random, sys
from enrichment_platform_tests.servers.ledgers import Ledger, answer, attempt, settlement
url, name, path = sys.argv[1:]
async def main(ledger):
    left = [f"key-{n}" for n in range(400)]
    with open(path, "a", buffering=1) as sent:
        while left:
            random.shuffle(left)
            wanted = [attempt(key) for key in left[:50]]
            admissions = await ledger.admit(wanted)
            asked = [one for one, how in zip(wanted, admissions) if how.verdict == "admitted"]
            for one in asked:
                sent.write(f"{one.request_key} {name}\\n")
            await asyncio.sleep(random.random() / 100)
            await asyncio.gather(*(ledger.settle(settlement(one), answer(one.request_key, name)) for one in asked))
            known = ledger.answers(left)
            left = [key for key in left if key not in known]
with Ledger(url, lease_s=5) as ledger:
    asyncio.run(main(ledger))
"""


def test_processes_that_want_the_same_keys_ask_each_exactly_once(url: str, tmp_path: Path) -> None:
    path = tmp_path / "sent"
    processes = [subprocess.Popen([sys.executable, "-c", SHARING, url, name, str(path)]) for name in "abcd"]
    assert [process.wait(timeout=100) for process in processes] == [0] * 4
    sent = dict(line.split() for line in path.read_text().splitlines())
    assert len(path.read_text().splitlines()) == len(sent) == 400
    with Ledger(url) as ledger:
        answers = ledger.answers(sent)
        assert {key: answers[key].text for key in sent} == sent
        assert {one["outcome"] for one in attempts_of(ledger, "tickets", "2026-01-01")} == {"ok"}


def await_lease() -> None:
    time.sleep(LEASE_S + 0.3)


def test_what_a_killed_process_was_asking_is_lost_and_asked_by_another(ledger: Ledger, url: str) -> None:
    with LedgerProcess(url, "doomed", LEASE_S) as doomed, LedgerProcess(url, "living", LEASE_S) as living:
        assert doomed.admit(*KEYS) == ["admitted"] * 20
        doomed.settle(*KEYS[:5])
        assert living.admit(*KEYS) == ["answered"] * 5 + ["held"] * 15
        doomed.kill()
        if url.startswith("postgresql"):
            assert living.admit(*KEYS[5:]) == ["held"] * 15
            await_lease()
        assert living.admit(*KEYS) == ["answered"] * 5 + ["admittedlost"] * 15
        living.settle(*KEYS[5:])
    found = attempts_of(ledger, "tickets", "2026-01-01")
    assert [(one["outcome"], one["cause"]) for one in found] == [("ok", "first")] * 5 + [("lost", "first")] * 15 + [
        ("ok", "lost")
    ] * 15
    # Nobody knows what the lost ones took: all of their reservation counts.
    assert ledger.spending(["run:1"])["run:1"] == Spending(20 * 15 + 15 * 100, 20 * 250_000_000, 35)


def test_a_process_that_was_only_slow_settles_late_and_each_attempt_counts_once(ledger: Ledger, url: str) -> None:
    with LedgerProcess(url, "slow", LEASE_S) as slow, LedgerProcess(url, "quick", LEASE_S) as quick:
        assert slow.admit(*KEYS) == ["admitted"] * 20
        slow.signal(signal.SIGSTOP)
        await_lease()
        if url.startswith("sqlite"):
            assert quick.admit(*KEYS) == ["held"] * 20, "its file lock says that it lives"
        else:
            assert quick.admit(*KEYS) == ["admittedlost"] * 20
            quick.settle(*KEYS[:10])
        slow.signal(signal.SIGCONT)
        slow.settle(*KEYS)
        assert slow.admit("new") == ["admitted"]
        assert quick.admit("new") == ["held"], "its lease holds again"
        slow.settle("new")
        if url.startswith("postgresql"):
            quick.settle(*KEYS[10:])
    spent = ledger.spending(["run:1"])["run:1"]
    answers = ledger.answers(KEYS)
    outcomes = [one["outcome"] for one in attempts_of(ledger, "tickets", "2026-01-01")]
    if url.startswith("postgresql"):
        assert spent == Spending(41 * 15, 41 * 250_000_000, 41)
        assert [answers[key].text for key in KEYS] == ["quick"] * 10 + ["slow"] * 10, "the first answer stays"
        assert outcomes == ["ok"] * 41
    else:
        assert spent == Spending(21 * 15, 21 * 250_000_000, 21)
        assert outcomes == ["ok"] * 21


def test_a_process_that_renews_its_lease_keeps_what_it_asks(url: str) -> None:
    with LedgerProcess(url, "patient", LEASE_S) as patient, LedgerProcess(url, "other", LEASE_S) as other:
        assert patient.admit(*KEYS) == ["admitted"] * 20
        for _ in range(6):
            time.sleep(LEASE_S / 3)
            assert other.admit(*KEYS) == ["held"] * 20


def test_a_ledger_that_is_closed_gives_its_keys_up_at_once(url: str) -> None:
    with LedgerProcess(url, "other") as other:
        with LedgerProcess(url, "leaving") as leaving:
            assert leaving.admit("key-0") == ["admitted"]
            assert other.admit("key-0") == ["held"]
        assert other.admit("key-0") == ["admittedlost"]


def test_a_child_that_outlives_its_parent_does_not_keep_its_keys(url: str) -> None:
    with LedgerProcess(url, "parent", LEASE_S) as parent, LedgerProcess(url, "other", LEASE_S) as other:
        assert parent.admit("key-0") == ["admitted"]
        child = parent.fork()
        assert other.admit("key-0") == ["held"]
        parent.kill()
        try:
            await_lease()
            assert other.admit("key-0") == ["admittedlost"]
        finally:
            os.kill(child, signal.SIGKILL)


def locks(url: str) -> set[str]:
    return {path.stem for path in Path(url.removeprefix("sqlite:///") + "-holders").glob("*.lock")}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_lock_files_of_the_dead_go_when_a_ledger_is_opened_and_those_of_the_living_stay(url: str) -> None:
    with LedgerProcess(url, "living") as living:
        dead = [LedgerProcess(url, f"dead-{number}") for number in range(4)]
        assert len(locks(url)) == 5
        for one in dead:
            with one:
                one.kill()
        with Ledger(url) as ledger:
            assert locks(url) == {living.holder, ledger.holder}
            assert living.admit("key-0") == ["admitted"]
            assert [run(ask(ledger, "key-0")).verdict for _ in range(3)] == ["held"] * 3
        assert locks(url) == {living.holder}
    assert locks(url) == set()


def test_holders_that_died_long_ago_leave_no_rows(url: str) -> None:
    with LedgerProcess(url, "dead", lease_s=0.1) as dead:
        dead.kill()
    time.sleep(0.2)
    with Ledger(url) as ledger:
        assert execute(url, "SELECT holder FROM holders") == [(ledger.holder,)]


OPENING = """
import asyncio, os, sys
from enrichment_platform_tests.servers.ledgers import Ledger, attempt
url, folder, crash = sys.argv[1:]
for number in range(25):
    ledger = Ledger(url)
    assert os.path.exists(f"{folder}/{ledger.holder}.lock"), "removed while its process lives"
    [admission] = asyncio.run(ledger.admit([attempt(f"{os.getpid()}-{number}")]))
    assert os.path.exists(f"{folder}/{ledger.holder}.lock"), "removed while its process lives"
    if number % 2 or crash == "no":
        ledger.close()
if crash == "yes":
    os._exit(0)
"""


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_processes_that_open_and_crash_at_once_never_remove_the_lock_file_of_a_living_one(url: str) -> None:
    folder = url.removeprefix("sqlite:///") + "-holders"
    with Ledger(url) as ledger:
        run(ledger.admit([attempt("mine")]))
        children = [
            subprocess.Popen([sys.executable, "-c", OPENING, url, folder, crash], stderr=subprocess.PIPE, text=True)
            for crash in ("yes", "no", "yes", "no")
        ]
        for child in children:
            _, errors = child.communicate(timeout=100)
            assert (child.returncode, errors) == (0, "")
        with LedgerProcess(url, "other") as other:
            assert other.admit("mine") == ["held"]
            assert locks(url) == {ledger.holder, other.holder}
