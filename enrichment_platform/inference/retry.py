"""Retries by cause: one table, read by the dispatcher and overridden by a pool's `retries`."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator

from enrichment_platform.inference.endpoints.protocol import Failure
from enrichment_platform.spec_model import SpecModel


@dataclass(frozen=True)
class RetryRule:
    """How often a cause is retried on one endpoint, and the first wait in seconds (doubled each time).

    `retries` None: without end, as long as the endpoint answers other requests.
    """

    retries: int | None
    first_wait_s: float


MALFORMED = "malformed"
TRUNCATED = "truncated"

RULES: dict[str, RetryRule] = {
    Failure.RATE_LIMIT: RetryRule(None, 0.5),  # nothing is wrong with the row; it is not billed either
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
# A minute's limit asks for up to 60 s, providers in trouble for some minutes; a server that asks for hours is
# asked again after ten minutes, since few of them mean it.
LONGEST_RETRY_AFTER_S = 600.0
_DOUBLINGS = 16  # beyond any wait in use, and small enough for a float


class RetrySpec(SpecModel):
    """What a pool says about one cause; what it leaves out is as in the table."""

    retries: int | Literal["unlimited"] | None = Field(None, description="`unlimited` fits rate_limit only")
    first_wait_s: float | None = Field(None, ge=0, le=LONGEST_WAIT_S, description="Seconds; doubled with each retry")

    @field_validator("retries")
    @classmethod
    def _not_negative(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, int) and value < 0:
            raise ValueError("retries are 0 or more")
        return value


def retry_specs(value: Any) -> Any:
    """`retries` of a pool as its YAML may say it: `{timeout: 4}` is `{timeout: {retries: 4}}`.

    Raises:
        ValueError: a cause that does not exist, or `unlimited` for one whose requests may be billed.
    """
    if not isinstance(value, dict):
        return value
    unknown = sorted(str(cause) for cause in value if cause not in RULES)
    if unknown:
        raise ValueError(f"there is no cause {', '.join(unknown)}; causes are {', '.join(RULES)}")
    specs = {cause: one if isinstance(one, dict | RetrySpec) else {"retries": one} for cause, one in value.items()}
    for cause, one in specs.items():
        retries = one.retries if isinstance(one, RetrySpec) else one.get("retries")
        if retries == "unlimited" and cause != Failure.RATE_LIMIT:
            raise ValueError(f"{cause}: only rate_limit may be `unlimited`, since such requests cost nothing")
    return specs


def rules(overrides: Mapping[str, RetrySpec]) -> dict[str, RetryRule]:
    """The table of a pool: RULES with what the pool says otherwise."""
    table = dict(RULES)
    for cause, said in overrides.items():
        rule = RULES[cause]
        retries = rule.retries if said.retries is None else said.retries
        table[cause] = RetryRule(
            None if retries == "unlimited" else retries,
            rule.first_wait_s if said.first_wait_s is None else said.first_wait_s,
        )
    return table


def wait_s(
    rules: Mapping[str, RetryRule], cause: str, retry: int, retry_after_s: float | None, jitter: random.Random
) -> float | None:
    """Seconds to wait before retry number `retry` (from 1); None when the cause's retries are used up.

    Exponential backoff with full jitter (Brooker, AWS Architecture Blog, 2015) up to 60 s, never shorter than
    the server's Retry-After, which is heard up to 600 s.
    """
    rule = rules[cause]
    if rule.retries is not None and retry > rule.retries:
        return None
    # What is retried without end is paced by the endpoint's limit, which shrinks and pauses: were the row's own wait to
    # double as well, a few unlucky rows would hold up the end of a partition.
    doublings = 0 if rule.retries is None else min(retry - 1, _DOUBLINGS)
    backoff = min(rule.first_wait_s * 2**doublings, LONGEST_WAIT_S)
    return max(jitter.uniform(0, backoff), min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S))
