"""What a stage did to a partition, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl


@dataclass(frozen=True)
class StageOutcome:
    """Rows written, rows quarantined by reason, and further figures for metadata (counts, never row text)."""

    rows: pl.DataFrame
    quarantined: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
