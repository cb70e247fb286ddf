"""The quota that is learned from pauses."""

from __future__ import annotations

import math

import pytest

from enrichment_platform.inference.learned_quota import LearnedQuota


def learned(answers: int, cycle_s: float, pause_s: float) -> LearnedQuota:
    quota = LearnedQuota(0.0)
    quota.answers = answers
    quota.resumed(cycle_s, cycle_s, pause_s)
    return quota


def test_the_quota_is_the_answers_of_a_cycle_over_its_time() -> None:
    assert learned(600, 60.0, 50.0).rate == pytest.approx(10)


def test_a_few_answers_say_nothing() -> None:
    assert learned(4, 60.0, 50.0).rate == math.inf


def test_requests_are_spaced_only_where_less_than_one_is_in_flight() -> None:
    quota = learned(600, 60.0, 50.0)
    assert quota.spacing_s(61.0, 0.05, 64) == pytest.approx(0.1)
    assert quota.spacing_s(61.0, 0.5, 64) == 0


def test_a_quota_that_held_is_doubled_and_forgotten_when_it_allows_everything() -> None:
    quota = learned(10, 1.0, 1.0)
    now = 1.0
    for _ in range(20):
        now += 8.0
        quota.spacing_s(now, 0.05, 64)
    assert quota.rate == math.inf


def test_a_short_cycle_takes_half_of_it_at_most() -> None:
    quota = learned(600, 60.0, 50.0)
    quota.answers = 5
    quota.resumed(160.0, 160.0, 50.0)
    assert quota.rate == pytest.approx(5)
