"""What a stage did to a partition, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl


@dataclass(frozen=True)
class StageOutcome:
    """Rows written, rows quarantined by reason, and further figures for metadata (counts, never row text)."""

    rows: pl.DataFrame  # of a partition that was streamed, its first rows
    quarantined: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    streamed_rows: int | None = None

    @property
    def row_count(self) -> int:
        """Rows written."""
        return self.rows.height if self.streamed_rows is None else self.streamed_rows
