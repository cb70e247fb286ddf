"""A promise, what was measured, and whether it is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A promise and what was measured; `least` true: the value has to reach the limit, else to stay within it."""

    name: str
    value: float | None
    limit: float
    least: bool
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is kept; what was not measured is not."""
        if self.value is None:
            return False
        return self.value >= self.limit if self.least else self.value <= self.limit

    def __str__(self) -> str:
        """One line of the summary."""
        shown = "not measured" if self.value is None else f"{self.value:.3g}"
        told = f" {self.detail}" if self.detail else ""
        sign = ">=" if self.least else "<="
        return f"{'ok  ' if self.holds else 'FAIL'}  {self.name}: {shown}{told} ({sign} {self.limit:g})"
