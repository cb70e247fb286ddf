"""The e-process: silent while golden rows are answered as ever, loud when they are not."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.e_process import e_value

LIMIT = 100


Days = tuple[np.ndarray, np.ndarray]
"""Which golden rows were asked, and were they right (partitions x canaries)."""


def frame(days: Days, until: int | None = None) -> pl.DataFrame:
    """One field's results, of the first partitions."""
    asked, correct = (table[:until] for table in days)
    return pl.DataFrame(
        {
            "partition_key": [f"{day:04}" for day, rows in enumerate(asked) for _ in rows],
            "golden_id": [f"g{row:03}" for row in asked.ravel()],
            "correct": correct.ravel(),
        },
        schema={"partition_key": pl.String, "golden_id": pl.String, "correct": pl.Boolean},
    )


def drawn(random: np.random.Generator, days: int) -> np.ndarray:
    """60 of 300 golden rows, others every day."""
    return np.stack([random.permutation(300)[:60] for _ in range(days)])


def repeated(accuracy: Callable[[int], float], days: int, seed: int, flips: float = 0.01) -> Days:
    """Golden rows each of its own difficulty: the same ones fail again, but for a few flips."""
    random = np.random.default_rng(seed)
    asked, hard = drawn(random, days), random.random(300)
    right = np.stack([hard[asked[day]] < accuracy(day) for day in range(days)])
    return asked, right ^ (random.random(right.shape) < flips)


def independent(accuracy: Callable[[int], float], days: int, seed: int) -> Days:
    """Golden rows equally hard, each day anew."""
    random = np.random.default_rng(seed)
    return drawn(random, days), np.stack([random.random(60) < accuracy(day) for day in range(days)])


def first_alarm(days: Days, start: int, step: int = 1) -> int | None:
    looks = range(start, len(days[0]), step)
    return next((day for day in looks if e_value(frame(days, day + 1)) >= LIMIT), None)


@pytest.mark.parametrize("accuracy", [0.92, 0.98])
@pytest.mark.parametrize("draw", [repeated, independent])
def test_a_steady_accuracy_raises_no_alarm_in_90_days(
    draw: Callable[[Callable[[int], float], int, int], Days], accuracy: float
) -> None:
    for seed in range(4):
        assert first_alarm(draw(lambda _: accuracy, 90, seed), 5, 6) is None


def test_a_decay_from_92_to_84_percent_over_90_days_is_found_before_it_has_lost_4_points() -> None:
    lost = []
    for seed in range(9):
        found = first_alarm(repeated(lambda day: 0.92 - 0.08 * max(0, day - 14) / 90, 104, seed), 14, 3)
        lost.append(8 * (found - 14) / 90 if found is not None else 99)
    assert float(np.median(lost)) < 4


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_of_the_golden_rows_failing_anew_is_found_within_a_week(seed: int) -> None:
    found = first_alarm(repeated(lambda day: 0.92 if day < 30 else 0.83, 40, seed), 30)
    assert found is not None
    assert found < 37


def test_all_answers_wrong_at_once_is_found_the_same_day() -> None:
    assert e_value(frame(independent(lambda day: 0.95 if day < 7 else 0.0, 8, 1))) >= LIMIT


def test_one_more_flip_of_rows_that_were_always_right_is_no_alarm() -> None:
    asked = np.tile(np.arange(60), (40, 1))
    correct = asked >= 5  # five rows always fail
    correct[-1, [20, 40]] = False
    assert e_value(frame((asked, correct))) < LIMIT


def test_becoming_better_is_no_alarm() -> None:
    assert e_value(frame(independent(lambda day: 0.8 if day < 20 else 1.0, 40, 1))) < LIMIT


@pytest.mark.parametrize("days", [0, 1])
def test_without_an_earlier_partition_there_is_no_evidence(days: int) -> None:
    assert e_value(frame((np.zeros((days, 60), int), np.zeros((days, 60), bool)))) == 1.0


def test_ninety_partitions_take_less_than_a_tenth_of_a_second() -> None:
    results = frame(independent(lambda _: 0.92, 90, 1))
    times = []
    for _ in range(5):
        started = time.process_time()
        e_value(results)
        times.append(time.process_time() - started)
    assert min(times) < 0.1


@settings(max_examples=25)
@given(st.integers(1, 20), st.integers(2, 8), st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter_and_the_value_is_never_negative(rows: int, days: int, seed: int) -> None:
    right = np.random.default_rng(seed).random((days, rows)) < 0.8
    results = frame((np.tile(np.arange(rows), (days, 1)), right))
    value = e_value(results)
    assert value >= 0
    assert e_value(results.sample(fraction=1, shuffle=True, seed=seed)) == pytest.approx(value)
