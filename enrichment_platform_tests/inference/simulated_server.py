"""A model server and the dispatcher's loop in simulated time, to see what the limiter makes of them."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from enrichment_platform.inference.limiter import AdaptiveLimit

TRANSIT_S = 0.0005


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Server:
    """What it does with a request. Times in seconds from the start of the run.

    Attributes:
        slots: Requests served at once, by time.
        latency: Mean latency by the number being served.
        sigma: Of the lognormal latency; 0: constant.
        queues: Beyond its slots it queues; it rejects otherwise.
        quota: Requests that a window of `quota_window_s` takes, whatever is in flight; None: any number.
        late_429: A rejection takes as long as an answer does.
        drift: Each second has another factor on the latency, up to this share.
    """

    slots: Callable[[float], int] = lambda _: 64
    latency: Callable[[int], float] = lambda _: 0.05
    sigma: float = 0.0
    queues: bool = False
    quota: int | None = None
    quota_window_s: float = 1.0
    late_429: bool = False
    retry_after_s: float | None = None
    drift: float = 0.0
    refill: bool = False  # a token bucket with a tenth of the quota instead of fixed windows


@dataclass
class Result:
    answered: list[float] = field(default_factory=list)
    rejected: list[float] = field(default_factory=list)
    limits: list[tuple[float, int]] = field(default_factory=list)
    pauses: int = 0

    def rate(self, start: float, end: float) -> float:
        return sum(start <= t < end for t in self.answered) / (end - start)

    @property
    def rejected_share(self) -> float:
        return len(self.rejected) / max(1, len(self.answered) + len(self.rejected))

    def limit_at(self, time: float) -> int:
        return [limit for at, limit in self.limits if at <= time][-1]


def run(
    server: Server,
    *,
    maximum: int = 256,
    seconds: float = 20.0,
    rows: int | None = None,
    send_delay_s: float = 0.0,
    demand: int = 10**9,
    tick_s: float = 0.0,
    seed: int = 0,
    limiter: AdaptiveLimit | None = None,
    clock: Clock | None = None,
) -> Result:
    """Send whenever the limiter lets, `send_delay_s` (uniform, at most) after it does; outcomes are seen each `tick_s`.

    `rows`: stop when so many are answered. `demand`: never more in flight than this.
    """
    dice = random.Random(seed)
    clock = clock or Clock()
    start = clock.now
    limiter = limiter or AdaptiveLimit(maximum, clock=clock, jitter=random.Random(seed))
    events: list[tuple[float, int, str, object]] = []
    order = itertools.count()
    busy = 0
    waiting: list[object] = []
    burst = max(1.0, (server.quota or 0) / 10)
    tokens, filled_at, window = burst, 0.0, -1
    factors: dict[int, float] = {}
    result = Result()
    wake = math.inf

    def at(when: float, what: str, payload: object = None) -> None:
        heapq.heappush(events, (when, next(order), what, payload))

    def served_in() -> float:
        second = int(clock.now)
        factor = factors.setdefault(second, 1 + dice.uniform(-server.drift, server.drift))
        spread = dice.lognormvariate(-(server.sigma**2) / 2, server.sigma) if server.sigma else 1.0
        return server.latency(busy) * spread * factor

    def in_quota() -> bool:
        nonlocal tokens, filled_at, window
        if server.quota is None:
            return True
        now = clock.now - start
        if server.refill:
            rate = server.quota / server.quota_window_s
            tokens = min(burst, tokens + (now - filled_at) * rate)
            filled_at = now
        elif int(now / server.quota_window_s) != window:
            tokens, window = server.quota, int(now / server.quota_window_s)
        if tokens < 1:
            return False
        tokens -= 1
        return True

    def seen(when: float) -> float:
        when += TRANSIT_S
        return math.ceil(when / tick_s) * tick_s if tick_s else when

    at(clock.now, "pump")
    while events:
        clock.now, _, what, payload = heapq.heappop(events)
        now = clock.now - start
        if now > seconds or (rows is not None and len(result.answered) >= rows):
            break
        if what == "arrive":
            if busy < server.slots(now) and in_quota():
                busy += 1
                at(clock.now + served_in(), "done", payload)
            elif server.queues:
                waiting.append(payload)
            else:
                retry = server.retry_after_s
                if server.quota is not None and retry is not None and not server.refill:
                    retry = (window + 1) * server.quota_window_s - now
                at(seen(clock.now + (served_in() if server.late_429 else 0.001)), "rejected", (payload, retry))
        elif what == "done":
            busy -= 1
            at(seen(clock.now), "answered", payload)
            while waiting and busy < server.slots(now):
                busy += 1
                at(clock.now + served_in(), "done", waiting.pop(0))
        elif what == "answered":
            limiter.answered(payload)  # type: ignore[arg-type]
            result.answered.append(now)
        elif what == "rejected":
            sent, retry = payload  # type: ignore[misc]
            limiter.rejected(sent, retry)
            result.rejected.append(now)
        if what in ("answered", "rejected", "pump"):
            if not result.limits or result.limits[-1][1] != limiter.limit:
                result.limits.append((now, limiter.limit))
            assert 1 <= limiter.limit <= maximum
            if send_delay_s and what != "pump":
                at(clock.now + dice.uniform(0, send_delay_s), "pump")
                continue
            while limiter.in_flight < demand and limiter.may_send():
                at(clock.now + TRANSIT_S, "arrive", limiter.sent())
            if limiter.paused_until > clock.now and limiter.paused_until != wake:
                wake = limiter.paused_until
                result.pauses += 1
                at(wake, "pump")
    return result
