"""How a step says what it does: lines in the log of the run and in the terminal, and progress as observations."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol

import dagster as dg

from enrichment_platform.inference.progress import Progress
from enrichment_platform.printable import printable
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.naming import asset_key

LOG_EVERY_S = 5.0
# Each is an event in Dagster's database and a point of a plot in the UI.
OBSERVE_EVERY_S = 30.0

logger = logging.getLogger("enrichment_platform.run")
# Apart from the others, so that a terminal that shows progress in place can leave its lines out.
progress_logger = logging.getLogger("enrichment_platform.progress")


class Watcher(Protocol):
    """Shows progress in its own way, e.g. in place in a terminal. Called often: it decides what is worth showing."""

    def show(self, about: str, progress: Progress) -> None:
        """`about` names enrichment and partition."""

    def end(self) -> None:
        """The partition is done, well or not."""


_watchers: list[Watcher] = []


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let `watcher` see the progress of all partitions that this process works on."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def announce(
    context: dg.OpExecutionContext | dg.AssetExecutionContext | dg.AssetCheckExecutionContext, text: str
) -> None:
    """Say something to both who may be watching: the Dagster UI and the terminal."""
    shown = printable(text)  # Dagster's own log goes to a terminal as it is
    context.log.info(shown)
    logger.info(shown)


class ProgressAnnouncer:
    """What the engine calls with its progress, as often as it likes, while it asks for a partition; a context manager.

    Watchers see every call; the log gets a line every 5 s, and Dagster an observation of the classified asset every
    30 s and a last one at the end, also when the run fails.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        spec: EnrichmentSpec,
        partition_key: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._spec = spec
        self._partition_key = partition_key
        self._about = f"{spec.name} {partition_key}"
        self._clock = clock
        self._logged = self._observed = clock()
        self._newest: Progress | None = None

    def __enter__(self) -> "ProgressAnnouncer":
        return self

    def __call__(self, progress: Progress) -> None:
        """Tell those whose turn it is."""
        self._newest = progress
        progress.sample()
        for watcher in _watchers:
            watcher.show(self._about, progress)
        now = self._clock()
        if now - self._logged >= LOG_EVERY_S:
            self._logged = now
            line = f"{self._about} {Stage.CLASSIFIED.value}: {progress.line()}"
            self._context.log.info(line)
            progress_logger.info(line)
        if now - self._observed >= OBSERVE_EVERY_S:
            self._observed = now
            self._observe(progress)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for watcher in _watchers:
            watcher.end()
        if self._newest is not None:
            self._observe(self._newest)

    def _observe(self, progress: Progress) -> None:
        self._context.log_event(
            dg.AssetObservation(
                asset_key=asset_key(self._spec, Stage.CLASSIFIED),
                partition=self._partition_key,
                description=progress.line(),
                metadata=progress.figures(),
            )
        )
