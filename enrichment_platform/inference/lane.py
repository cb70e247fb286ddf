"""A lane: one endpoint of the pool in this batch, with its limit, its breaker and the rows that it may send."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from enrichment_platform.errors import EndpointUnavailableError
from enrichment_platform.inference.breaker import Breaker
from enrichment_platform.inference.endpoints.protocol import Endpoint
from enrichment_platform.inference.ledger_counters import RATE_BURST_S, RATE_SHARE
from enrichment_platform.inference.limiter import AdaptiveLimit, Sent
from enrichment_platform.inference.pricing import BusyShare
from enrichment_platform.inference.retry import LONGEST_RETRY_AFTER_S
from enrichment_platform.inference.row import Row
from enrichment_platform.inference.task import Task
from enrichment_platform.inference.window import Window

_COMMIT_S = 0.05  # of a ledger under load
_MOST_AHEAD = 192
_FEW_SLOTS = 4
FIRST_ANSWER_S = 15.0  # patience with an endpoint that has said nothing yet
_FEWEST_FAILURES = 8  # in a row, before an endpoint counts as down


@dataclass(eq=False)
class Lane:
    """State of an endpoint; times are those of `time.monotonic`, in seconds."""

    index: int
    endpoint: Endpoint
    fingerprint: str
    waiting: Window
    limit: AdaptiveLimit
    breaker: Breaker
    share: BusyShare
    admitted: deque[Row] = field(default_factory=deque)  # in the ledger, to be sent as soon as there is a slot
    unsettled: int = 0  # answered, and not durable yet: what a death of this process would have to pay for again
    started: bool = False
    busy: bool = False  # it is being started, or rows of it are being admitted
    rate_until: float = 0.0  # the ledger admits nothing before
    paced_until: float = 0.0  # nothing is sent before
    answered_once: bool = False
    refusals: int = 0  # in a row: 403, 404 or 405
    rejected_rows: int = 0  # 400s before any answer
    alive: bool = False  # it has said something, were it only that it has no room
    silent_since: float | None = None  # the first request since its last answer was sent then; none: nothing is due
    excused_until: float = 0.0  # it asked to wait
    last_failure: str = ""
    given_up: bool = False

    def give_up(self, reason: str) -> None:
        """Ask it nothing more in this batch."""
        self.given_up = True
        self.last_failure = reason

    def heard(self) -> None:
        """Note an answer, whatever it says of the row; after an outage the limit starts again from few."""
        self.alive, self.silent_since = True, None
        if self.breaker.answered():
            self.limit.restart()

    def unheard(self, sent: Sent) -> None:
        """Note a request without an answer."""
        if self.silent_since is None:
            self.silent_since = sent.at

    def excuse(self, retry_after_s: float | None) -> None:
        """Note that it said to have no room, and until when where it did."""
        self.alive = True
        if retry_after_s is not None:
            self.excused_until = max(self.excused_until, time.monotonic() + retry_after_s)

    def dead(self, now: float, patience_s: float) -> bool:
        """Whether to wait for it no longer: it was asked, and has not answered for too long."""
        if self.given_up:
            return True
        if self.silent_since is None or (self.open and self.limit.in_flight):
            return False
        since = min(max(self.silent_since, self.excused_until), self.silent_since + LONGEST_RETRY_AFTER_S)
        return now - since > (patience_s if self.alive else min(patience_s, FIRST_ANSWER_S))

    @property
    def open(self) -> bool:
        """Whether it takes rows, beyond a probe of whether it is back."""
        return not self.given_up and self.breaker.state == "closed"

    @property
    def ahead(self) -> int:
        """How many rows to hold ready, so that no slot waits for a commit of the ledger."""
        if self.given_up or self.breaker.state == "open":
            return 0
        if self.breaker.state == "half_open":
            return 1
        # Twice what it answers while the ledger commits. No more: what is admitted has reserved its cost, counts in the
        # rate limit, and goes out also when someone pulls the kill switch.
        limit, latency_s = self.limit.limit, self.limit.latency_s
        if not latency_s:
            return max(1, limit // 2)
        most = limit if limit <= _FEW_SLOTS else limit + _MOST_AHEAD
        return max(1, min(most, math.ceil(2 * limit * _COMMIT_S / latency_s)))

    @property
    def wanted(self) -> int:
        """How many rows to ask the ledger for: those to hold ready, and one for each free slot."""
        free = self.limit.limit - self.limit.in_flight if self.ahead and self.limit.may_send() else 0
        return self.ahead + (free if self.open else 0) - len(self.admitted)

    @property
    def failures_to_open(self) -> int:
        """Failures in a row after which it counts as down: more than one burst of requests that were in flight."""
        return max(_FEWEST_FAILURES, self.limit.limit // 2)

    def may_send(self) -> bool:
        """Whether a row may be sent now."""
        if self.given_up or not self._durable_enough() or not self.breaker.may_send() or not self.limit.may_send():
            return False
        return not self.paced_until or self.paced_until <= time.monotonic()

    def sent(self) -> Sent:
        """Count a request in; where there is a rate limit, the next one has its time."""
        rate = self.endpoint.rate_limit
        if rate is not None and rate.requests_per_minute:
            # The ledger admits at this pace, but what waited (for a slot, for a pause to end) would go all at once.
            now = time.monotonic()
            self.paced_until = max(self.paced_until, now - RATE_BURST_S) + 60 / (RATE_SHARE * rate.requests_per_minute)
        self.breaker.sent()
        return self.limit.sent()

    def _durable_enough(self) -> bool:
        """Whether the ledger keeps up: no more is paid for and not durable than may be in flight."""
        at_risk = self.limit.in_flight + self.unsettled
        return at_risk < self.endpoint.max_concurrency and self.unsettled < self.limit.limit


async def open_lanes(task: Task, endpoints: Sequence[Endpoint]) -> list[Lane]:
    """A lane for each endpoint that tells its model; nothing is loaded yet.

    Raises:
        EndpointUnavailableError: none does.
    """
    lanes: list[Lane] = []
    reasons = []
    for endpoint in endpoints:
        try:
            identity = await endpoint.model_identity()
        except EndpointUnavailableError as error:
            reasons.append(str(error))
            continue
        lanes.append(
            Lane(
                len(lanes),
                endpoint,
                task.fingerprint(identity),
                Window(len(task.prompt.prefix)),
                AdaptiveLimit(endpoint.max_concurrency),
                Breaker(),
                BusyShare(),
            )
        )
    if not lanes:
        raise EndpointUnavailableError("; ".join(reasons))
    return lanes
