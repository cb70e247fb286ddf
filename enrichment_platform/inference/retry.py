"""Retries by cause: one table, read by the dispatcher."""

from __future__ import annotations

import random
from dataclasses import dataclass

from enrichment_platform.inference.endpoints.protocol import Failure


@dataclass(frozen=True)
class RetryRule:
    """How often a cause is retried on one endpoint, and the first wait in seconds (doubled each time)."""

    retries: int
    first_wait_s: float


MALFORMED = "malformed"
TRUNCATED = "truncated"

RULES: dict[str, RetryRule] = {
    Failure.RATE_LIMIT: RetryRule(12, 1.0),
    Failure.SERVER_ERROR: RetryRule(4, 0.5),
    Failure.TIMEOUT: RetryRule(2, 0.5),
    Failure.CONNECTION: RetryRule(5, 0.5),
    Failure.BAD_RESPONSE: RetryRule(2, 0.5),
    Failure.BAD_REQUEST: RetryRule(0, 0.0),
    Failure.UNAUTHORIZED: RetryRule(0, 0.0),
    MALFORMED: RetryRule(2, 0.0),  # asked again with another seed
    TRUNCATED: RetryRule(1, 0.0),  # asked again with twice the output tokens, never repaired
}
LONGEST_WAIT_S = 60.0


def wait_s(cause: str, retry: int, retry_after_s: float | None, jitter: random.Random) -> float | None:
    """Seconds to wait before retry number `retry` (from 1); None when the cause's retries are used up.

    Exponential backoff with full jitter (Brooker, AWS Architecture Blog, 2015), never shorter than Retry-After.
    """
    rule = RULES[cause]
    if retry > rule.retries:
        return None
    backoff = min(rule.first_wait_s * 2 ** (retry - 1), LONGEST_WAIT_S)
    return max(jitter.uniform(0, backoff), min(retry_after_s or 0.0, LONGEST_WAIT_S))
