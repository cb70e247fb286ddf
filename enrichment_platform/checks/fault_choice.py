"""Which rows are made faulty: how many, and scattered or in a block."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Literal

Arrangement = Literal["scattered", "contiguous"]


class FaultNotPossibleError(Exception):
    """Too few rows can have a fault.

    Args:
        name: The fault class.
        wanted: Rows that were to be faulty.
        possible: Rows that can be.
        reason: Why; without one, it is for want of rows.
    """

    def __init__(self, name: str, wanted: int, possible: int, reason: str = "") -> None:
        super().__init__(f"{name}: {reason or f'{possible:,} rows can have it, {wanted:,} are to have it'}")
        self.wanted = wanted
        self.possible = possible


def faulty_rows(share: float, rows: int) -> int:
    """A share of rows as a number, rounded up, at least one.

    Raises:
        ValueError: the share is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; use more than 0 and at most 1")
    return max(1, math.ceil(share * rows - 1e-9))  # 0.07 * 100 is a little more than 7


def trial_order(places: Sequence[int], wanted: int, arrangement: Arrangement, rng: random.Random) -> list[int]:
    """Places in the order in which to try them: shuffled, or from one on to the end and then backwards from it.

    A block may leave out the rows that cannot have the fault, so it is as short as it can be.

    Raises:
        ValueError: another arrangement.
    """
    if arrangement == "scattered":
        return rng.sample(places, len(places))
    if arrangement != "contiguous":
        raise ValueError(f"arrangement is {arrangement!r}; use 'scattered' or 'contiguous'")
    start = rng.randint(0, max(0, len(places) - wanted))
    return [*places[start:], *reversed(places[:start])]


def chosen(places: Sequence[int], wanted: int, arrangement: Arrangement, rng: random.Random) -> list[int]:
    """So many of the places, all of which can have the fault."""
    return trial_order(places, wanted, arrangement, rng)[:wanted]
