"""Dates as texts write them: whether a text states a given day."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_MONTH = re.compile(
    rf"(?<![a-z])(?:{'|'.join(f'{name[:3]}(?:{name[3:]}|{name[3:4]})?' for name in _MONTHS)})(?![a-z])",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)|(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")
_DIGITS = re.compile(r"\d+")


def states_date(text: str, value: date) -> bool:
    """True where the text states this day, as numbers or with an English month name.

    A year-first date is read in that order. Otherwise day and month may stand in either order, because
    writers differ; the year may have two digits, and may be absent, but must not be another one.
    """
    for match in _YEAR_FIRST.finditer(text):
        year, month, day = (int(part) for part in match.groups() if part is not None)
        if (year, month, day) == (value.year, value.month, value.day):
            return True
    rest = _YEAR_FIRST.sub(" ", text)
    # Longer ones are ids, no part of a date.
    runs = [run for run in _DIGITS.findall(rest) if len(run) <= 4]
    numbers = Counter(int(run) for run in runs)
    named = {_MONTHS.index(_full(match.group())) + 1 for match in _MONTH.finditer(rest)}
    needed = Counter([value.day]) if value.month in named else Counter([value.day, value.month])
    if named and value.month not in named:
        return False
    if needed - numbers:
        return False
    left = numbers - needed
    years = [int(run) for run in runs if len(run) == 4]
    if years:
        return value.year in years
    full_numeric = not named and sum(left.values()) > 0
    return left[value.year % 100] > 0 if full_numeric else True


def _full(name: str) -> str:
    return next(month for month in _MONTHS if month.startswith(name[:3].lower()))
