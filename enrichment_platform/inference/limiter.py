"""How many requests an endpoint gets at once: found from its answers and rejections while the batch runs.

What it combines:
- Growth as in TCP's slow start (Jacobson 1988), by 1.5 a round trip instead of 2.
- A rejection ends the growth. Unlike a lost packet it says what the capacity is: the requests that were in flight when
  the rejected one was sent. So the limit goes there and not to half (the decrease of AIMD, Chiu & Jain 1989, is kept
  for rejections in a row), and is probed upwards by one from time to time.
- An endpoint that queues does not reject. There growth ends where throughput no longer grows, as BBR's start-up does
  (Cardwell et al. 2016), and goes on as hill climbing over windows. Latency alone, as in Netflix's concurrency-limits,
  would stop too early: a language model server's latency grows with its batch while throughput still does.

Where rejections go on at any limit the lane pauses, and what it may send then is learned (learned_quota.py).
"""

from __future__ import annotations

import math
import random
import time
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from enrichment_platform.inference.hill_climb import HillClimb, Stall, Window
from enrichment_platform.inference.learned_quota import LearnedQuota

RESTART_LIMIT = 4  # enough to see a throughput, few enough not to knock over a server that just came up
GROWTH_PER_ANSWER = 0.5  # 1.5 times a round trip: overshoots capacity by at most half, once
FULL_WINDOWS = 3  # of growth at the maximum, then climbing down is tried
QUEUEING = 1.25  # down is tried only where latency is 25% above the lowest seen, that is, something waits
# A failed probe is one rejection: of 300 requests on a fast endpoint. On a slow one capacity that comes back unnoticed
# costs more than rejections, so it is one of 64 there, if they took a second.
PROBE_ANSWERS = (64, 300)
PROBE_REST_S = 1.0
PROBES_TO_GROW = 2  # +1 and +2 went well: the capacity is another one, grow as at the start
CUTS = (1.0, 0.75, 0.5)  # of the limit, at rejections in a row, each of a request sent after the cut before
STREAK_TO_PAUSE = 4  # as many cuts did not help, so it is not about concurrency
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
YIELD = 0.5  # the largest step towards a fair share, since the others have to find the room
ENOUGH_SHARES, FEW_SHARES = 1.25, 0.5  # of a fair share: with more a process yields, with less it waits for no pause
HOLD_S = 4.0  # without a probe after a yield: the others look every two seconds, and what they do has to be seen
TIMEOUT_CUT = 0.7


class Sent(NamedTuple):
    """A request in flight.

    Attributes:
        at: Clock time of sending, in seconds.
        slots: Requests in flight at that moment, with this one.
        number: Counts the requests of the limiter.
    """

    at: float
    slots: int
    number: int


_Mode = Enum("_Mode", ["GROW", "PROBE", "CLIMB"])  # start; a rejection told the capacity; throughput told it


class AdaptiveLimit:
    """Requests in flight that an endpoint can use. Not thread-safe; each call takes about a microsecond.

    Args:
        maximum: Never more than this, at least 1. With 1 there is nothing to find, only pauses remain.
        initial: Where it starts.
        clock: Seconds, monotonic.
        jitter: Source of the jitter of pauses.

    Attributes:
        in_flight: Requests sent and not yet settled.
        paused_until: Clock time until which nothing may be sent; 0 when not paused. Nobody need be in flight then, so
            a caller that waits has to wake up by it.
    """

    def __init__(
        self,
        maximum: int,
        *,
        initial: int = 32,
        clock: Callable[[], float] = time.monotonic,
        jitter: random.Random | None = None,
    ) -> None:
        self._maximum = max(1, maximum)
        self._clock = clock
        self._jitter = jitter or random.Random()  # noqa: S311 - jitter is no secret
        self.in_flight = 0
        self.paused_until = 0.0
        self._limit = float(min(max(1, initial), self._maximum))
        self._slots = int(self._limit)
        self._number = 0  # of the request sent last
        self._latency = 0.0  # seconds, moving average over answers
        self._ceiling = float(self._maximum)  # growth ends here
        self._rejections = deque[tuple[int, int]](maxlen=256)  # number; number sent last when it came
        self._streak = 0  # cuts in a row, none of whose rejected requests was followed by one that was answered
        self._refused_number = self._cut_number = 0  # of the latest cut: its request, the one sent last by then
        self._before_streak = self._before_cut = self._limit
        self._peak = self._filled = 0  # most in flight in this window; whether the limit was reached
        self._quota = LearnedQuota(clock())
        self._in_a_row, self._pauses, self._pause_s = 0, 0, 0.0  # rejections, pauses without an answer; the latest
        self._told_to_wait = False  # by the endpoint, in the latest pause
        self._left_room, self._others_before = 0.0, 0.0  # by the latest yield; what the others had before it
        self._hold_until = 0.0  # no probe before
        self._fruitless, self._may_yield_at = 0, 0.0  # yields in a row whose room nobody took; not again before
        self._least_latency = math.inf
        self._start(_Mode.GROW)

    @property
    def limit(self) -> int:
        """Requests that may be in flight, 1 to `maximum`."""
        return self._slots

    @property
    def latency_s(self) -> float:
        """Moving average over the answers, in seconds; 0 before the first."""
        return self._latency

    def may_send(self) -> bool:
        """Whether another request may go out now."""
        if self.in_flight >= self._slots:
            return False
        if self.paused_until:
            if self._clock() < self.paused_until:
                return False
            self.paused_until = 0.0
        return True

    def sent(self) -> Sent:
        """Count one more in flight; the caller hands the result back with the outcome."""
        self._number += 1
        self.in_flight += 1
        self._peak = max(self._peak, self.in_flight)
        if self.in_flight >= self._slots:
            self._filled = 1
        return Sent(self._clock(), self.in_flight, self._number)

    def answered(self, sent: Sent) -> None:
        """Note an answer, good or bad (HTTP 200)."""
        now = self._clock()
        self._settle()
        latency = now - sent.at
        self._latency += (latency - self._latency) * (0.1 if self._latency else 1.0)
        self._quota.answers += 1
        self._in_a_row = 0
        if sent.number > self._refused_number:
            self._streak = 0
        if sent.number <= self._cut_number:
            return  # sent before the latest cut, so it says nothing about the limit since
        if self._pauses:
            self._quota.resumed(sent.at, now, self._pause_s)
        self._pauses = 0
        if self._quota.rate < math.inf and (spacing := self._quota.spacing_s(now, self._latency, self._maximum)):
            self.paused_until = max(self.paused_until, sent.at + spacing)
        self._count += 1
        self._latency_sum += latency
        if self._mode is _Mode.GROW:
            if (self._filled or self._was_filled) and self._limit < 1.5 * max(self._peak, self._was_peak) + 1:
                self._set(min(self._limit + GROWTH_PER_ANSWER, self._ceiling))
                if self._limit >= self._ceiling < self._maximum:
                    self._start(_Mode.PROBE)
        elif self._mode is _Mode.PROBE and self._slots < self._maximum:
            self._probe(sent, now)
        if now - self._window_at >= self._rounds * self._latency and now > self._window_at:
            self._end_window(now)

    def rejected(self, sent: Sent, retry_after_s: float | None) -> None:
        """Note that the endpoint said 429 or 503: cut to what it held, and pause when cutting does not help.

        Args:
            sent: The request.
            retry_after_s: Seconds that the endpoint asks to wait.
        """
        self._settle()
        # Of those in flight when it was sent, the ones that were themselves rejected took no place.
        refused = sum(number < sent.number <= last for number, last in self._rejections)
        self._rejections.append((sent.number, self._number))
        capacity = float(sent.slots - 1 - refused)
        self._in_a_row += 1
        fresh = sent.number > self._cut_number
        if fresh:
            self._refused_number, self._cut_number = sent.number, self._number
            self._streak += 1
            self._before_cut = self._limit
            if self._streak == 1:
                self._before_streak, self._ceiling = self._limit, float(self._maximum)
            capacity = min(capacity, self._limit * CUTS[min(self._streak, len(CUTS)) - 1])
        # At most half at a time: a rejection at random, of a request sent while few were, is not the capacity.
        capacity = max(capacity, self._before_cut / 2)
        if self._streak > 1:  # cut below what is known to be too much: come back to that quickly
            self._ceiling = max(1.0, min(self._ceiling, sent.slots - 1.0))
        if fresh or capacity < self._limit:
            self._set(min(capacity, self._limit))
            self._start(_Mode.GROW if self._limit < self._ceiling < self._maximum else _Mode.PROBE)
        if not fresh and self._clock() < self.paused_until:
            return  # told by the one that paused the lane
        if (fresh and self._streak >= STREAK_TO_PAUSE) or self._in_a_row >= int(self._before_cut):
            self._pause(retry_after_s)

    def failed(self, sent: Sent, *, timed_out: bool | None = None) -> None:
        """Note a timeout, a broken connection or a 5xx; only timeouts cut, once for all that were in flight.

        Args:
            sent: The request.
            timed_out: None: judged by its time, four times that of answers and at least a second.
        """
        self._settle()
        if timed_out is None:
            timed_out = self._clock() - sent.at > max(1.0, 4 * self._latency)
        if timed_out and sent.number > self._cut_number:
            self._cut_number = self._number
            self._ceiling = float(self._maximum)
            self._set(self._limit * TIMEOUT_CUT)
            self._start(_Mode.PROBE)

    def cancelled(self, sent: Sent) -> None:  # noqa: ARG002 - outcomes have one signature
        """Note that nobody waits for it any more."""
        self._settle()

    def share_room(self, mine: float, others: float, processes: int) -> None:
        """Come nearer to a fair part of an endpoint that other processes ask too.

        Rejections alone do not share: whoever is in has few, whoever comes late has nothing else. So the one that has
        more than its share leaves room and keeps from probing for a while, and the one that has less does not wait for
        the end of its pause, which the others would not notice. Where the others do not take the room, it is left less
        and less often. An endpoint that rejects nothing has room for all.

        Args:
            mine: Requests in flight that this process had lately, on average, and that were answered.
            others: The same of the other processes, summed up.
            processes: How many ask, with this one.
        """
        now, total = self._clock(), mine + others
        if not self._refused_number or not total or now < self._hold_until:
            return
        if self._left_room:
            taken = others - self._others_before
            self._fruitless = 0 if taken >= self._left_room / 3 else min(self._fruitless + 1, 5)
            self._may_yield_at = now + HOLD_S * (2**self._fruitless - 1)
            self._left_room = 0.0
        shares = mine * processes / total
        if shares > ENOUGH_SHARES and self._limit > 2 and now >= self._may_yield_at:
            self._others_before, self._left_room = others, self._limit
            self._set(max(1 / shares, YIELD) * self._limit)
            self._left_room -= self._limit
            self._cut_number = self._number
            self._start(_Mode.PROBE)
            self._hold_until = now + HOLD_S
        elif shares < FEW_SHARES and not self._told_to_wait:
            self.paused_until = min(self.paused_until, now)

    def restart(self) -> None:
        """Start slowly from few after an outage; what was sent before does not count towards the growth."""
        self._cut_number = self._number
        self._latency = self.paused_until = 0.0
        self._streak = self._pauses = 0
        self._quota = LearnedQuota(self._clock())
        self._ceiling = float(self._maximum)
        self._set(RESTART_LIMIT)
        self._start(_Mode.GROW)

    def _settle(self) -> None:
        if self.in_flight > 0:
            self.in_flight -= 1

    def _set(self, limit: float) -> None:
        self._limit = max(1.0, min(limit, float(self._maximum), self._quota.rate * (self._latency or math.inf)))
        self._slots = int(self._limit)

    def _pause(self, retry_after_s: float | None) -> None:
        """Let the lane rest, then grow from one to half of what it had (TCP's slow start threshold)."""
        self._told_to_wait = retry_after_s is not None and FIRST_PAUSE_S <= retry_after_s < math.inf
        if retry_after_s is not None and self._told_to_wait:
            wait = retry_after_s * self._jitter.uniform(1.0, 1.05)
        else:
            wait = min(FIRST_PAUSE_S * 2 ** min(self._pauses, 10), LONGEST_PAUSE_S) * self._jitter.uniform(0.7, 1.0)
        self._cut_number, self._in_a_row = self._number, 0
        self._pauses, self._pause_s = self._pauses + 1, wait
        self.paused_until = self._clock() + wait
        self._ceiling = max(1.0, self._before_streak / 2)
        self._set(1)
        self._start(_Mode.GROW if self._ceiling > 1 else _Mode.PROBE)

    def _start(self, mode: _Mode) -> None:
        """Enter a mode; what the one before measured does not count in it."""
        self._mode = mode
        self._peak = self._was_peak = self.in_flight
        self._filled = self._was_filled = int(self.in_flight >= self._slots)
        self._stall, self._full = Stall(), 0  # GROW; windows at the maximum
        self._step, self._base = 1, 0  # PROBE: base is the limit before the probe, 0 while at rest
        self._climb = HillClimb()
        self._answers, self._rest_at = 0, self._clock()
        self._start_window(self._rest_at)

    def _start_window(self, now: float) -> None:
        self._window_at = now
        self._count, self._latency_sum = 0, 0.0
        trips, answers = (3, 200) if self._mode is _Mode.CLIMB else (1, 16)  # 200 answers: about 5% noise
        self._rounds = max(trips, math.ceil(answers / self._limit)) - 0.25  # the round trip is an estimate

    def _end_window(self, now: float) -> None:
        window = Window(self._latency_sum / (now - self._window_at), self._count / (now - self._window_at))
        latency = self._latency_sum / self._count
        # Two standard errors above the mean where latency varies by half, as the least of many means is too low;
        # forgets by 1% a window, as endpoints change.
        self._least_latency = min(latency * (1 + self._count**-0.5), 1.01 * self._least_latency)
        if self._mode is _Mode.GROW:
            knee = self._stall.knee(window)
            self._full += self._slots == self._maximum
            if knee or self._full == FULL_WINDOWS:
                self._set(min(self._limit, knee or self._limit))
                self._start(_Mode.CLIMB)
        elif self._mode is _Mode.CLIMB:
            may_grow = bool(self._filled or self._was_filled) and self._slots < self._maximum
            queueing = latency > QUEUEING * self._least_latency
            self._set(self._climb.next_limit(self._limit, window.throughput, may_grow=may_grow, queueing=queueing))
        self._was_peak, self._peak = self._peak, self.in_flight
        self._was_filled, self._filled = self._filled, int(self.in_flight >= self._slots)
        self._start_window(now)

    def _probe(self, sent: Sent, now: float) -> None:
        """Try one more than was rejected last, then two; grow when both went well."""
        if now < self._hold_until:
            return
        if self._base:
            if self._slots <= self._base:  # a quota was in the way
                self._set(self._base + self._step)
            self._answers += sent.slots > self._base
            if self._answers < self._step or now - self._rest_at < 0.95 * self._latency:
                return
            self._step *= 2
            if self._step == 2**PROBES_TO_GROW:
                self._ceiling = float(self._maximum)
                self._start(_Mode.GROW)
                return
        else:
            self._answers += 1
            rested = now - self._rest_at
            if rested < 2 * self._latency or not (self._filled or self._was_filled):
                return
            if self._answers < (
                min(PROBE_ANSWERS[0], 20 * self._slots) if rested >= PROBE_REST_S else PROBE_ANSWERS[1]
            ):
                return
        self._base, self._answers, self._rest_at = self._slots, 0, now
        self._set(self._slots + self._step)
