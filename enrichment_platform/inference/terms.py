"""The terms of a batch: what it may spend, how often it tries, how long it waits and takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from enrichment_platform.inference.records import Cap
from enrichment_platform.inference.retry import RULES, RetryRule


@dataclass(frozen=True)
class Terms:
    """What bounds a batch.

    Attributes:
        caps: The caps at a time (seconds since 1970); caps of a day change at midnight UTC.
        rules: Retries by cause.
        patience_s: Seconds to wait for a pool that does not answer.
        deadline_s: Seconds after which nothing more is sent.
        one_model: Only answers of the first endpoint count as there; see `checks.mixed_models`.
    """

    caps: Callable[[float], Sequence[Cap]] = lambda _: ()
    rules: Mapping[str, RetryRule] = field(default_factory=lambda: RULES)
    patience_s: float = 120.0
    deadline_s: float | None = None
    one_model: bool = False
