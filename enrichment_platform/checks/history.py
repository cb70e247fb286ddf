"""What the suite knows of earlier partitions, as plain tables; read by `stages`, never by a check itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

PROFILE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "partition_key": pl.String,
    "fingerprint": pl.String,
    "metric": pl.String,  # what was counted, e.g. `label`, `null`, `attempts`, `length`, `script`
    "field": pl.String,  # the output field it was counted in; empty where it is none
    "value": pl.String,  # the category; never the text of a row
    "count": pl.Int64,
    "total": pl.Int64,  # rows that it was counted among
}
"""A profile: what one published partition looked like, as counts. One row a metric, field and category."""

CANARY_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "partition_key": pl.String,
    "fingerprint": pl.String,
    "golden_id": pl.String,
    "field": pl.String,
    "correct": pl.Boolean,
}
"""Canaries that were answered: one row a golden row and field whose value is known."""


@dataclass(frozen=True)
class History:
    """Earlier partitions of an enrichment: of their rows, only what was published.

    Args:
        profiles: `PROFILE_SCHEMA`; partitions of the present fingerprint that come before this one, by key.
        rows: row_id, partition_key, source (the text that the model saw) and the columns of the label fields; rows
            published under the present fingerprint, of the latest partitions first, at most some thousands.
        canaries: `CANARY_SCHEMA`, of earlier partitions, of the present fingerprint; also of those that another check
            held back, as a provider that gets worse is worse there too. Not those that `canary_accuracy` held back,
            and none before one of which a person accepted it.
        failing_since: By name of a check that failed in the partition right before this one, the first partition of
            the row of partitions in which it did.
        earlier_profiles, earlier_canaries: The same as `profiles` and `canaries`, of the fingerprint that was published
            before the present one; empty where there was none.
        replaced: row_id and output columns of what is published of this very partition under another fingerprint.
    """

    profiles: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PROFILE_SCHEMA))
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    canaries: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CANARY_SCHEMA))
    failing_since: Mapping[str, str] = field(default_factory=dict)
    earlier_profiles: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PROFILE_SCHEMA))
    earlier_canaries: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CANARY_SCHEMA))
    replaced: pl.DataFrame = field(default_factory=pl.DataFrame)
