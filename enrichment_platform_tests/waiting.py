"""Waiting for something to come about, with an end: what every test does that watches another process."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable


def wait_until(
    reached: Callable[[], bool],
    what: str,
    *,
    seconds: float = 60.0,
    process: subprocess.Popen[str] | None = None,
    look_s: float = 0.02,
) -> None:
    """Wait until `reached`; fails after `seconds`, and at once where `process` ends before it."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert process is None or process.poll() is None, (what, process.communicate() if process else "")
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(look_s)
