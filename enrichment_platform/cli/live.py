"""Progress in a terminal: one line that is updated in place, below the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from enrichment_platform.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

    from enrichment_platform.inference.progress import Progress

SHOW_EVERY_S = 0.5


class LiveLine:
    """The line; it appears with the first progress of a partition and goes when the partition is done.

    It is drawn by whoever calls `show`, not by a thread of its own, which would read counts while they change.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self._live: Live | None = None
        self._shown_at = 0.0

    def show(self, about: str, progress: Progress) -> None:
        """Draw the line again, at most twice a second."""
        now = self._clock()
        if self._live is not None and now - self._shown_at < SHOW_EVERY_S:
            return
        from rich.live import Live
        from rich.text import Text

        self._shown_at = now
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        line = f"{about}: {progress.line(self.console.width - len(about) - 2)}"
        self._live.update(Text(printable(line), no_wrap=True, overflow="ellipsis"), refresh=True)

    def end(self) -> None:
        """Take the line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None
