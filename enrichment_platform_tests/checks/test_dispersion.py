"""The yardstick of a day is the history's own dispersion: few false alarms on real days, and no blind spots."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from enrichment_platform.checks import dispersion
from enrichment_platform.checks.dispersion import Forecast, beta_binomial_tail, calendar, forecast, quasi_f, upward
from enrichment_platform_tests.checks.histories import KEYS, SHARES, days, sizes


def predicted(counts: np.ndarray, totals: np.ndarray) -> tuple[Forecast, float, float, float]:
    """Forecast of the last partition, and p of the whole, of the first share upwards, and of it in both directions."""
    number, total = len(totals) - 1, float(totals[-1])
    dates = calendar(KEYS[:number], KEYS[number], "daily")
    parts = (counts[:-1].astype(float), totals[:-1].astype(float), counts[-1].astype(float), total)
    found = forecast(*parts, dates)
    whole = quasi_f(*parts, found, dates)
    rising = float(upward(found, parts[2], total)[0])
    return found, whole, rising, float(2 * special.stdtr(found.freedom, -abs(found.t[0])))


@pytest.mark.parametrize("rows", [200, 2000, 20_000])
def test_p_values_of_clean_days_keep_their_level(rows: int) -> None:
    random = np.random.default_rng(rows)
    found = []
    for _ in range(400):
        totals = sizes(random, 61, rows)
        found.append(predicted(days(random, SHARES, totals), totals)[1:])
    # 400 draws at 5%: 99.9% of the time below 8.8%
    assert (np.array(found) < 0.05).mean(axis=0).max() < 0.088


def test_a_plain_g_test_would_not_have_kept_it() -> None:
    random = np.random.default_rng(1)
    alarms = 0
    for _ in range(100):
        totals = sizes(random, 31, 2000)
        counts = days(random, SHARES, totals, weekdays=False)
        expected = counts[:-1].sum(axis=0) / totals[:-1].sum() * totals[-1]
        alarms += stats.chisquare(counts[-1], expected * totals[-1] / expected.sum()).pvalue < 0.01
    assert alarms > 40  # CHECKS.md: 68 of 100


def test_the_weekday_is_known_after_four_weeks() -> None:
    assert calendar(KEYS[:27], KEYS[27], "daily").design.shape == (27, 2)
    assert calendar(KEYS[:28], KEYS[28], "daily").design.shape == (28, 8)
    assert calendar(KEYS[:13], KEYS[13], "daily").design.shape == (13, 1)
    assert calendar(KEYS[:28], KEYS[28], "weekly").design.shape == (28, 2)
    assert calendar(["a"] * 40, "b", "static").design.shape == (40, 1)
    assert calendar([f"k{n}" for n in range(40)], "b", "daily").design.shape == (40, 2)
    hours = [f"2026-01-{day:02}-{hour:02}:00" for day in range(1, 6) for hour in range(24)]
    assert calendar(hours, "2026-01-06-00:00", "hourly").design.shape == (120, 25)


def test_a_weekday_that_was_not_seen_has_no_effect_of_its_own() -> None:
    business = [key for number, key in enumerate(KEYS[:60]) if number % 7 < 5]
    assert calendar(business, KEYS[62], "daily").design.shape[1] in (2, 6)
    assert calendar(business, KEYS[61], "daily").design.shape[1] in (2, 6)
    weekend = next(key for number, key in enumerate(KEYS) if number % 7 == 6 and key > business[-1])
    assert calendar(business, weekend, "daily").design.shape[1] == 2


def test_a_constant_history_is_held_to_the_noise_of_its_rows() -> None:
    totals = np.full(21, 2000)
    counts = np.tile([700, 600, 400, 300], (21, 1))
    assert min(predicted(counts, totals)[1:]) > 0.5
    counts[-1] += [30, -10, -10, -10]  # 1.4 standard deviations of a multinomial
    assert min(predicted(counts, totals)[1:]) > 0.02
    counts[-1] += [300, -100, -100, -100]
    assert max(predicted(counts, totals)[1:]) < 1e-6


def test_a_label_that_was_never_seen_is_found_when_it_comes() -> None:
    random = np.random.default_rng(3)
    totals = np.full(41, 2000)
    counts = np.hstack([days(random, SHARES, totals), np.zeros((41, 1), int)])
    assert predicted(counts, totals)[1] > 0.001
    counts[-1] += np.array([-60, -50, -30, -20, 160])
    assert predicted(counts, totals)[1] < 0.001


@settings(max_examples=60)
@given(st.integers(1, 400), st.floats(0.01, 0.6), st.floats(0.0005, 0.3))
def test_the_beta_binomial_tail_is_scipys(total: int, mean: float, rho: float) -> None:
    mean = max(mean, 1 / (total + 1))
    first, second = mean * (1 / rho - 1), (1 - mean) * (1 / rho - 1)
    for count in {0, 1, total // 3, total}:
        exact = float(stats.betabinom.sf(count - 1, total, first, second))
        assert beta_binomial_tail(count, total, mean, rho) == pytest.approx(exact, rel=1e-4, abs=1e-9)


def test_the_long_sum_is_taken_only_where_something_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    totals = np.full(31, 2000)
    counts = days(random, SHARES, totals, weekdays=False).astype(float)
    counts[-1] = counts[:-1].mean(axis=0).round()
    counts[-1, 0] += 400
    found = forecast(counts[:-1], totals[:-1], counts[-1], 2000.0, calendar(KEYS[:30], KEYS[30], "static"))
    student = special.stdtr(found.freedom, -found.t)
    summed = []

    def counted(count: float, total: float, mean: float, rho: float) -> float:
        summed.append(count)
        return beta_binomial_tail(count, total, mean, rho)

    monkeypatch.setattr(dispersion, "beta_binomial_tail", counted)
    chances = upward(found, counts[-1], 2000.0)
    assert summed == [counts[-1, 0]]
    assert chances[1:] == pytest.approx(student[1:])
    assert student[0] <= chances[0] < 0.001


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_more_is_never_less_strange(seed: int) -> None:
    random = np.random.default_rng(seed)
    totals = sizes(random, 31, 500)
    counts = days(random, SHARES, totals)[:, :1]
    chances = []
    for count in range(0, int(totals[-1]), max(1, int(totals[-1]) // 7)):
        counts[-1] = count
        chances.append(predicted(counts, totals)[2])
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(chances))
    assert all(0 <= chance <= 1 for chance in chances)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(7, 60), st.sampled_from([30, 300, 30_000]))
def test_every_history_gives_a_p_value(seed: int, partitions: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    totals = sizes(random, partitions + 1, rows)
    counts = days(random, random.dirichlet(np.full(6, 0.3)) + 1e-9, totals)
    assert all(0 <= chance <= 1 for chance in predicted(counts, totals)[1:])
