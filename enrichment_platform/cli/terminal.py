"""The log in the terminal: our lines, not Dagster's."""

from __future__ import annotations

import logging
import sys

from enrichment_platform.printable import printable


class TerminalFormatter(logging.Formatter):
    """A line with the time of day, control characters shown."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        return printable(super().format(record))


def show_log(*, quiet: bool) -> None:
    """Send our log to stderr, warnings only when `quiet`; Dagster's own is in its instance, for the UI."""
    for name in ("dagster", "dagster.builtin"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TerminalFormatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("enrichment_platform")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
