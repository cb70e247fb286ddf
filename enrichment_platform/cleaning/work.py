"""What cleaning did, in figures that add up over batches: rows, bytes and seconds by step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_MB = 1e6


@dataclass
class StepWork:
    """What a step did: rows that it changed or removed, bytes by which texts became shorter, seconds."""

    rows: int = 0
    bytes_removed: int = 0
    seconds: float = 0.0


@dataclass
class CleaningWork:
    """What the steps did to the texts that they were given.

    Attributes:
        engine: "cpu" or "gpu".
        rows: Rows given.
        bytes_in: UTF-8 bytes of their texts before.
        bytes_out: And after, of the rows that are left.
        seconds: Time in the steps.
        steps: By operation; one that is listed twice has one entry.
    """

    engine: str = "cpu"
    rows: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0
    steps: dict[str, StepWork] = field(default_factory=dict)

    def step(self, name: str) -> StepWork:
        """Return the entry of an operation, a new one where it has none."""
        return self.steps.setdefault(name, StepWork())

    @property
    def changed(self) -> dict[str, int]:
        """Operation -> rows that it changed or removed."""
        return {name: step.rows for name, step in self.steps.items()}

    @property
    def mb_per_second(self) -> float | None:
        """Megabytes of text a second; None where nothing was timed."""
        return self.bytes_in / self.seconds / _MB if self.seconds else None

    @classmethod
    def total(cls, parts: Iterable[CleaningWork]) -> CleaningWork:
        """Return the sum over batches."""
        whole = cls()
        for part in parts:
            whole.engine = part.engine
            whole.rows += part.rows
            whole.bytes_in += part.bytes_in
            whole.bytes_out += part.bytes_out
            whole.seconds += part.seconds
            for name, step in part.steps.items():
                known = whole.step(name)
                known.rows += step.rows
                known.bytes_removed += step.bytes_removed
                known.seconds += step.seconds
        return whole
