"""Runs one client of benchmarks/dispatcher.py against a provider of its own, each on a core of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enrichment_platform_tests.servers.openai_server import openai_server

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 1800.0  # one run; a client that has stopped asking must not stop the benchmark


@dataclass(frozen=True)
class Measurement:
    """What one client did: what it says itself, the provider's bill, and the provider's timeline."""

    rows: int
    told: dict[str, Any]
    bill: dict[str, Any]
    timeline: dict[str, Any]

    @property
    def every_row(self) -> bool:
        """Whether each row got a good answer."""
        return bool(self.told["good"] == self.rows)

    @property
    def seconds(self) -> float:
        """Wall time of the whole run, without imports."""
        return float(self.told["seconds"])

    @property
    def rows_per_s(self) -> float:
        """Rows a second of the whole run."""
        return self.rows / self.seconds

    @property
    def cpu_s_per_1000(self) -> float:
        """CPU seconds of the client's process for 1,000 rows."""
        return float(self.told["cpu_s"]) / self.rows * 1000

    @property
    def cpu_share(self) -> float:
        """CPU seconds of the client's process for each second of the run."""
        return float(self.told["cpu_s"]) / self.seconds

    @property
    def peak_mb(self) -> float:
        """Highest resident memory of the client's process."""
        return float(self.told["peak_mb"])

    @property
    def first_request_s(self) -> float:
        """Seconds from the start of the run until the provider had its first request."""
        return float(self.timeline["first_arrival"] - self.told["started"])

    @property
    def rejected(self) -> float:
        """Share of the requests that were rejected with 429."""
        return float(sum(self.timeline["rejections"]) / sum(self.timeline["arrivals"]))

    @property
    def paid_twice(self) -> int | None:
        """Good answers to a prompt that had one; None where prompts were not kept."""
        count: int | None = self.bill["prompts_answered_twice"]
        return count

    def first_and_last(self) -> tuple[int, int]:
        """First bucket with an arrival, and the one behind the last with an answer."""
        arrivals, answers = self.timeline["arrivals"], self.timeline["answers"]
        return next(n for n, count in enumerate(arrivals) if count), max(
            n for n, count in enumerate(answers) if count
        ) + 1

    def busy_rate(self, warm_up_s: float) -> float:
        """Answers a second from `warm_up_s` after the first request until the last one was sent."""
        bucket_s: float = self.timeline["bucket_s"]
        first, _ = self.first_and_last()
        end = max(n for n, count in enumerate(self.timeline["arrivals"]) if count)
        start = first + round(warm_up_s / bucket_s)
        return float(sum(self.timeline["answers"][start:end]) / ((end - start) * bucket_s))


def cores() -> tuple[set[int], set[int]]:
    """One core for the client, another for the provider; the same where there is one only."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, {available[-1]}


def measure(
    client: str, rows: int, concurrency: int, behaviour: dict[str, Any] | None = None, *, keep_prompts: bool = False
) -> Measurement | None:
    """Run a client to its end; None where it failed, with its error on stderr.

    Args:
        client: aiohttp, openai or engine.
        rows: How many rows it asks.
        concurrency: Most requests that it may have in flight.
        behaviour: Told to the provider at the moment of the start.
        keep_prompts: Whether the provider notes prompts that it answers twice.
    """
    for_client, for_server = cores()
    command = [sys.executable, "-m", "benchmarks.dispatcher_client", client]
    with openai_server(*(() if keep_prompts else ("--no-prompts",))) as server:
        os.sched_setaffinity(server.process.pid, for_server)
        with subprocess.Popen(
            [*command, server.url, str(rows), str(concurrency)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                os.sched_setaffinity(process.pid, for_client)
                assert process.stdout is not None
                if process.stdout.readline() != "ready\n":
                    return None
                if behaviour is not None:
                    server.behave(behaviour)
                server.reset()
                told, _ = process.communicate("go\n", timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                print(f"{client} has not ended after {TIMEOUT_S:g} s", file=sys.stderr)
                return None
            finally:
                process.kill()
        if process.returncode != 0:
            return None
        run = Measurement(rows, json.loads(told.splitlines()[-1]), server.stats(), server.timeline())
        return run if run.bill["answered"] else None
