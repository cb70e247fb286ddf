"""Several processes on one partition: each row is asked by one of them, all get all answers, a dead one is replaced."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.records import RateLimit
from enrichment_platform_tests.inference.asking import (
    Watched,
    ask,
    attempts,
    ledger,
    questions,
    running,
    sent,
    server,
)
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server
from enrichment_platform_tests.waiting import wait_until

__all__ = ["ledger", "running", "server"]
pytestmark = pytest.mark.timeout(120)
LONG = """
import sys
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform_tests.inference.asking import TASK, Watched, ask
url, server, name, rows = sys.argv[1:]
asked = [TASK.question({"row_id": f"row-{i}", "body": f"{name} ticket {i}"}) for i in range(int(rows))]
with Ledger(url) as ledger:
    found = ask(ledger, asked, Watched(server, max_concurrency=64), partition_key=name, within_s=100)
assert all(row.answer.status == "ok" for row in found)
"""
PROGRAM = """
import sys
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.records import RateLimit
from enrichment_platform_tests.inference.asking import Watched, ask, questions
url, server, rows, rpm = sys.argv[1:]
with Ledger(url) as ledger:
    rate = RateLimit("api", float(rpm)) if float(rpm) else None
    print("ready", flush=True)
    sys.stdin.readline()
    found = ask(ledger, questions(int(rows)), Watched(server, max_concurrency=8, rate_limit=rate), within_s=100)
    print(" ".join(sorted(row.answer.text for row in found if row.answer.status == "ok")), flush=True)
"""


class Asking:
    """A process that asks the partition when it is told to."""

    def __init__(self, ledger_url: str, server: RunningServer, rows: int, rpm: float = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, ledger_url, server.url, str(rows), str(rpm)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def answers(self) -> list[str]:
        said, _ = self.process.communicate(timeout=90)
        assert self.process.returncode == 0
        return said.split()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_two_processes_on_one_partition_ask_each_row_once_and_both_get_all(
    server: RunningServer, tmp_path: Path
) -> None:
    server.behave({"latency_s": 0.01})
    url, rows = f"sqlite:///{tmp_path}/ledger.db", 1000
    Ledger(url).close()
    both = [Asking(url, server, rows), Asking(url, server, rows)]
    for one in both:
        one.start()
    first, second = (one.answers() for one in both)
    assert first == second
    assert len(first) > 0
    stats = server.stats()
    assert (stats["requests"], stats["prompts_answered_twice"]) == (rows, 0)
    assert set(stats["prompts"].values()) == {1}
    with Ledger(url) as ledger:
        assert len([one for one in attempts(ledger) if one["outcome"] == "ok"]) == rows


def test_where_one_of_two_processes_is_killed_the_other_gets_all_and_repeats_only_what_was_in_flight(
    server: RunningServer, tmp_path: Path
) -> None:
    server.behave({"latency_s": 0.02})
    url, rows = f"sqlite:///{tmp_path}/ledger.db", 600
    Ledger(url).close()
    doomed, other = Asking(url, server, rows), Asking(url, server, rows)
    doomed.start()
    other.start()
    wait_until(lambda: server.stats()["answered"] >= 200, "200 answers", look_s=0.01)
    doomed.kill()
    assert len(other.answers()) > 0
    stats = server.stats()
    assert len(stats["prompts"]) == rows
    assert stats["prompts_answered_twice"] <= 8, "its requests in flight"
    with Ledger(url) as ledger:
        outcomes = [one["outcome"] for one in attempts(ledger)]
    assert (outcomes.count("ok"), outcomes.count(None)) == (rows, 0)
    assert outcomes.count("lost") < rows / 2, "what it had in flight, and ready to send"


def test_requests_a_minute_hold_for_two_processes_together(server: RunningServer, tmp_path: Path) -> None:
    url, rpm = f"sqlite:///{tmp_path}/ledger.db", 600.0  # ten a second
    Ledger(url).close()
    both = [Asking(url, server, 40, rpm), Asking(url, server, 40, rpm)]
    for one in both:
        one.start()
    began = time.monotonic()
    for one in both:
        one.answers()
    assert sent(server) == 40
    arrivals = server.timeline()["arrivals"]
    assert max(sum(arrivals[start : start + 20]) for start in range(len(arrivals))) <= 2 * 10 + 10 + 2
    assert time.monotonic() - began > 2.5


def test_tokens_a_minute_hold(server: RunningServer, ledger: Ledger) -> None:
    (question,) = questions(1)
    ask(ledger, [question], Watched(server.url))
    reserved = attempts(ledger, question)[0]["reserved_tokens"]
    server.reset()
    rate = RateLimit("api", tokens_per_minute=reserved * 600.0)
    began = time.monotonic()
    ask(ledger, questions(60, start=1), Watched(server.url, rate_limit=rate))
    stats = server.stats()
    took_s = time.monotonic() - began
    assert (stats["prompt_tokens"] + stats["completion_tokens"]) * 60 / (60 + took_s) <= reserved * 600.0
    assert sent(server) == 60


def test_a_run_that_comes_late_gets_a_share_of_an_endpoint_that_another_keeps_full(tmp_path: Path) -> None:
    with openai_server("--slots", "16", "--latency", "0.1") as full:
        url = f"sqlite:///{tmp_path}/shared.db"
        first = subprocess.Popen([sys.executable, "-c", LONG, url, full.url, "first", "8000"])  # 50 s of work
        try:
            time.sleep(2)
            subprocess.run([sys.executable, "-c", LONG, url, full.url, "late", "240"], timeout=100, check=True)
            assert first.poll() is None, "the late one had to wait for the first one's end"
        finally:
            first.kill()
            first.wait()
