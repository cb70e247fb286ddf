"""The order of sending, within a bounded window: rows that share a prefix together, the long ones first."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

import orjson

from enrichment_platform.inference.row import Row


class Window:
    """Rows that wait to be sent.

    A server computes a prefix that consecutive requests share once: rows with the same examples go together. Within
    such a group the longest row goes first, so that at the end no long one runs alone (longest processing time first,
    Graham 1969). Rows that come back go before new ones.
    """

    def __init__(self, shared_messages: int) -> None:
        """Args: shared_messages: How many leading messages every row has in common."""
        self._shared = shared_messages
        self._heap: list[tuple[int, int, int, Row]] = []
        self._ranks: dict[bytes, int] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, row: Row) -> None:
        """Add a new row."""
        heapq.heappush(self._heap, (self._rank(row), -row.size, next(self._numbers), row))

    def push_back(self, row: Row) -> None:
        """Add a row that had its turn before; it goes next."""
        heapq.heappush(self._heap, (-1, -row.size, next(self._numbers), row))

    def pop(self) -> Row:
        """The row to send next."""
        row = heapq.heappop(self._heap)[3]
        if not self._heap:
            self._ranks.clear()  # the ranks of groups that are through would pile up
        return row

    def take(self, wanted: Callable[[Row], bool]) -> list[Row]:
        """Remove the rows that are wanted."""
        taken = [entry[3] for entry in self._heap if wanted(entry[3])]
        if taken:
            self._heap = [entry for entry in self._heap if not wanted(entry[3])]
            heapq.heapify(self._heap)
        return taken

    def _rank(self, row: Row) -> int:
        examples = row.question.messages[self._shared : -1]
        return self._ranks.setdefault(orjson.dumps(examples), len(self._ranks)) if examples else 0
