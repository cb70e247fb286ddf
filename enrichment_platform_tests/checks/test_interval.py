"""Interval: Wilson's, as scipy has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from enrichment_platform.checks.interval import wilson_interval


@given(trials=st.integers(1, 5000), data=st.data())
def test_the_interval_is_wilsons(trials: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, trials))
    expected = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    assert wilson_interval(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_an_interval_of_nothing_is_everything_and_of_nonsense_an_error() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    for hits, trials in ((-1, 5), (6, 5), (1, 0)):
        with pytest.raises(ValueError, match="hits of"):
            wilson_interval(hits, trials)
