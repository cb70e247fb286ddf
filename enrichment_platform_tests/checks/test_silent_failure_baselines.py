"""The baselines that the suite is compared with: each finds what it is known to find, so the comparison is fair."""

from __future__ import annotations

import random
from functools import cache

import polars as pl
import pytest

from benchmarks.silent_failure_baselines import BASELINES, profile, psi
from enrichment_platform_tests.checks.tables import LABELS, make_partition, make_spec, with_value

SPEC = make_spec()


def day(seed: int, rows: int = 1000, collapsed: float = 0.0) -> pl.DataFrame:
    """A day whose labels' shares vary; some of its rows say the first label whatever they are."""
    rng = random.Random(seed)
    weights = [0.4 + rng.gauss(0, 0.02), 0.35, 0.25]
    labels = [LABELS[0] if rng.random() < collapsed else rng.choices(LABELS, weights)[0] for _ in range(rows)]
    return make_partition(rows).staged.with_columns(category=pl.Series(labels))


@cache
def past() -> list[pl.DataFrame]:
    return [profile(SPEC, day(seed, 990 + seed % 20)) for seed in range(30)]


def alarms(staged: pl.DataFrame, history: list[pl.DataFrame] | None = None) -> set[str]:
    known = past() if history is None else history
    return {name for name, alarm in BASELINES.items() if alarm(SPEC, staged, known)}


def test_none_alarms_on_a_clean_day() -> None:
    assert alarms(day(99)) == set()


@pytest.mark.parametrize(
    "values", [{"category": "Billing"}, {"category": None}, {"refund": None}, {"row_id": "t000001"}]
)
def test_a_schema_finds_one_row_outside_of_it(values: dict[str, object]) -> None:
    assert "Pandera schema" in alarms(with_value(day(99), 41, **values))


def test_a_schema_finds_a_column_of_another_type() -> None:
    assert alarms(day(99).with_columns(pl.col("amount").cast(pl.String))) >= {"Pandera schema"}


def test_three_sigma_finds_a_share_a_null_rate_and_a_row_count_that_moved() -> None:
    assert alarms(day(99, collapsed=0.3)) == {"three sigma"}
    assert alarms(day(99).with_columns(vendor=pl.lit(None, pl.String))) == {"three sigma"}
    assert alarms(day(99, rows=700)) == {"three sigma"}


def test_psi_finds_a_large_collapse_only() -> None:
    assert alarms(day(99, collapsed=0.7)) == {"three sigma", "PSI > 0.2"}


def test_without_a_history_only_the_schema_speaks() -> None:
    assert alarms(day(99, collapsed=0.9), []) == set()


def test_rows_without_an_answer_are_missing_from_the_count_and_nothing_else() -> None:
    half = pl.when(pl.int_range(pl.len()) < 500).then(pl.lit("failed")).otherwise(pl.lit("ok"))
    assert alarms(day(99).with_columns(status=half)) == {"three sigma"}


def test_psi_is_that_of_the_formula() -> None:
    assert psi([50, 50], [50, 50]) == 0
    assert psi([50, 50], [80, 20]) == pytest.approx(0.3 * 0.4700036 + 0.3 * 0.9162907, abs=1e-6)
    assert psi([1, 1], [0, 0]) == float("inf")
