"""The e-process: silent while golden rows are answered as ever, loud when they are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.e_process import e_value

LIMIT = 100


def frame(correct: np.ndarray) -> pl.DataFrame:
    """One field's results (golden rows x partitions)."""
    rows, days = correct.shape
    return pl.DataFrame(
        {
            "partition_key": [f"{day:04}" for day in range(days) for _ in range(rows)],
            "golden_id": [f"g{row:03}" for _ in range(days) for row in range(rows)],
            "correct": correct.T.ravel(),
        }
    )


def repeated(accuracy: Callable[[int], float], days: int, seed: int, flips: float = 0.005) -> np.ndarray:
    """60 golden rows, each of its own difficulty: the same ones fail again, but for a few flips."""
    random = np.random.default_rng(seed)
    hard = random.random(60)
    return np.stack([(hard < accuracy(day)) ^ (random.random(60) < flips) for day in range(days)], axis=1)


def independent(accuracy: Callable[[int], float], days: int, seed: int) -> np.ndarray:
    """60 golden rows, equally hard, each day anew."""
    random = np.random.default_rng(seed)
    return np.stack([random.random(60) < accuracy(day) for day in range(days)], axis=1)


def first_alarm(correct: np.ndarray, start: int, step: int = 1) -> int | None:
    days = range(start, correct.shape[1], step)
    return next((day for day in days if e_value(frame(correct[:, : day + 1])) >= LIMIT), None)


@pytest.mark.parametrize("accuracy", [0.92, 0.98])
@pytest.mark.parametrize("draw", [repeated, independent])
def test_a_steady_accuracy_raises_no_alarm_in_90_days(
    draw: Callable[[Callable[[int], float], int, int], np.ndarray], accuracy: float
) -> None:
    for seed in range(4):
        assert first_alarm(draw(lambda _: accuracy, 90, seed), 5, 6) is None


def test_a_decay_from_92_to_84_percent_over_90_days_is_found_before_it_has_lost_4_points() -> None:
    lost = []
    for seed in range(9):
        found = first_alarm(repeated(lambda day: 0.92 - 0.08 * max(0, day - 14) / 90, 104, seed), 14, 3)
        lost.append(8 * (found - 14) / 90 if found is not None else 99)
    assert float(np.median(lost)) < 4


def test_a_tenth_of_the_answers_swapped_is_found_within_two_days() -> None:
    delays = []
    for seed in range(9):
        found = first_alarm(repeated(lambda day: 0.92 if day < 20 else 0.83, 30, seed), 20)
        delays.append(found - 19 if found is not None else 99)
    assert float(np.median(delays)) <= 2


def test_all_answers_wrong_at_once_is_found_the_same_day() -> None:
    correct = independent(lambda day: 0.95 if day < 7 else 0.0, 8, 1)
    assert e_value(frame(correct)) >= LIMIT


def test_becoming_better_is_no_alarm() -> None:
    assert e_value(frame(independent(lambda day: 0.8 if day < 20 else 1.0, 40, 1))) < LIMIT


@pytest.mark.parametrize("days", [0, 1])
def test_without_an_earlier_partition_there_is_no_evidence(days: int) -> None:
    empty = frame(np.zeros((60, days), bool))
    assert e_value(empty.cast({"correct": pl.Boolean, "golden_id": pl.String, "partition_key": pl.String})) == 1.0


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 20), st.integers(2, 8), st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter_and_the_value_is_never_negative(rows: int, days: int, seed: int) -> None:
    results = frame(np.random.default_rng(seed).random((rows, days)) < 0.8)
    value = e_value(results)
    assert value >= 0
    assert e_value(results.sample(fraction=1, shuffle=True, seed=seed)) == pytest.approx(value)
