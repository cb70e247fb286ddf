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
    ("text", "day"),
    [
        ("am 5. Mai 2024", date(2024, 5, 5)),
        ("12. Dezember 2023", date(2023, 12, 12)),
        ("3. März 2024", date(2024, 3, 3)),
        ("3 Jän. 2024", date(2024, 1, 3)),
        ("12 décembre 2023", date(2023, 12, 12)),
        ("le 1er mai 2024", date(2024, 5, 1)),
        ("5 août 2024", date(2024, 8, 5)),
        ("5 de mayo de 2024", date(2024, 5, 5)),
        ("30 de septiembre del 2024", date(2024, 9, 30)),
        ("2 ago 2024", date(2024, 8, 2)),
        ("1º gennaio 2024", date(2024, 1, 1)),
        ("5 de março de 2024", date(2024, 3, 5)),
        ("3 out. 2024", date(2024, 10, 3)),
        ("5 mrt 2024", date(2024, 3, 5)),
        ("5 września 2024 r.", date(2024, 9, 5)),
        ("2 paź 2024", date(2024, 10, 2)),
        ("the 5th day of May, 2024", date(2024, 5, 5)),
        ("2024, May 5", date(2024, 5, 5)),
        ("3 to 5 May 2024", date(2024, 5, 3)),
        ("from 30 April to 3 May 2024", date(2024, 4, 30)),
        ("2 May 2020 - 3 May 2021", date(2020, 5, 2)),
        ("2 May 2020 - 3 May 2021", date(2021, 5, 3)),
        ("2024年5月6日", date(2024, 5, 6)),
    ],
)
def test_a_day_is_read_in_eight_languages_and_where_several_stand(text: str, day: date) -> None:
    assert states_date(text, day)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("5. Mai 2024", date(2024, 5, 6)),
        ("5 mai 2024", date(2024, 6, 5)),
        ("11 May 2020 to 12 June 2021", date(2021, 5, 11)),
        ("11 May 2020 to 12 June 2021", date(2020, 6, 11)),
        ("11 May 2020 to 12 June 2021", date(2020, 5, 12)),
        ("3 Mar to 4 Apr 2024", date(2024, 4, 3)),
        ("3 reasons why nobody who was asked came in May 2024", DAY),
        ("5-May-24", date(1924, 5, 5)),
        ("5 May 24", date(1924, 5, 5)),
        ("5 May '24", date(2023, 5, 5)),
        ("5/3/24", date(1924, 3, 5)),
        ("06.24.05", date(2024, 6, 5)),
        ("5 out of 7 in 2024", date(2024, 10, 5)),
    ],
)
def test_day_month_and_year_of_different_dates_make_no_date(text: str, day: date) -> None:
    assert not states_date(text, day)


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


@given(st.dates(date(1980, 1, 1), date(2070, 12, 31)), st.sampled_from(FORMATS))  # two digits mean years near today
def test_every_format_states_its_own_day(day: date, pattern: str) -> None:
    assert states_date(f"it was {day.strftime(pattern)} then", day)


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_an_iso_date_states_no_other_day(written: date, value: date) -> None:
    assert states_date(written.isoformat(), value) is (written == value)
