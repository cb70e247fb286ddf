"""Prices by token and by share of a GPU, and that a reservation is never below the cost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.inference.pricing import BusyShare, Price, PriceTier, nano_usd

TOKENS = st.integers(0, 1_000_000)
USD = st.floats(0, 100, allow_nan=False)
TIERED = Price(1.0, 0.5, 4.0, tiers=(PriceTier(100, 2.0, 1.0, 8.0), PriceTier(1000, 3.0, 0.1, 1.0)))


def test_cached_tokens_have_their_own_price_or_that_of_the_input() -> None:
    assert Price(2, 0.5, 8).cost_usd(1_000_000, 500_000, 250_000) == pytest.approx(1 + 0.25 + 2)
    assert Price(2, None, 8).cost_usd(1_000_000, 500_000, 0) == pytest.approx(2)
    assert Price(2, 0.0, 8).cost_usd(1_000_000, 1_000_000, 0) == 0


def test_a_gpu_hour_is_charged_by_the_share_of_its_busy_time() -> None:
    assert Price(gpu_hour_usd=3.6).cost_usd(10_000, 0, 10_000, busy_share_s=2.5) == pytest.approx(0.0025)


@pytest.mark.parametrize(("tokens", "input_price"), [(0, 1), (100, 1), (101, 2), (1000, 2), (1001, 3)])
def test_a_longer_input_has_the_price_of_its_tier_as_a_whole(tokens: int, input_price: float) -> None:
    assert TIERED.cost_usd(tokens, 0, 0) == pytest.approx(tokens * input_price / 1e6)


@given(
    price=st.one_of(
        st.builds(Price, USD, st.none() | USD, USD, USD),
        st.just(TIERED),
    ),
    bound=TOKENS,
    output_bound=TOKENS,
    shares=st.tuples(*[st.floats(0, 1)] * 4),
    busy_bound=st.floats(0, 600),
)
def test_the_ceiling_is_never_below_the_cost(
    price: Price, bound: int, output_bound: int, shares: tuple[float, ...], busy_bound: float
) -> None:
    tokens, output = int(bound * shares[0]), int(output_bound * shares[1])
    cost = price.cost_usd(tokens, int(tokens * shares[2]), output, busy_bound * shares[3])
    assert nano_usd(cost) <= price.ceiling_nano_usd(bound, output_bound, busy_bound) + 1


@pytest.mark.parametrize(
    ("usd", "nano"),
    [(0.0, 0), (0.00021, 210_000), (0.1 + 0.2, 300_000_000), (1.2e-9, 2), (1e-9, 1), (1234.5, 1234500000000)],
)
def test_nano_dollars_are_rounded_up_but_not_for_the_noise_of_floats(usd: float, nano: int) -> None:
    assert nano_usd(usd) == nano


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.001, 50)), min_size=1, max_size=40))
def test_shares_add_up_to_the_wall_time_in_which_anything_was_in_flight(requests: list[tuple[float, float]]) -> None:
    clock = [0.0]
    share = BusyShare(lambda: clock[0])
    moments = [(start, 1, index) for index, (start, _) in enumerate(requests)]
    moments += [(start + length, 0, index) for index, (start, length) in enumerate(requests)]
    marks: dict[int, float] = {}
    total = busy = 0.0
    for moment, begins, index in sorted(moments):
        busy += (moment - clock[0]) if marks else 0.0
        clock[0] = moment
        if begins:
            marks[index] = share.start()
        else:
            part = share.finish(marks.pop(index))
            assert -1e-9 <= part <= requests[index][1] + 1e-9
            total += part
    assert math.isclose(total, busy, abs_tol=1e-6)


def test_a_share_is_split_evenly_while_requests_overlap() -> None:
    clock = [0.0]
    share = BusyShare(lambda: clock[0])
    first = share.start()
    clock[0] = 1.0
    second = share.start()
    clock[0] = 3.0
    assert share.finish(first) == 2.0  # one second alone, half of two
    clock[0] = 4.0
    assert share.finish(second) == 2.0
    clock[0] = 10.0  # idle time is nobody's
    third = share.start()
    clock[0] = 11.0
    assert share.finish(third) == 1.0
