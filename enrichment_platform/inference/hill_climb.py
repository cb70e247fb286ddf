"""How far throughput grows with the requests in flight: decided from windows of some round trips."""

from __future__ import annotations

from typing import NamedTuple

ELASTICITY = 0.1  # r times as much in flight has to bring r**0.1 times the throughput: 3.4% for 1.4 times
FACTOR = 1.4  # of a step; smaller ones drown in 5-10% noise of throughput
REST_WINDOWS = 8  # windows at rest after a step that did not pay: trials cost throughput


class Window(NamedTuple):
    """Means over a window: requests in flight (Little's law), answers a second."""

    in_flight: float
    throughput: float


class Stall:
    """Ends growth when twice in a row a third more in flight brought no throughput (BBR's full pipe)."""

    def __init__(self) -> None:
        self._best: Window | None = None  # the latest that brought throughput
        self._stalls = 0

    def knee(self, window: Window) -> float | None:
        """Requests in flight from which on there was nothing to gain, with 10% to spare; None: it goes on."""
        best = self._best
        if not window.in_flight:
            return None  # the clock did not move while they were asked: it says nothing
        if best is None:
            self._best = window
        elif window.in_flight >= 1.3 * best.in_flight:
            if window.throughput >= best.throughput * (window.in_flight / best.in_flight) ** ELASTICITY:
                self._best, self._stalls = window, 0
            else:
                self._stalls += 1
                if self._stalls == 2:
                    return 1.1 * best.in_flight * max(1.0, window.throughput / best.throughput)
        return None


class HillClimb:
    """Tries more and less in turn; keeps what brings throughput, or less that costs next to none."""

    def __init__(self) -> None:
        self._trial_from = 0.0  # the limit at rest; 0 while there is no trial
        self._throughput = 0.0  # at rest
        self._factor = FACTOR
        self._rest = 1
        self._settling = True

    def next_limit(self, limit: float, throughput: float, *, may_grow: bool, queueing: bool) -> float:
        """The limit of the next window.

        Args:
            limit: The limit of the window that ended.
            throughput: Answers a second in it.
            may_grow: The limit was reached, and is below the maximum.
            queueing: Latency says that requests wait; less is tried only then.
        """
        if self._settling:  # requests of the limit before are still among the answers
            self._settling = False
            return limit
        if self._trial_from:
            rest, self._trial_from, self._settling = self._trial_from, 0.0, True
            if throughput >= self._throughput * (limit / rest) ** ELASTICITY:
                self._rest = 1
                return limit
            self._factor, self._rest = 1 / self._factor, REST_WINDOWS
            return rest
        self._throughput = throughput
        self._rest -= 1
        if self._rest > 0 or not (may_grow or queueing):
            return limit
        if not (may_grow and queueing):
            self._factor = FACTOR if may_grow else 1 / FACTOR
        self._trial_from, self._settling = limit, True
        return limit * self._factor
