"""A process that uses a ledger as it is told line by line, so that a test can stop it, kill it and ask what it got."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from types import TracebackType
from typing import Any

_PROGRAM = """
import asyncio, json, os, sys
from enrichment_platform.inference.records import Cap
from enrichment_platform_tests.servers.ledgers import Ledger, answer, attempt, settlement
url, name, lease_s = sys.argv[1:]
caps = [Cap("run:1", "budget.run")]
held = {}

async def main(ledger):
    while line := await asyncio.to_thread(sys.stdin.readline):
        what, keys = json.loads(line)
        said = None
        if what == "admit":
            wanted = [attempt(key, tokens=100) for key in keys]
            admissions = await ledger.admit(wanted, caps)
            said = [str(one.verdict) + one.detail for one in admissions]
            held.update((one.request_key, one) for one, how in zip(wanted, admissions) if how.verdict == "admitted")
        elif what == "settle":
            for key in keys:
                await ledger.settle(settlement(held.pop(key)), answer(key, name), caps)
        elif what == "fork":
            said = os.fork()
            if said == 0:
                import time
                time.sleep(60)
                os._exit(0)
        elif what == "holder":
            said = ledger.holder
        print(json.dumps(said), flush=True)

with Ledger(url, lease_s=float(lease_s)) as ledger:
    print("{}", flush=True)
    asyncio.run(main(ledger))
"""


class LedgerProcess:
    """A process with an open ledger; what it settles has its name as the answer's text, and took 15 tokens."""

    def __init__(self, url: str, name: str, lease_s: float = 30.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, url, name, str(lease_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()
        self.holder: str = self._do("holder")

    def admit(self, *keys: str) -> list[str]:
        """Verdicts, each with its detail behind it; 100 tokens are reserved for each key."""
        said: list[str] = self._do("admit", *keys)
        return said

    def settle(self, *keys: str) -> None:
        self._do("settle", *keys)

    def fork(self) -> int:
        """Fork a child that sleeps; its process id."""
        return int(self._do("fork"))

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> LedgerProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self.kill()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def _do(self, what: str, *keys: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([what, keys]) + "\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process has failed; see its error output"
        return json.loads(line)
