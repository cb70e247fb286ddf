"""Numbers in text: every usual format is read, and no other number is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.checks.numerals import NumberPlaces, states_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,200.50", 1200.5),
        ("1.200,50 EUR", 1200.5),
        ("CHF 1'200.50", 1200.5),
        ("1 200,50 kr", 1200.5),
        ("1,200", 1200),
        ("1.200", 1200),
        ("1.200", 1.2),
        ("12,5 kg", 12.5),
        ("1,20,000 rupees", 120000),
        ("100%", 100),
        ("2nd item", 2),
        ("two lamps", 2),
        ("2k", 2000),
        ("1.5 million", 1_500_000),
        ("-5 degrees", -5),
        ("($300)", -300),
        ("costs 20.", 20),
        ("12345678901234567", 12345678901234567),
        ("0.1", 0.1),
        ("(20", 20),
        ("twenty-five", 25),
        ("Forty two", 42),
        ("a hundred", 100),
        ("three hundred", 300),
        ("two thousand", 2000),
        ("a dozen eggs", 12),
        ("two dozen", 24),
        ("½ cup", 0.5),
        ("2½ cups", 2.5),
        ("2 ½ cups", 2.5),
        ("size 3 ½ off", 0.5),
        ("⅓ of it", 0.33),
        ("⅓ of it", 1 / 3),
    ],
)
def test_a_number_is_read(text: str, value: float) -> None:
    assert states_number(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("refund of $20", 200),
        ("refund of $200", 20),
        ("$2,000", 200),
        ("$2,000", 2),
        ("1,200", 1.2),
        ("12345678901234567", 12345678901234568),
        ("5 degrees", -5),
        ("100%", 1),
        ("someone", 1),
        ("twenty-five", 20),
        ("twenty-five", 5),
        ("two dozen", 2),
        ("dozens", 12),
        ("2½ cups", 2),
        ("2½ cups", 0.5),
        ("no number", 0),
        ("5", float("nan")),
    ],
)
def test_another_number_is_not_taken_for_it(text: str, value: float) -> None:
    assert not states_number(text, value)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_only_the_same_integer_is_stated(written: int, value: int) -> None:
    assert states_number(f"total {written:,} due", value) is (written == value)


def test_numbers_of_any_length_are_read_to_the_last_digit() -> None:
    digits = "1" * 50
    assert states_number(f"-{digits}", -int(digits))
    assert not states_number(f"-{digits}", -int(digits) - 1)
    assert states_number(f"{digits}k", int(digits) * 1000)
    assert not states_number("1" * 1_100_000 + " million", 1)


@pytest.mark.parametrize(
    ("text", "piece", "cut"),
    [
        ("pay $2000 now", "$200", True),
        ("pay $1,200 now", "200", True),
        ("pay 1,200.50", "1,200", True),
        ("pay $200, now", "$200", False),
        ("order AB-123.", "AB-123", False),
        ("2024-05-01", "2024-05", False),
        ("3.5.2024", "2024", False),
        ("v1.2.3", "1.2", False),
        ("v1.2.3", "2", True),
        ("v1.2.3", ".2.3", True),
        ("v1.2.3", "1.2.", False),
    ],
)
def test_a_piece_of_a_number_is_a_cut(text: str, piece: str, cut: bool) -> None:
    start = text.index(piece)
    end = start + len(piece)
    places = NumberPlaces(text)
    found = [places.cut_at(start), places.cut_at(end)]
    assert (found != [None, None] or places.splits_run(start, end)) is cut
