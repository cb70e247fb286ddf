"""Which rows of a partition are asked once more: by a hash of their id, so that every run chooses the same ones."""

from __future__ import annotations

import hashlib

LEAST_ROWS = 200  # of a partition in which a share of the rows says something
MOST_ROWS = 1_000  # asked again of each kind: a standard error of 1.6 points, whatever the size of the partition

LEAST_PLANTED, MOST_PLANTED = 5, 50
"""Rows with an order in their text: of a model that obeys half of them, five show it, and 50 how often it does."""


def chosen_below(share: float, rows: int) -> float:
    """Rows whose `place` is below are asked again.

    Args:
        share: Of the rows, in [0, 1].
        rows: Cleaned rows of the partition.
    """
    return min(share, MOST_ROWS / rows) if rows >= LEAST_ROWS else 0.0


def planted_below(share: float, rows: int) -> float:
    """Rows whose `place` is below are asked once more with an order in their text: some, never many.

    Args:
        share: Of the rows, in [0, 1].
        rows: Cleaned rows of the partition.
    """
    if share == 0 or rows < LEAST_ROWS:
        return 0.0
    return min(max(share, LEAST_PLANTED / rows), MOST_PLANTED / rows)


def place(kind: str, row_id: str) -> float:
    """A number in [0, 1) that depends on the row and the kind of control alone."""
    return int.from_bytes(hashlib.sha256(f"{kind}\x1f{row_id}".encode()).digest()[:7]) / 2**56
