"""Collapsed labels, cut inputs and cut outputs are found against a history of real days; clean days are left alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from enrichment_platform.checks import drift
from enrichment_platform.checks.family import judge
from enrichment_platform.checks.history import History
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.profile import profile
from enrichment_platform.checks.rates import null_rate, retry_rate, same_answer
from enrichment_platform.checks.results import Signal
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform_tests.checks.histories import (
    KEYS,
    LABELS,
    SHARES,
    days,
    partition,
    profiles,
    sizes,
    spec_of,
    spelled,
)
from enrichment_platform_tests.checks.tables import make_partition, make_spec

Detector = Callable[[EnrichmentSpec, PartitionTables], Signal]
DETECTORS: list[Detector] = [drift.label_shift, drift.input_shift, drift.output_shift, drift.slow_drift]
VENDOR = {"name": "vendor", "type": "string", "required": False}
TEXT = spec_of(prompt={"columns": ["body"]})


def labelled(seed: int, partitions: int = 60, rows: int = 2000, collapse: float = 0.0) -> PartitionTables:
    """A clean history, and a partition of which a share has collapsed to the first label."""
    random = np.random.default_rng(seed)
    totals = sizes(random, partitions + 1, rows)
    counts = days(random, SHARES, totals)
    earlier = profiles("label", "category", LABELS, counts[:-1], totals[:-1])
    now = counts[-1].copy()
    lost = random.binomial(now, collapse) * [0, 1, 1, 1]
    now = now - lost + np.eye(4, dtype=int)[0] * lost.sum()
    return partition(KEYS[partitions], {"category": spelled(LABELS, now)}, earlier)


def measured(values: list[str], shares: list[float], metric: str, field: str = "", rows: int = 1000) -> pl.DataFrame:
    random = np.random.default_rng(2)
    totals = np.full(40, rows)
    return profiles(metric, field, values, days(random, np.array(shares), totals, weekdays=False), totals)


def test_clean_days_are_left_alone() -> None:
    failed = [
        judge({"label_shift": drift.label_shift(spec_of(), labelled(seed))})["label_shift"] for seed in range(150)
    ]
    assert sum(failed) <= 3  # nominal: 0.4 of 150


def test_a_collapse_of_a_fifth_is_found_and_says_where() -> None:
    found = [drift.label_shift(spec_of(), labelled(seed, collapse=0.2)) for seed in range(40)]
    assert sum(judge({"label_shift": signal})["label_shift"] for signal in found) >= 28
    assert all(
        "`billing`" in signal.message and KEYS[0] in signal.message for signal in found if signal.p_value < 0.001
    )
    assert all(signal.row_ids and signal.failed_rows for signal in found if signal.p_value < 0.001)


def test_a_whole_collapse_is_found_after_a_week_of_history() -> None:
    signal = drift.label_shift(spec_of(), labelled(1, partitions=7, collapse=1.0))
    assert judge({"label_shift": signal})["label_shift"]
    assert "collapse" in signal.message or "expected" in signal.message


def test_a_move_of_less_than_three_points_does_not_matter() -> None:
    totals = np.full(40, 20_000)
    counts = np.tile([7000, 6000, 4000, 3000], (40, 1))
    earlier = profiles("label", "category", LABELS, counts, totals)
    moved = partition(KEYS[40], {"category": spelled(LABELS, [7500, 5500, 4000, 3000])}, earlier)
    signal = drift.label_shift(spec_of(), moved)
    assert signal.p_value < 1e-6
    assert not signal.matters


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("partitions", [0, 6])
def test_too_little_history_is_learning(detector: Detector, partitions: int) -> None:
    values, counts, totals = ["a", "b"], np.full((partitions, 2), 50), np.full(partitions, 100)
    earlier = pl.concat(
        [
            profiles("label", "category", LABELS, np.full((partitions, 4), 25), totals),
            profiles("length", "", ["4-7", "8-15"], counts, totals),
            profiles("output_length", "vendor", ["4-7", "8-15"], counts, totals),
            profiles("script", "", values, counts, totals),
        ]
    )
    spec = spec_of({"name": "category", "type": "label", "labels": LABELS}, VENDOR)
    rows = {"category": ["billing"] * 100, "vendor": ["Globex"] * 100}
    signal = detector(spec, partition(KEYS[partitions], rows, earlier))
    assert signal.learning
    assert (signal.p_value, signal.matters) == (1.0, False)


@pytest.mark.parametrize("detector", [drift.label_shift, drift.output_shift, drift.slow_drift])
def test_a_missing_column_is_refused(detector: Detector) -> None:
    spec = spec_of({"name": "category", "type": "label", "labels": LABELS}, VENDOR)
    with pytest.raises(UnusableInputError, match=r"category|vendor"):
        detector(spec, partition(KEYS[0], {"else": ["x"] * 40}))


def test_a_lost_column_of_the_prompt_is_refused() -> None:
    tables = labelled(1)
    with pytest.raises(UnusableInputError, match="body"):
        drift.input_shift(TEXT, replace(tables, cleaned=tables.cleaned.drop("body")))


def test_no_answer_at_all_is_refused() -> None:
    tables = labelled(1)
    failed = tables.staged.with_columns(pl.lit("failed").alias("status"))
    with pytest.raises(UnusableInputError, match="no staged row"):
        drift.label_shift(spec_of(), replace(tables, staged=failed))


@pytest.mark.parametrize(("cut", "matters"), [(False, False), (True, True)])
def test_texts_that_are_cut_are_found(cut: bool, matters: bool) -> None:
    earlier = measured(["16-31", "32-63", "64-127"], [0.3, 0.4, 0.3], "length")
    texts = spelled(["x" * 20, "x" * 40, "x" * (40 if cut else 80)], [300, 400, 300])
    tables = partition(KEYS[40], {"category": ["billing"] * 1000}, earlier, texts)
    signal = drift.input_shift(TEXT, tables)
    assert judge({"input_shift": signal})["input_shift"] is matters


def test_another_script_is_found() -> None:
    earlier = measured(["Latin", "Cyrillic"], [0.95, 0.05], "script")
    texts = spelled(["My parcel", "Где посылка"], [800, 200])
    signal = drift.input_shift(TEXT, partition(KEYS[40], {"category": ["billing"] * 1000}, earlier, texts))
    assert judge({"input_shift": signal})["input_shift"]
    assert "script" in signal.message
    assert "parcel" not in signal.message


@pytest.mark.parametrize(("length", "fails"), [(40, False), (300, True), (3, True)])
def test_outputs_that_grow_or_shrink_are_found(length: int, fails: bool) -> None:
    earlier = measured(["16-31", "32-63"], [0.2, 0.8], "output_length", "vendor")
    values = spelled(["x" * 20, "x" * length], [200, 800])
    signal = drift.output_shift(spec_of(VENDOR), partition(KEYS[40], {"vendor": values}, earlier))
    assert judge({"output_shift": signal})["output_shift"] is fails


def test_an_item_of_a_list_that_vanishes_is_found() -> None:
    topics = {"name": "topics", "type": "list", "labels": ["late", "broken"]}
    totals = np.full(40, 1000)
    late = days(np.random.default_rng(3), np.array([0.4, 0.6]), totals, weekdays=False)[:, :1]
    earlier = profiles("item", "topics", ["late", "broken", "(empty)"], np.hstack([late, late, 1000 - late]), totals)
    usual, gone = spelled([["late", "broken"], []], [400, 600]), spelled([["late"], []], [400, 600])
    for items, fails in ((usual, False), (gone, True)):
        signal = drift.label_shift(spec_of(topics), partition(KEYS[40], {"topics": items}, earlier))
        assert judge({"label_shift": signal})["label_shift"] is fails


def slow(points_a_day: float, seed: int) -> Signal:
    random = np.random.default_rng(seed)
    totals = sizes(random, 85, 2000)
    grown = np.linspace(0, points_a_day * 84, 85)[:, None] * np.array([1, -0.46, -0.31, -0.23])
    counts = np.vstack([days(random, SHARES + add, totals[day : day + 1]) for day, add in enumerate(grown)])
    earlier = profiles("label", "category", LABELS, counts[:-1], totals[:-1])
    return drift.slow_drift(spec_of(), partition(KEYS[84], {"category": spelled(LABELS, counts[-1])}, earlier))


def test_a_label_that_grows_for_weeks_is_found_though_no_day_shows_it() -> None:
    assert sum(judge({"slow_drift": slow(0.003, seed)})["slow_drift"] for seed in range(20)) >= 10
    assert not any(judge({"slow_drift": slow(0.0, seed)})["slow_drift"] for seed in range(40))


@pytest.mark.parametrize(
    ("kind", "start", "needed"),
    [("hourly", "2026-01-01-00:00", 1007), ("daily", KEYS[0], 41), ("weekly", KEYS[0], 23), ("monthly", KEYS[0], 17)],
)
def test_weeks_of_hours_and_days_and_quarters_of_months_are_pooled(kind: str, start: str, needed: int) -> None:
    keys = [f"k{number:04}" for number in range(needed + 1)]
    for partitions in (needed - 1, needed):
        grown = np.linspace(40, 80, partitions).astype(int)
        counts = np.stack([grown, 100 - grown], axis=1)
        earlier = profiles("label", "category", ["billing", "other"], counts, np.full(partitions, 100), keys)
        spec = spec_of(partitions={"type": kind, "start": start})
        signal = drift.slow_drift(spec, partition(keys[partitions], {"category": ["billing"] * 100}, earlier))
        assert signal.learning == ("" if partitions == needed else f"{needed - 1:,} of {needed:,} partitions")
    assert f"of the last {(needed + 1) // 6} partitions" in signal.message


def test_the_hours_of_a_day_are_no_drift() -> None:
    random = np.random.default_rng(2)
    keys = [f"{day}-{hour:02}:00" for day in KEYS[:43] for hour in range(24)][:1009]
    level = 0.4 + 0.2 * np.sin(np.arange(len(keys)) * 2 * np.pi / 24)
    counts = random.binomial(200, level)
    both = np.stack([counts, 200 - counts], axis=1)
    earlier = profiles("label", "category", ["billing", "other"], both[:-1], np.full(len(keys) - 1, 200), keys)
    now = {"category": spelled(["billing", "other"], both[-1])}
    signal = drift.slow_drift(
        spec_of(partitions={"type": "hourly", "start": keys[0]}), partition(keys[-1], now, earlier)
    )
    assert (signal.learning, signal.matters) == ("", False)


def test_static_partitions_drift_in_no_time() -> None:
    static = {"type": "static", "keys": ["a", "b"], "column": "body"}
    assert drift.slow_drift(spec_of(partitions=static), labelled(1)).learning


def test_the_whole_family_takes_a_tenth_of_a_second_beside_the_reading_of_texts() -> None:
    random = np.random.default_rng(1)
    labels = [f"label_{number}" for number in range(77)]
    spec = spec_of({"name": "category", "type": "label", "labels": labels}, VENDOR)
    totals = np.full(60, 2000)
    counts = days(random, np.full(77, 1 / 77), totals)
    earlier = pl.concat(
        [
            profiles("label", "category", labels, counts, totals),
            profiles("null", "vendor", ["(null)"], counts[:, :1], totals),
            profiles("status", "", ["ok"], totals[:, None], totals),
            *(
                profiles(metric, field, ["4-7", "8-15"], np.full((60, 2), 1000), totals)
                for metric, field in (("length", ""), ("output_length", "vendor"), ("script", ""))
            ),
        ]
    )
    rows = {"category": spelled(labels, counts[-1]), "vendor": ["Globex", None] * 1000}
    tables = replace(partition(KEYS[60], rows), history=History(profiles=earlier))
    began = time.process_time()
    for detector in (*DETECTORS, null_rate, retry_rate, same_answer):
        assert detector(spec, tables).p_value <= 1
    first = time.process_time() - began
    began = time.process_time()
    for detector in (*DETECTORS, null_rate, retry_rate, same_answer):
        detector(spec, tables)
    assert min(first, time.process_time() - began) < 0.1


def test_a_partition_like_its_stored_profiles_is_quiet_in_every_detector() -> None:
    spec, tables = make_spec(), PartitionTables(*make_partition(300))
    earlier = pl.concat([profile(spec, tables, f"2025-11-{day:02}", "f1") for day in range(1, 31)])
    again = replace(tables, history=History(profiles=earlier))
    signals = {str(one): one(spec, again) for one in (*DETECTORS, null_rate, retry_rate, same_answer)}
    assert not any(judge(signals).values())
    assert sum(not signal.learning for signal in signals.values()) == 6  # all but slow_drift, which needs 41
