"""What the ledger holds, as data: attempts, how they ended, answers, caps."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from enum import StrEnum

NANO = 1_000_000_000


@dataclass(slots=True)
class Answer:
    """What was answered to a request key, for good; tokens and cost are sums over its attempts.

    `partition_key` and `row_id` are those of the row that it was asked for; equal rows share it.
    """

    request_key: str
    fingerprint: str
    enrichment: str
    partition_key: str
    row_id: str
    status: str
    text: str
    finish_reason: str
    model: str
    endpoint: str
    attempts: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float
    latency_ms: float


@dataclass(slots=True)
class Attempt:
    """A request that is about to be sent, and what it may cost at most (tokens; nano US dollars).

    Attributes:
        lease_key: Of all open attempts with this key the ledger admits one: the same for every endpoint of a pool,
            whatever their models; empty: the request key.
        known_as: Other request keys whose stored answer is this row's too; not stored.
        temperature: What was asked for, like `seed` and `max_output_tokens`; None where the request said nothing.
    """

    attempt_id: str
    request_key: str
    fingerprint: str
    enrichment: str
    partition_key: str
    row_id: str
    run_id: str
    endpoint: str
    cause: str
    reserved_tokens: int = 0
    reserved_nano_usd: int = 0
    lease_key: str = ""
    known_as: tuple[str, ...] = ()
    temperature: float | None = None
    seed: int | None = None
    max_output_tokens: int | None = None

    def __post_init__(self) -> None:
        self.lease_key = self.lease_key or self.request_key

    @property
    def answer_keys(self) -> tuple[str, ...]:
        """Request keys with whose answer this one need not be sent."""
        return (self.request_key, *self.known_as)


@dataclass(slots=True)
class Settlement:
    """How an attempt ended. `billed` false: nothing was charged, the reservation is released.

    Tokens and cost are what the endpoint reported; None where it did not say, and the reservation then stays.
    """

    attempt: Attempt
    outcome: str
    billed: bool
    detail: str | None = None
    finish_reason: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """What a scope may spend in all; None: no cap, the spending is only counted.

    Attributes:
        scope: Key of the counter, shared by all processes, e.g. `run:3f0c`.
        field: Name for a person, e.g. `budget.run`.
        tokens: Input and output tokens.
        nano_usd: Nano US dollars.
    """

    scope: str
    field: str
    tokens: int | None = None
    nano_usd: int | None = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests and tokens a minute of an endpoint, shared by all processes; None: no limit."""

    key: str
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


class Verdict(StrEnum):
    """What the ledger says to an attempt that wants to be sent."""

    ADMITTED = "admitted"
    ANSWERED = "answered"  # the answer is stored by now
    HELD = "held"  # another process is asking it
    OVER = "over"  # a cap would be broken
    LATER = "later"  # a rate limit would be broken
    HALTED = "halted"  # the kill switch


@dataclass(frozen=True, slots=True)
class Admission:
    """The verdict on one attempt; `cap` names the cap that is reached, `wait_s` how long a rate limit asks to wait."""

    verdict: Verdict
    cap: Cap | None = None
    wait_s: float = 0.0
    detail: str = ""


def attempt_id() -> str:
    """32 hex digits that begin with the time, so that a table's index grows at its end."""
    return f"{time.time_ns():016x}{os.urandom(8).hex()}"


def attempt_ids_since(age_s: float) -> str:
    """What the ids of attempts of the last `age_s` seconds are greater than."""
    return f"{time.time_ns() - int(age_s * 1e9):016x}"
