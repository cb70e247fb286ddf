"""Dates in text: the usual ways to write a day are read, another day is not taken for it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.checks.dates import states_date

DAY = date(2024, 5, 3)
FORMATS = [
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%Y%m%d",
    "%d/%m/%y",
    "%dth of %B",
]


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-03",
        "3 May 2024",
        "May 3rd, 2024",
        "03/05/2024",
        "5/3/24",
        "due 3 May",
        "20240503",
        "2024-05-03T10:00",
    ],
)
def test_a_day_is_read(text: str) -> None:
    assert states_date(text, DAY)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05",
        "3 May 2023",
        "4 May 2024",
        "3 June 2024",
        "yesterday",
        "May 2024",
        "",
        "3/5/23",
        "13 May 2024",
    ],
)
def test_another_day_is_not_taken_for_it(text: str) -> None:
    assert not states_date(text, DAY)


def test_a_long_id_beside_a_date_is_no_part_of_it_and_breaks_nothing() -> None:
    assert states_date("ref " + "1" * 5000 + " on 3 May 2024", DAY)
    assert states_date("order 123456 of 3/5", DAY)
    assert not states_date("ref " + "3" * 5000 + " of May 2024", DAY)


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.sampled_from(FORMATS))
def test_every_format_states_its_own_day(day: date, pattern: str) -> None:
    assert states_date(f"it was {day.strftime(pattern)} then", day)


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_an_iso_date_states_no_other_day(written: date, value: date) -> None:
    assert states_date(written.isoformat(), value) is (written == value)
