"""The log in the terminal: our lines, not Dagster's; progress is a line every 5 s, or one line in place."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from enrichment_platform.printable import printable

if TYPE_CHECKING:
    from rich.console import Console


class TerminalFormatter(logging.Formatter):
    """A line with the time of day, control characters shown."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        return printable(super().format(record))


class ConsoleHandler(logging.Handler):
    """Prints above the line that is updated in place."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record."""
        from rich.text import Text

        self._console.print(Text(self.format(record)), soft_wrap=True)


@contextmanager
def terminal_log(*, quiet: bool) -> Iterator[None]:
    """Send our log to stderr, warnings only when `quiet`; Dagster's own is in its instance, for the UI."""
    for name in ("dagster", "dagster.builtin"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logger = logging.getLogger("enrichment_platform")
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    progress = logging.getLogger("enrichment_platform.progress")
    progress.setLevel(logging.NOTSET)
    if quiet or not _redraws():
        logger.handlers = [_formatted(logging.StreamHandler(sys.stderr))]
        yield
        return
    from rich.console import Console

    from enrichment_platform.cli.live import LiveLine
    from enrichment_platform.stages.announcing import watched_by

    console = Console(stderr=True)
    logger.handlers = [_formatted(ConsoleHandler(console))]
    progress.setLevel(logging.WARNING)
    line = LiveLine(console)
    try:
        with watched_by(line):
            yield
    finally:
        line.end()


def _redraws() -> bool:
    """Whether stderr is a terminal that can go back to a line; editors' and CI's shells say `dumb`."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


def _formatted(handler: logging.Handler) -> logging.Handler:
    handler.setFormatter(TerminalFormatter())
    return handler
