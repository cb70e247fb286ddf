"""Which rows of a partition are asked a second time: by a hash of their id, so that every run chooses the same ones."""

from __future__ import annotations

import hashlib

LEAST_ROWS = 200  # of a partition in which a share of the rows says something
MOST_ROWS = 1_000  # asked again of each kind: a standard error of 1.6 points, whatever the size of the partition


def chosen_below(share: float, rows: int) -> float:
    """Rows whose `place` is below are asked again.

    Args:
        share: Of the rows, in [0, 1].
        rows: Cleaned rows of the partition.
    """
    return min(share, MOST_ROWS / rows) if rows >= LEAST_ROWS else 0.0


def place(kind: str, row_id: str) -> float:
    """A number in [0, 1) that depends on the row and the kind of control alone."""
    return int.from_bytes(hashlib.sha256(f"{kind}\x1f{row_id}".encode()).digest()[:7]) / 2**56
