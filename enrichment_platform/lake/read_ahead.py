"""Reading ahead: what a slow source gives is fetched in a thread of its own while the last of it is worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")
_LONGEST_JOIN_S = 5.0  # a read that hangs in the network cannot be stopped: it is left to end on its own


class ReadAhead(Generic[T]):
    """Iterates over a source that a background thread reads; a context manager, which ends the thread.

    What the source raises is raised by `next`. A generator is closed in the thread that ran it. Not to be shared by
    threads.

    Args:
        source: Read from the moment the context is entered.
        ahead: Items that wait at most; one more is in the thread's hands.
    """

    def __init__(self, source: Iterable[T], ahead: int = 2) -> None:
        self._source = source
        self._items: queue.Queue[tuple[T] | None] = queue.Queue(ahead)
        self._error: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="read-ahead", daemon=True)

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._taken()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        while not self._items.empty():  # a thread that waits for room goes on, and sees that it is to stop
            self._items.get_nowait()
        self._thread.join(_LONGEST_JOIN_S)

    def _taken(self) -> Iterator[T]:
        while not self._stopped.is_set():
            item = self._items.get()
            if item is None:
                self._stopped.set()
                if self._error is not None:
                    raise self._error
                return
            yield item[0]

    def _read(self) -> None:
        try:
            for item in self._source:
                if not self._stopped.is_set():
                    self._items.put((item,))
                if self._stopped.is_set():
                    break
            if isinstance(self._source, Generator):
                self._source.close()
        except BaseException as error:  # noqa: BLE001 - raised again where the items are taken
            self._error = error
        if not self._stopped.is_set():
            self._items.put(None)
