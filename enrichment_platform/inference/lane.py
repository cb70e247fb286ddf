"""A lane: one endpoint of the pool in this batch, with its limit, its breaker and the rows that it may send."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from enrichment_platform.errors import EndpointUnavailableError
from enrichment_platform.inference.breaker import Breaker
from enrichment_platform.inference.endpoints.protocol import Endpoint
from enrichment_platform.inference.limiter import AdaptiveLimit
from enrichment_platform.inference.pricing import BusyShare
from enrichment_platform.inference.row import Row
from enrichment_platform.inference.task import Task
from enrichment_platform.inference.window import Window

_FEW_SLOTS = 4  # of an embedded model, which takes a second for a row
_ROWS_A_COMMIT = 64  # a fast endpoint answers so many while the ledger commits
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
    started: bool = False
    busy: bool = False  # it is being started, or rows of it are being admitted
    rate_until: float = 0.0
    last_answer_at: float | None = None
    last_sign_at: float = field(default_factory=time.monotonic)  # of an answer, or of the start
    last_failure: str = ""
    given_up: bool = False

    def give_up(self, reason: str) -> None:
        """Ask it nothing more in this batch."""
        self.given_up = True
        self.last_failure = reason

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
        limit = self.limit.limit
        return limit if limit <= _FEW_SLOTS else limit + _ROWS_A_COMMIT

    @property
    def failures_to_open(self) -> int:
        """Failures in a row after which it counts as down: more than one burst of requests that were in flight."""
        return max(_FEWEST_FAILURES, self.limit.limit // 2)

    def may_send(self) -> bool:
        """Whether a row may be sent now."""
        return not self.given_up and self.breaker.may_send() and self.limit.may_send()


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
