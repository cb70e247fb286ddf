"""Caps hold under everything: 500 workers in 8 processes, random prices and usage, processes killed at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.records import Cap, Verdict
from enrichment_platform_tests.servers.ledgers import attempt, execute, run, url

__all__ = ["url"]
PROCESSES, WORKERS, SECONDS = 8, 63, 20
MOST_TOKENS, MOST_NANO = 100, 1_000  # the largest reservation
CAPS = {
    "partition:0": Cap("partition:0", "budget.partition", tokens=15_000),
    "partition:1": Cap("partition:1", "budget.partition", nano_usd=150_000),
    "partition:2": Cap("partition:2", "budget.partition", tokens=10**9),
    "partition:3": Cap("partition:3", "budget.partition"),
    "run:1": Cap("run:1", "budget.run", tokens=80_000, nano_usd=10**9),
    "day:1": Cap("day:1", "budget.day", tokens=10**9, nano_usd=750_000),
}
SHARED = ("run:1", "day:1")

PROGRAM = """
import asyncio, os, random, sys, time
from enrichment_platform.inference.records import Settlement
from enrichment_platform_tests.inference.test_caps import CAPS, MOST_NANO, MOST_TOKENS, SECONDS, SHARED, WORKERS
from enrichment_platform_tests.servers.ledgers import Ledger, attempt
url, name, seed, path = sys.argv[1:]
until = time.monotonic() + SECONDS
chance = random.Random(f"{seed} {name}")
partition = f"partition:{int(name) % 4}"
caps = [CAPS[scope] for scope in (partition, *SHARED)]
bill = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

async def worker(ledger, number):
    refused = rows = 0
    while refused < 8 and time.monotonic() < until:
        rows += 1
        wanted = attempt(f"{name}-{number}-{rows}", chance.randint(1, MOST_TOKENS), chance.randint(1, MOST_NANO))
        [admission] = await ledger.admit([wanted], caps)
        if admission.verdict == "over":
            refused += 1
            await asyncio.sleep(chance.random() / 20)
            continue
        assert admission.verdict == "admitted", admission
        refused = 0
        how = chance.choice(["known", "known", "known", "unknown", "not billed"])
        tokens, nano = chance.randint(0, wanted.reserved_tokens), chance.randint(0, wanted.reserved_nano_usd)
        if how != "not billed":
            os.write(bill, f"{partition} {tokens} {nano}\\n".encode())  # the request is sent: it costs, whatever comes
        await asyncio.sleep(chance.random() * 0.003)
        ended = Settlement(wanted, "ok" if how == "unknown" else "free", how != "not billed")
        if how == "known":
            ended = Settlement(wanted, "ok", True, input_tokens=tokens, output_tokens=0, cost_usd=nano / 1e9)
        await ledger.settle(ended, None, caps)

async def main():
    with Ledger(url) as ledger:
        await asyncio.gather(*(worker(ledger, number) for number in range(WORKERS)))
asyncio.run(main())
"""


@pytest.mark.parametrize("seed", [2026])
def test_500_workers_in_8_processes_never_spend_more_than_the_caps_and_nearly_all_of_them(
    url: str, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    bill = tmp_path / "bill"
    with Ledger(url) as ledger:
        processes = [
            subprocess.Popen([sys.executable, "-c", PROGRAM, url, str(name), str(seed), str(bill)], text=True)
            for name in range(PROCESSES)
        ]
        doomed: dict[int, float] = {}
        while any(process.poll() is None for process in processes):
            time.sleep(0.05)
            if not doomed and bill.exists():  # all have hardly begun
                doomed = {n: time.monotonic() + chance.uniform(0.1, 2) for n in chance.sample(range(PROCESSES), 3)}
            for name, at in doomed.items():
                if time.monotonic() > at and processes[name].poll() is None:
                    processes[name].kill()
            assert_within_caps(ledger)
        codes = [process.returncode for process in processes]
        assert [code for name, code in enumerate(codes) if name not in doomed] == [0] * (PROCESSES - 3)
        assert set(codes) <= {0, -9}
        assert_counters_add_up(ledger, url)
        billed: Counter[tuple[str, str]] = Counter()
        for line in bill.read_text().splitlines():
            partition, tokens, nano = line.split()
            for scope in (partition, *SHARED):
                billed[scope, "tokens"] += int(tokens)
                billed[scope, "nano_usd"] += int(nano)
        for (scope, unit), spent in billed.items():
            cap = getattr(CAPS[scope], unit)
            assert cap is None or spent <= cap, (scope, unit)
            assert spent <= getattr(ledger.spending([scope])[scope], unit), "the ledger knows of all that was spent"
        assert_nearly_used(ledger)


def assert_within_caps(ledger: Ledger) -> None:
    for scope, spent in ledger.spending(CAPS).items():
        cap = CAPS[scope]
        assert cap.tokens is None or spent.tokens <= cap.tokens, scope
        assert cap.nano_usd is None or spent.nano_usd <= cap.nano_usd, scope


def assert_counters_add_up(ledger: Ledger, url: str) -> None:
    """The shared counters are the sum of what is known of settled attempts and reserved for the others."""
    [(tokens, nano_usd, requests)] = execute(
        url,
        "SELECT sum(CASE WHEN outcome = 'ok' AND input_tokens IS NOT NULL THEN input_tokens + output_tokens"
        " WHEN outcome = 'free' THEN 0 ELSE reserved_tokens END),"
        " sum(CASE WHEN outcome = 'ok' AND cost_usd IS NOT NULL THEN round(CAST(cost_usd * 1e9 AS numeric))"
        " WHEN outcome = 'free' THEN 0 ELSE reserved_nano_usd END), count(*) FROM attempts",
    )
    for spent in ledger.spending(SHARED).values():
        assert (spent.tokens, spent.nano_usd, spent.requests) == (int(tokens), int(nano_usd), requests)


def assert_nearly_used(ledger: Ledger) -> None:
    """The run stopped at its caps: each partition is refused at one that has no room left for the largest request."""
    reached = set()
    for number in range(4):
        caps = [CAPS[scope] for scope in (f"partition:{number}", *SHARED)]
        [admission] = run(ledger.admit([attempt(f"last-{number}", MOST_TOKENS, MOST_NANO)], caps))
        assert admission.verdict is Verdict.OVER
        assert admission.cap is not None
        reached.add(admission.cap.scope)
        spent = ledger.spending([admission.cap.scope])[admission.cap.scope]
        left_tokens = (admission.cap.tokens or 10**12) - spent.tokens
        left_nano_usd = (admission.cap.nano_usd or 10**12) - spent.nano_usd
        assert left_tokens < MOST_TOKENS or left_nano_usd < MOST_NANO
    assert reached & set(SHARED), "nothing else can stop partitions 2 and 3"
