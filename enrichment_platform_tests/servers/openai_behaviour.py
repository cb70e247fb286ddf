"""How the fake provider is told to misbehave: which requests, how many at once, and when."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

OUTAGES = ("reset", "503", "refuse", "hang")


@dataclass
class Behaviour:
    """One way to misbehave and how often."""

    kind: str
    share: float = 1.0
    seed: int = 0
    first: int | None = None
    retry_after: str | None = None
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def applies(self) -> bool:
        """Whether the next request is one of its own; counts it."""
        if self.first is not None:
            self.first -= 1
            return self.first >= 0
        return self.chance.random() < self.share


class Schedule:
    """Things to do at given times; a new schedule replaces what is left of the old one."""

    def __init__(self) -> None:
        self._timers: list[asyncio.TimerHandle] = []

    def set(self, *steps: tuple[float, Callable[[], None]]) -> None:
        """Do each step at its time in seconds from now; those whose time has come at once."""
        for timer in self._timers:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers = [loop.call_later(at_s, step) for at_s, step in steps if at_s > 0]
        for at_s, step in steps:
            if at_s <= 0:
                step()


def outage_of(told: list[Any]) -> tuple[float, float, str]:
    """Start and end in seconds from now, and the kind.

    Raises:
        ValueError: not `[start_s, end_s, kind]`.
    """
    start_s, end_s, kind = told
    if kind not in OUTAGES or end_s < start_s:
        raise ValueError(f"an outage is [start_s, end_s, one of {', '.join(OUTAGES)}]")
    return start_s, end_s, kind
