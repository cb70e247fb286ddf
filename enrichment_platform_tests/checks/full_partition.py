"""A partition with all that the suite can look at: controls, golden rows, checks of one's own, weeks of history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from enrichment_platform.checks import canary_frame, partition_profile
from enrichment_platform.checks.history import History
from enrichment_platform.checks.inputs import (
    CANARY,
    CONTROL_COLUMNS,
    PLANTED,
    REASKED,
    REORDERED,
    PartitionTables,
    source_texts,
)
from enrichment_platform.checks.planted_orders import planted_order
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform_tests.checks.tables import KEY, LABELS, OUTPUT, make_partition, make_spec, whole

CANARIES = 60
SUBJECTS = {
    "billing": "Invoice charged twice",
    "delivery": "Parcel never arrived",
    "other": "Question on opening hours",
}
CONFIDENCE = {"name": "category_confidence", "type": "number", "minimum": 0, "maximum": 1}
CUSTOM = [
    {"name": "amount_is_paid", "sql": "amount is null or body like '%paid%'"},
    {"name": "share_of_billing", "rate": "category = 'billing'", "max_shift": 0.1, "severity": "warn"},
]


def full_spec(**checks: Any) -> EnrichmentSpec:
    """The enrichment of `make_spec` with every check switched on; `checks` replace settings of them."""
    own = {"golden": {"path": "golden.csv", "canaries": CANARIES}, "custom": CUSTOM}
    return make_spec(
        output=[*OUTPUT, CONFIDENCE],
        checks=own | {"reask_share": 0.05, "reorder_share": 0.05, "plant_share": 0.05} | checks,
    )


def full_tables(
    spec: EnrichmentSpec, rows: int = 400, days: int = 45, published: int = 1_000, *, padding: str = ""
) -> PartitionTables:
    """A partition in which nothing is wrong, after as many days of the same.

    Args:
        spec: What `full_spec` gives.
        rows: Of the partition.
        days: Partitions of the history.
        published: Rows of them that there is to learn from.
        padding: Text that every row ends with.
    """
    today = _tables(spec, rows, padding)
    keys = [str(date.fromisoformat(KEY) - timedelta(days=day)) for day in range(days, 0, -1)]
    profile, canaries = partition_profile(spec, today, KEY), canary_frame(spec, today)
    earlier = _tables(spec, published, padding)
    sources = source_texts(spec, earlier.cleaned)
    day = pl.Series("day", [keys[n % days] for n in range(published)], pl.String)
    learnt = earlier.staged.select(
        pl.concat_str(pl.lit("earlier-"), "row_id").alias("row_id"),
        day.alias("partition_key"),
        pl.concat_str(sources.get_column("source"), pl.lit(" "), day).alias("source"),
        "category",
    )
    return replace(today, history=History(profiles=_on(profile, keys), rows=learnt, canaries=_on(canaries, keys)))


def _tables(spec: EnrichmentSpec, rows: int, padding: str) -> PartitionTables:
    clean = make_partition(rows)
    clean = clean._replace(staged=clean.staged.with_columns(category_confidence=pl.lit(0.97)))
    subject = clean.staged.get_column("category").replace_strict(SUBJECTS, return_dtype=pl.String)
    cleaned = clean.cleaned.with_columns(subject.alias("subject"), pl.col("body") + padding)
    asked = [
        _again(clean.staged.head(int(spec.checks.reask_share * rows)), REASKED),
        _again(clean.staged.head(int(spec.checks.reorder_share * rows)), REORDERED),
        _planted(clean.staged.head(int(spec.checks.plant_share * rows)), spec),
        _canaries(clean.staged),
    ]
    controls = pl.concat(asked).select(*CONTROL_COLUMNS, *[field.name for field in spec.output])
    rode_along = controls.filter(pl.col("kind") == CANARY).height
    return replace(whole(*clean._replace(cleaned=cleaned)), controls=controls, canaries_meant=rode_along)


def _again(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    return rows.with_columns(
        row_id=pl.format("control:{}/{}", pl.lit(kind), "row_id"),
        kind=pl.lit(kind),
        of_row_id=pl.col("row_id"),
        expected=pl.lit(None, pl.String),
    )


def _planted(rows: pl.DataFrame, spec: EnrichmentSpec) -> pl.DataFrame:
    orders = [planted_order(spec, row_id) for row_id in rows.get_column("row_id")]
    demanded = pl.Series("expected", [order.expected for order in orders if order], pl.String)
    return _again(rows, PLANTED).with_columns(demanded)


def _canaries(staged: pl.DataFrame) -> pl.DataFrame:
    golden = staged.head(1).select(pl.all().repeat_by(CANARIES).explode(empty_as_null=False))
    number = pl.int_range(pl.len()).cast(pl.String)
    return golden.with_columns(
        row_id=pl.format("control:canary/g{}", number),
        kind=pl.lit(CANARY),
        of_row_id=pl.format("g{}", number),
        expected=pl.lit(f'{{"category": "{LABELS[0]}", "quantity": 1}}'),
    )


def _on(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return pl.concat([rows.with_columns(pl.lit(key).alias("partition_key")) for key in keys])
