"""Answers a second that an endpoint with a quota gives, learned from when it stopped answering and went on."""

from __future__ import annotations

import math

FEWEST_ANSWERS = 5  # between two pauses; fewer say nothing
HOLD_PAUSES, LONGEST_HOLD_S = 8, 120.0  # held for as long as 8 pauses, then twice the quota is tried


class LearnedQuota:
    """An endpoint that takes R requests a minute rejects all others, however few are in flight.

    The answers from the end of one pause to the end of the next, over that time, are its R. By Little's law that is
    `rate * latency` in flight, and below one the requests have to be spaced.

    Attributes:
        rate: Answers a second; infinite while none is known.
    """

    def __init__(self, now: float) -> None:
        self.rate = math.inf
        self.answers = 0  # since the end of the latest pause
        self._cycle_at = now
        self._hold_s = self._hold_until = 0.0

    def resumed(self, sent_at: float, now: float, pause_s: float) -> None:
        """Note the first answer after a pause, whose request was sent at `sent_at`."""
        cycle_s = sent_at - self._cycle_at
        if self.answers >= FEWEST_ANSWERS and cycle_s > 0:
            # Half at most: a cycle may have been short or slow for other reasons, and half is what held before.
            known = self.rate / 2 if self.rate < math.inf else 0.0
            self.rate = max(self.answers / cycle_s, known)
            self._hold_s = min(HOLD_PAUSES * pause_s, LONGEST_HOLD_S)
            self._hold_until = now + self._hold_s
        self._cycle_at, self.answers = sent_at, 0

    def spacing_s(self, now: float, latency_s: float, maximum: int) -> float:
        """Seconds from one request to the next, 0 where concurrency does it; raises a quota that held."""
        if now >= self._hold_until:
            self.rate *= 2
            self._hold_until = now + self._hold_s
        if self.rate * latency_s >= maximum:
            self.rate = math.inf
        return 1 / self.rate if self.rate * latency_s < 1 else 0.0
