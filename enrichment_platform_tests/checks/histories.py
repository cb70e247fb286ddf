"""Histories with realistic days, and partitions with given counts, for the statistical detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from enrichment_platform.checks.history import PROFILE_SCHEMA, History
from enrichment_platform.checks.inputs import PartitionTables
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform_tests.checks.tables import make_spec

LABELS = ["billing", "delivery", "other", "refund"]
SHARES = np.array([0.35, 0.3, 0.2, 0.15])
KEYS = [str(date(2026, 1, 1) + timedelta(days=day)) for day in range(200)]
DAY_RHO = 0.021**2 / (0.35 * 0.65)  # CHECKS.md: a class of 35% that moves 2.1 points a day
WEEKDAYS = np.array([0.1, 0.05, 0, -0.05, -0.1, -0.3, 0.3])  # effect on the logit of the first label


def spec_of(*fields: Mapping[str, Any], **changes: Any) -> EnrichmentSpec:
    """An enrichment with these output fields; one label field without any."""
    category = {"name": "category", "type": "label", "labels": LABELS}
    return make_spec(output=[*(fields or [category])], **changes)


def days(random: np.random.Generator, shares: np.ndarray, sizes: np.ndarray, *, weekdays: bool = True) -> np.ndarray:
    """Dirichlet-multinomial counts (days, categories) with weekday effects."""
    effect = np.tile(WEEKDAYS, len(sizes) // 7 + 1)[: len(sizes)] * weekdays
    logits = np.log(shares) + np.outer(effect, np.eye(len(shares))[0])
    means = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gamma = random.gamma(np.maximum(means * (1 / DAY_RHO - 1), 1e-9))
    return random.multinomial(sizes, gamma / gamma.sum(axis=1, keepdims=True))


def sizes(random: np.random.Generator, partitions: int, rows: int) -> np.ndarray:
    """Lognormal sizes, at least 30."""
    return np.maximum(30, rows * np.exp(random.normal(0, 0.3, partitions))).astype(int)


def profiles(
    metric: str,
    field: str,
    values: Sequence[str],
    counts: np.ndarray,
    totals: np.ndarray,
    keys: Sequence[str] = KEYS,
) -> pl.DataFrame:
    """`PROFILE_SCHEMA` of counts (partitions, values)."""
    rows = [
        (keys[day], "f1", metric, field, value, int(counts[day, place]), int(totals[day]))
        for day in range(len(totals))
        for place, value in enumerate(values)
    ]
    return pl.DataFrame(rows, schema=PROFILE_SCHEMA, orient="row")


def partition(
    key: str,
    outputs: Mapping[str, Sequence[Any]],
    earlier: pl.DataFrame | None = None,
    texts: Sequence[str] | None = None,
    **columns: Any,
) -> PartitionTables:
    """A partition whose rows have these outputs; `columns` replace answer columns."""
    rows = max([len(values) for values in outputs.values()] or [0])
    ids = [f"t{number:06}" for number in range(rows)]
    text = list(texts) if texts is not None else ["a text of the row"] * rows
    cleaned = pl.DataFrame(
        {"row_id": ids, "partition_key": [key] * rows, "subject": [""] * rows, "body": text},
        schema=dict.fromkeys(["row_id", "partition_key", "subject", "body"], pl.String),
    )
    answers = {"status": ["ok"] * rows, "finish_reason": ["stop"] * rows} | columns
    staged = cleaned.select("row_id", "partition_key").with_columns(
        *[pl.Series(name, values) for name, values in outputs.items()],
        *[pl.Series(name, values) for name, values in answers.items()],
    )
    history = History() if earlier is None else History(profiles=earlier)
    return PartitionTables(
        cleaned.select("row_id"), pl.DataFrame(schema={"row_id": pl.String}), cleaned, staged, history=history
    )


def spelled(values: Sequence[Any], counts: Sequence[int]) -> list[Any]:
    """Each value as often as its count."""
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
