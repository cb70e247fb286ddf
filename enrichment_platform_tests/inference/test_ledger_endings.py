"""However a process with an open ledger ends, it ends at once, and a forked child uses none of it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from enrichment_platform.inference.ledger import Ledger
from enrichment_platform_tests.servers.ledgers import url

__all__ = ["url"]

ENDING = """
import asyncio, os, signal, sys, time
from enrichment_platform_tests.servers.ledgers import Ledger, ask, attempt
ledger = Ledger(sys.argv[1])
def run(key="key-0"):
    asyncio.run(ask(ledger, key))
async def started():
    tasks = [asyncio.ensure_future(ledger.admit([attempt(f"key-{n}")])) for n in range(100)]
    await asyncio.sleep(0)
"""
ENDS = {
    "without_close": "run()",
    "in_flight": "asyncio.run(started())",
    "error": "run(); raise SystemExit(3)",
    "interrupt": "run(); os.kill(os.getpid(), signal.SIGINT); time.sleep(30)",
    "fork": """
run()
child = os.fork()
if child == 0:
    try:
        run("key-1")
    except Exception as error:
        os._exit(7 if "forked" in str(error) else 8)
    os._exit(9)
other = os.fork()
if other == 0:
    ledger.close()
    os._exit(0)
os.waitpid(other, 0)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
run("key-2")
ledger.close()
raise SystemExit(code)
""",
}


@pytest.mark.parametrize(("how", "code"), [("without_close", 0), ("in_flight", 0), ("error", 3), ("fork", 7)])
def test_a_process_ends_at_once_however_it_ends(url: str, how: str, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDING + ENDS[how], url], timeout=60, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (code, "")
    with Ledger(url) as ledger:
        assert set(ledger.answers(["key-0"])) == ({"key-0"} if how != "in_flight" else set())


def test_ctrl_c_ends_a_process_at_once(url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDING + ENDS["interrupt"], url], timeout=60, capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGINT
    assert ended.stderr.rstrip().endswith("KeyboardInterrupt")
