"""Stops sending to an endpoint that only fails, and finds out when it is back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Literal

FIRST_COOL_DOWN_S = 1.0
LONGEST_COOL_DOWN_S = 15.0  # so an endpoint that is back is noticed within 18 s (with jitter), whatever the outage was
JITTER = 0.2  # each way; processes that saw the same outage do not probe in step


class Breaker:
    """Circuit breaker (Nygard, Release It!, 2nd ed. 2018, ch. 5): closed, open, half-open with one probe at a time.

    It opens after `threshold` failures in a row without an answer between. The caller gives the threshold at each
    failure, as it depends on how many requests are in flight: one dropped connection may take half of them along.
    While it is open, one request at a time is let through after a cool-down, which doubles with each failed probe.

    Args:
        clock: Seconds, monotonic; the one that the limiter of the same endpoint uses.
        jitter: Source of the cool-down's jitter.

    Attributes:
        opened_at: Clock time at which it opened, hence since when there is no answer; None while closed.
        next_probe_at: Clock time from which a probe may be sent; None while closed or while a probe is out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, jitter: random.Random | None = None) -> None:
        self._clock = clock
        self._jitter = jitter or random.Random()  # noqa: S311 - jitter is no secret
        self._failures = 0
        self._closed_at = float("-inf")
        self._cool_down_s = FIRST_COOL_DOWN_S
        self._probe_sent_at: float | None = None
        self.opened_at: float | None = None
        self.next_probe_at: float | None = None

    @property
    def state(self) -> Literal["closed", "open", "half_open"]:
        """Half-open: a probe is out, or may be sent now."""
        if self.opened_at is None:
            return "closed"
        return "open" if self.next_probe_at is not None and self._clock() < self.next_probe_at else "half_open"

    def may_send(self) -> bool:
        """Whether a request may go out now; while not closed, only as the probe."""
        return self.opened_at is None or (self.next_probe_at is not None and self._clock() >= self.next_probe_at)

    def sent(self) -> None:
        """Note that a request goes out; it is the probe while half-open."""
        if self.opened_at is not None and self.next_probe_at is not None:
            self._probe_sent_at, self.next_probe_at = self._clock(), None

    def answered(self) -> bool:
        """Close on an answer, also on one to a request that was sent before it opened.

        Returns:
            Whether it was not closed before: the caller then restarts the limiter.
        """
        self._failures = 0
        if self.opened_at is None:
            return False
        self._closed_at = self._clock()
        self._cool_down_s = FIRST_COOL_DOWN_S
        self.opened_at = self.next_probe_at = self._probe_sent_at = None
        return True

    def failed(self, threshold: int, *, sent_at: float | None = None) -> None:
        """Count a failure: a timeout, a broken connection, a 5xx other than 503.

        Args:
            threshold: Failures in a row that open it, at least 1.
            sent_at: Clock time at which the request was sent (`Sent.at` of the limiter). It tells the probe from
                requests that were sent before the outage was known; without it a failure counts as the probe's.
        """
        if self.opened_at is None:
            if sent_at is not None and sent_at < self._closed_at:
                return  # sent in the outage that is over
            self._failures += 1
            if self._failures >= threshold:
                self.opened_at = self._clock()
                self._cool_down()
        elif self._is_probe(sent_at):
            self._cool_down_s = min(2 * self._cool_down_s, LONGEST_COOL_DOWN_S)
            self._cool_down()

    def rejected(self, *, sent_at: float | None = None) -> None:
        """Note a 429: the endpoint lives but did not answer, so a probe is over and the cool-down stays as it is."""
        if self.opened_at is not None and self._is_probe(sent_at):
            self._cool_down()

    def released(self) -> None:
        """Give the probe back that `sent` took: it was not sent after all, and another may be at once."""
        if self._probe_sent_at is not None:
            self._probe_sent_at, self.next_probe_at = None, self._clock()

    def _is_probe(self, sent_at: float | None) -> bool:
        # The limiter stamps the probe just before `sent` does, other requests were sent before the breaker opened.
        return self._probe_sent_at is not None and (
            sent_at is None or (self.opened_at is not None and sent_at > self.opened_at)
        )

    def _cool_down(self) -> None:
        self._probe_sent_at = None
        self.next_probe_at = self._clock() + self._cool_down_s * self._jitter.uniform(1 - JITTER, 1 + JITTER)
