"""Live progress of a batch, as data."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Progress:
    """Counts of a batch. `stored` rows had their answer in the ledger, `copied` ones equal another row.

    `failed` ones were asked and got no answer.
    """

    rows: int
    stored: int = 0
    copied: int = 0
    asked: int = 0
    failed: int = 0
    to_ask: int = 0
    requests: int = 0
    retries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since the batch began."""
        return time.monotonic() - self.started

    @property
    def rows_per_second(self) -> float:
        """Rows asked a second."""
        return self.asked / self.seconds if self.seconds > 0 else 0.0

    def line(self) -> str:
        """One line for a person; holds counts only."""
        left = self.to_ask - self.asked
        eta = f", about {left / self.rows_per_second:.0f} s left" if left and self.asked else ""
        retries = f", {self.retries} retries" if self.retries else ""
        return (
            f"{self.asked}/{self.to_ask} asked ({self.stored} rows from the ledger, {self.copied} copies), "
            f"{self.rows_per_second:.1f} rows/s, {self.output_tokens:,} tokens out{retries}{eta}"
        )
