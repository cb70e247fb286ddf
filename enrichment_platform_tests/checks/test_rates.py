"""Rates that rise against their history are found; fewer nulls, and one answer for all where that is usual, are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from enrichment_platform.checks.family import judge
from enrichment_platform.checks.history import History
from enrichment_platform.checks.inputs import UnusableInputError
from enrichment_platform.checks.rates import null_rate, retry_rate, same_answer
from enrichment_platform.checks.results import Signal
from enrichment_platform_tests.checks.histories import KEYS, LABELS, days, partition, profiles, spec_of, spelled

VENDOR = {"name": "vendor", "type": "string", "required": False}
TOTALS = np.full(40, 2000)


def rates(share: float, seed: int = 1) -> np.ndarray:
    return days(np.random.default_rng(seed), np.array([1 - share, share]), TOTALS, weekdays=False)


def nulls(count: int, share: float = 0.03, rows: int = 2000) -> Signal:
    earlier = profiles("null", "vendor", ["(null)"], rates(share)[:, 1:], TOTALS)
    values = spelled([None, "Globex"], [count, rows - count])
    return null_rate(spec_of(VENDOR), partition(KEYS[40], {"vendor": pl.Series(values, dtype=pl.String)}, earlier))


@pytest.mark.parametrize(("count", "fails"), [(0, False), (60, False), (75, False), (200, True), (2000, True)])
def test_nulls_that_creep_up_are_found(count: int, fails: bool) -> None:
    signal = nulls(count)
    assert judge({"null_rate": signal})["null_rate"] is fails
    if fails:
        assert len(signal.row_ids) == 100
        assert abs(signal.failed_rows - (count - 60)) < 30


def test_nulls_where_there_never_was_one_are_found() -> None:
    earlier = profiles("null", "vendor", ["(null)"], np.zeros((40, 1)), TOTALS)
    values = pl.Series(spelled([None, "Globex"], [50, 1950]), dtype=pl.String)
    signal = null_rate(spec_of(VENDOR), partition(KEYS[40], {"vendor": values}, earlier))
    assert judge({"null_rate": signal})["null_rate"]
    assert signal.row_ids[0] == "t000000"


def test_clean_null_rates_are_left_alone() -> None:
    random = np.random.default_rng(4)
    failed = 0
    for seed in range(100):
        earlier = profiles("null", "vendor", ["(null)"], rates(0.03, seed)[:, 1:], TOTALS)
        count = int(days(random, np.array([0.97, 0.03]), np.array([2000]), weekdays=False)[0, 1])
        values = pl.Series(spelled([None, "Globex"], [count, 2000 - count]), dtype=pl.String)
        signal = null_rate(spec_of(VENDOR), partition(KEYS[40], {"vendor": values}, earlier))
        failed += judge({"null_rate": signal})["null_rate"]
    assert failed <= 2


@pytest.mark.parametrize(
    ("columns", "fails"),
    [
        ({"status": ["ok"] * 1990 + ["refused"] * 10}, False),
        ({"status": ["ok"] * 1800 + ["refused"] * 200}, True),
        ({"status": ["ok"] * 2000, "attempts": [0] * 1900 + [2] * 100}, False),
        ({"status": ["ok"] * 2000, "attempts": [1] * 1200 + [2] * 800}, True),
        ({"status": ["ok"] * 2000, "endpoint": ["main"] * 2000}, False),
        ({"status": ["ok"] * 2000, "endpoint": ["main"] * 1000 + ["spare"] * 1000}, True),
        ({"status": ["ok"] * 2000, "endpoint": ["spare"] * 2000}, True),
    ],
)
def test_retries_and_fallbacks_that_rise_are_found(columns: dict[str, Any], fails: bool) -> None:
    earlier = pl.concat(
        [
            profiles("status", "", ["ok", "failed"], rates(0.005), TOTALS),
            profiles("attempts", "", ["1", "2"], rates(0.05), TOTALS),
            profiles("endpoint", "", ["main", "spare"], rates(0.01), TOTALS),
        ]
    )
    served = {"attempts": [1] * 2000, "endpoint": ["main"] * 2000}
    tables = partition(KEYS[40], {"category": ["billing"] * 2000}, earlier, **(served | columns))
    signal = retry_rate(spec_of(), tables)
    assert judge({"retry_rate": signal})["retry_rate"] is fails
    assert bool(signal.row_ids) is fails


@pytest.mark.parametrize("detector", [null_rate, retry_rate])
def test_too_little_history_is_learning(detector: Any) -> None:
    signal = detector(spec_of(VENDOR), partition(KEYS[0], {"vendor": ["Globex"] * 100}))
    assert signal.learning == "0 of 7 partitions"
    assert (signal.p_value, signal.matters) == (1.0, False)


def test_a_column_that_the_history_has_and_the_partition_lacks_is_refused() -> None:
    earlier = profiles("attempts", "", ["1", "2"], rates(0.05), TOTALS)
    with pytest.raises(UnusableInputError, match="attempts"):
        retry_rate(spec_of(), partition(KEYS[40], {"category": ["billing"] * 2000}, earlier))


def test_missing_columns_are_refused() -> None:
    tables = partition(KEYS[0], {"other": ["Globex"] * 100})
    with pytest.raises(UnusableInputError, match="vendor"):
        null_rate(spec_of(VENDOR), tables)
    with pytest.raises(UnusableInputError, match="category"):
        same_answer(spec_of(), tables)
    with pytest.raises(UnusableInputError, match="status"):
        retry_rate(spec_of(), replace(tables, staged=tables.staged.drop("status")))


@pytest.mark.parametrize("labels", [LABELS, ["yes", "no"]])
@pytest.mark.parametrize(("rows", "fails"), [(173, False), (174, True)])
def test_one_label_for_every_row_warns_on_the_first_day(labels: list[str], rows: int, fails: bool) -> None:
    spec = spec_of({"name": "category", "type": "label", "labels": labels})
    signal = same_answer(spec, partition(KEYS[0], {"category": [labels[0]] * rows}))
    assert judge({"same_answer": signal})["same_answer"] is fails
    assert bool(signal.learning) is not fails


def test_clean_first_days_of_a_label_that_most_rows_have_are_left_alone() -> None:
    random = np.random.default_rng(1)
    failed = 0
    for _ in range(150):
        values = random.choice(["ok", "spam", "abuse"], 60, p=[0.98, 0.01, 0.01]).tolist()
        spec = spec_of({"name": "category", "type": "label", "labels": ["ok", "spam", "abuse"]})
        failed += judge({"same_answer": same_answer(spec, partition(KEYS[0], {"category": values}))})["same_answer"]
    assert failed == 0


def test_an_optional_label_that_is_null_for_every_row_is_no_signal_on_the_first_day() -> None:
    cause = {"name": "cause", "type": "label", "labels": LABELS, "required": False}
    nulls = pl.Series([None] * 400, dtype=pl.String)
    signal = same_answer(spec_of(cause), partition(KEYS[0], {"cause": nulls}))
    assert (signal.p_value, signal.matters) == (1.0, False)


def test_an_optional_label_that_is_null_for_every_row_is_found_where_it_was_not_before() -> None:
    cause = {"name": "cause", "type": "label", "labels": LABELS, "required": False}
    earlier = profiles("label", "cause", [*LABELS, "(null)"], np.array([[40, 40, 40, 40, 40]]), np.full(1, 200))
    nulls = pl.Series([None] * 400, dtype=pl.String)
    signal = same_answer(spec_of(cause), partition(KEYS[1], {"cause": nulls}, earlier))
    assert judge({"same_answer": signal})["same_answer"]


def test_one_row_that_differs_is_enough() -> None:
    signal = same_answer(spec_of(), partition(KEYS[0], {"category": ["billing"] * 399 + ["other"]}))
    assert not signal.matters


@pytest.mark.parametrize(("usual", "fails"), [(200, False), (199, False), (100, True)])
def test_one_label_for_every_row_is_right_where_the_history_says_so(usual: int, fails: bool) -> None:
    counts = np.array([[usual, 200 - usual]] * 2)
    earlier = profiles("label", "category", ["billing", "other"], counts, np.full(2, 200))
    tables = partition(KEYS[2], {"category": ["billing"] * 300})
    signal = same_answer(spec_of(), replace(tables, history=History(profiles=earlier)))
    assert judge({"same_answer": signal})["same_answer"] is fails


@pytest.mark.parametrize(("rows", "fails"), [(5, False), (200, True)])
def test_a_history_of_few_rows_says_little(rows: int, fails: bool) -> None:
    counts = np.array([[rows * 4 // 5, rows - rows * 4 // 5]])
    earlier = profiles("label", "category", ["billing", "other"], counts, np.full(1, rows))
    signal = same_answer(spec_of(), partition(KEYS[1], {"category": ["billing"] * 200}, earlier))
    assert judge({"same_answer": signal})["same_answer"] is fails
