"""The order of sending, within a bounded window: rows that share a prefix together, the long ones first."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import orjson

from enrichment_platform.inference.row import Row

_AGAIN, _NO_EXAMPLES = -1, 0
_Entry = tuple[int, int, int, Row]  # rank, size (the greatest first), order of arrival


@dataclass(slots=True)
class _Group:
    """Rows that wait with the same examples."""

    key: bytes
    rank: int
    members: int = 0


class Window:
    """Rows that wait to be sent.

    A server computes a prefix that consecutive requests share once: rows with the same examples, and among them those
    whose texts begin alike (`cleaning.add: [prefix_group]`), go together. Within
    such a group the longest row goes first, so that at the end no long one runs alone (longest processing time first,
    Graham 1969). Rows that come back go before new ones.
    """

    def __init__(self, shared_messages: int) -> None:
        """Args: shared_messages: How many leading messages every row has in common."""
        self._shared = shared_messages
        self._heap: list[_Entry] = []
        self._numbers = count()
        # Only of groups that have a row here: with examples chosen for each row, there are as many groups as rows.
        self._groups: dict[bytes, _Group] = {}
        self._by_rank: dict[int, _Group] = {}
        self._ranks = count(1)

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, row: Row) -> None:
        """Add a new row."""
        heapq.heappush(self._heap, (self._joined(row), -row.size, next(self._numbers), row))

    def push_back(self, row: Row) -> None:
        """Add a row that had its turn before; it goes next."""
        heapq.heappush(self._heap, (_AGAIN, -row.size, next(self._numbers), row))

    def pop(self) -> Row:
        """The row to send next."""
        entry = heapq.heappop(self._heap)
        self._left(entry[0])
        return entry[3]

    def take(self, wanted: int, takes: Callable[[Row], bool]) -> list[Row]:
        """Remove up to `wanted` rows that `takes` is true of, in the order of sending; the others keep their place."""
        taken: list[Row] = []
        refused: list[_Entry] = []
        try:
            while self._heap and len(taken) < wanted:
                entry = heapq.heappop(self._heap)
                refused.append(entry)  # until it is known: a `takes` that raises loses no row
                if takes(entry[3]):
                    refused.pop()
                    self._left(entry[0])
                    taken.append(entry[3])
        finally:
            for entry in refused:
                heapq.heappush(self._heap, entry)
        return taken

    def _joined(self, row: Row) -> int:
        """Count a row to its group, and give the group's rank: groups go in the order in which they came."""
        examples, begun = row.question.messages[self._shared : -1], row.question.group
        if not examples and not begun:
            return _NO_EXAMPLES
        key = hashlib.blake2b(orjson.dumps([examples, begun]), digest_size=16).digest()
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(key, next(self._ranks))
            self._by_rank[group.rank] = group
        group.members += 1
        return group.rank

    def _left(self, rank: int) -> None:
        group = self._by_rank.get(rank)
        if group is None:
            return
        group.members -= 1
        if not group.members:
            del self._groups[group.key], self._by_rank[rank]
