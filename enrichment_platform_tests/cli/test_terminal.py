"""The terminal: log lines where nobody watches, one line in place where somebody does."""

from __future__ import annotations

import io
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import pytest
from rich.console import Console

from enrichment_platform.cli.live import LiveLine
from enrichment_platform.inference.progress import Progress

# What a run does: it logs, reports progress, logs, reports progress again and ends.
RUN = """
import logging, time
from enrichment_platform.cli.terminal import terminal_log
from enrichment_platform.inference.progress import Progress
from enrichment_platform.stages import announcing
log = logging.getLogger("enrichment_platform.run")
with terminal_log(quiet=False):
    log.info("letters a cleaned: 10 rows")
    for asked in (1, 2):
        progress = Progress(rows=10, asked=asked, requests=asked)
        for watcher in announcing._watchers:
            watcher.show("letters a", progress)
        announcing.progress_logger.info("letters a classified: progress %d", asked)
        log.warning("a warning in between \\x1b[31m")
        time.sleep(0.6)
    for watcher in announcing._watchers:
        watcher.end()
    log.info("letters a classified: 10 rows")
"""


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    logger = logging.getLogger("enrichment_platform")
    before = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = before


def on_a_terminal(kind: str = "xterm") -> str:
    """What the run prints to stderr when that is a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": kind, "COLUMNS": "120", "LINES": "30"}
    process = subprocess.Popen([sys.executable, "-c", RUN], stderr=theirs, stdout=subprocess.DEVNULL, env=environment)
    os.close(theirs)
    printed = b""
    try:
        while chunk := os.read(ours, 4096):
            printed += chunk
    except OSError:  # the terminal is closed: Linux says it so
        pass
    assert process.wait(30) == 0, printed.decode()
    return printed.decode()


def test_where_nobody_watches_progress_is_log_lines() -> None:
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    lines = [line[9:] for line in done.stderr.splitlines()]
    warning = "a warning in between \\x1b[31m"
    assert lines == [
        "letters a cleaned: 10 rows",
        "letters a classified: progress 1",
        warning,
        "letters a classified: progress 2",
        warning,
        "letters a classified: 10 rows",
    ]
    assert "\x1b" not in done.stderr


def test_on_a_terminal_progress_is_one_line_in_place_and_the_log_goes_on_above() -> None:
    printed = on_a_terminal()
    assert "letters a: 1/10 rows" in printed
    assert "letters a: 2/10 rows" in printed
    assert "\x1b[2K" in printed, "the line is erased before it is drawn again"
    assert "progress 1" not in printed, "no log lines of progress"
    assert printed.count("a warning in between \\x1b[31m") == 2
    assert printed.rstrip().endswith("letters a classified: 10 rows")
    after_the_end = printed[printed.rindex("\x1b[2K") :]
    assert "/10 rows" not in after_the_end, "the line goes when the partition is done"


def test_a_terminal_that_cannot_go_back_gets_log_lines() -> None:
    printed = on_a_terminal("dumb")
    assert printed.count("letters a classified: progress") == 2
    assert "\x1b" not in printed


def test_the_line_is_drawn_at_most_twice_a_second_and_fits_the_window() -> None:
    now = [0.0]
    screen = io.StringIO()
    line = LiveLine(Console(file=screen, force_terminal=True, width=70), clock=lambda: now[0])
    progress = Progress(rows=1000, in_flight=64, limits={"vllm": 64})
    for tick in range(100):
        now[0] = tick / 20
        progress.asked = progress.requests = tick
        line.show("support_tickets 2026-01-31", progress)
    line.end()
    drawn = [part for part in screen.getvalue().replace("\r", "\n").split("\n") if "/1,000" in part]
    assert 10 <= len(drawn) <= 12
    assert "rows/s" in drawn[-1]
    assert "…" not in screen.getvalue()
