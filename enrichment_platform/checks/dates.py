"""Dates as texts write them: whether a text states a given day."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

WINDOW = 20  # characters besides the month's name that a day, its month and its year may take: "5th day of May, 2024"
CENTURY = 50  # years around today that a year of two digits can mean
_MONTHS = (  # en, de, fr, es, it, pt, nl, pl; case-folded and without accents
    "january janu jan januar janner janvier janv enero ene gennaio janeiro januari stycznia styczen sty",
    "february febr feb februar feber fevrier fevr fev febrero febbraio fevereiro februari lutego luty lut",
    "march marc mar marz maerz mrz mars marzo marco maart mrt marca marzec",
    "april apri apr avril avr abril abr aprile kwietnia kwiecien kwi",
    "may mai mayo maggio maio mei maja maj",
    "june jun juni juin junio giugno giu junho czerwca czerwiec cze",
    "july jul juli juillet juil julio luglio julho lipca lipiec",
    "august augu aug aout agosto augustus sierpnia sierpien",
    "september sept sep septembre septiembre setiembre settembre sett setembro wrzesnia wrzesien wrz",
    "october octo oct oktober okt octobre octubre ottobre ott outubro pazdziernika pazdziernik paz",
    "november nove nov novembre noviembre novembro listopada listopad",
    "december dece dec dezember dez decembre diciembre dic dicembre dezembro grudnia grudzien gru",
)
_ALSO_WORDS = {"gen": 1, "lip": 7, "lug": 7, "ago": 8, "sie": 8, "set": 9, "out": 10, "mag": 5, "lis": 11}
_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()} | _ALSO_WORDS
_ANY = "|".join(sorted(_NUMBERS.keys() - _ALSO_WORDS.keys(), key=len, reverse=True))
# An abbreviation that is a word as well is a month only before a year: "5 out 2024", not "5 out of 7".
_WITH_YEAR = rf"(?:{'|'.join(_ALSO_WORDS)})(?=\.?[ /.-](?:del? )?\d{{4}}(?!\d))"
_PART = re.compile(rf"(?<![^\W\d_])(?:{_ANY}|{_WITH_YEAR})(?![^\W\d_])|\d+")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)|(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")
_YEAR_OF_TWO = re.compile(r"\d{1,2}(?:([-/.])[a-z]+\1(\d\d)(?![\w:%])|\.? [a-z]+\.?(?: ?['’](\d\d)(?!\w)| (\d\d)\W*$))")
_MARKS = re.compile("[\u0300-\u036f]")


class _Part(NamedTuple):
    """A number or the name of a month (then `month` is its number), at a place of a text.

    `start` and `end` are counted as if the names of months had no letters: their length differs by language.
    """

    place: int
    start: int
    end: int
    text: str
    month: int | None

    @property
    def is_year(self) -> bool:
        return self.month is None and len(self.text) == 4


def states_date(text: str, value: date) -> bool:
    """True where the text states this day, as numbers or with the name of a month in one of eight languages.

    A year-first date is read in that order. Otherwise day and month may stand in either order, because
    writers differ, near each other; the year may have two digits, and may be absent, but must not be another one.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFD", text.casefold()))
    for match in _YEAR_FIRST.finditer(plain):
        year, month, day = (int(part) for part in match.groups() if part is not None)
        if (year, month, day) == (value.year, value.month, value.day):
            return True
    rest = _YEAR_FIRST.sub(" " * WINDOW, plain)
    parts = _parts(rest)
    years = {int(part.text) for part in parts if part.is_year}
    return any(_year_holds(rest, parts, pair, value, years) for pair in _pairs(parts, value))


def _parts(text: str) -> list[_Part]:
    """Numbers of up to four digits and names of months; longer numbers are ids, no part of a date."""
    found, letters = [], 0
    for match in _PART.finditer(text):
        word, month = match.group(), _NUMBERS.get(match.group())
        start = match.start() - letters
        letters += len(word) if month is not None else 0
        if month is not None or len(word) <= 4:
            found.append(_Part(match.start(), start, match.end() - letters, word, month))
    return found


def _pairs(parts: list[_Part], value: date) -> Iterator[tuple[int, int]]:
    """Places of the day and of its month among the parts; the month as a number only in a text that names none."""
    named = any(part.month is not None for part in parts)
    for place, part in enumerate(parts):
        if part.month is not None or len(part.text) > 2 or int(part.text) != value.day:
            continue
        for step in (-1, 1):
            other = place + step
            while 0 <= other < len(parts) and _length(parts, min(place, other), max(place, other)) <= WINDOW:
                at = parts[other]
                if at.month == value.month or (not named and len(at.text) <= 2 and int(at.text) == value.month):
                    yield place, other
                if at.month is not None or at.is_year:  # what comes after belongs to another date
                    break
                other += step


def _year_holds(text: str, parts: list[_Part], pair: tuple[int, int], value: date, years: set[int]) -> bool:
    low, high = min(pair), max(pair)
    near = [*_beside(parts, low, high, -1), *_beside(parts, low, high, 1)]
    named = any(parts[place].month is not None for place in pair)
    if not named and _short_year(parts, pair, near, value):
        return True
    gaps = {place: _gap(parts, low, high, place) for place in near if parts[place].is_year}
    if gaps:
        return any(int(parts[place].text) == value.year for place, gap in gaps.items() if gap == min(gaps.values()))
    if years:
        return value.year in years
    if not named:
        return high - low == 1 and not any(parts[place].month is None for place in near)
    two = _YEAR_OF_TWO.match(text, parts[pair[0]].place)
    return two is None or (int(two.group(two.lastindex or 0)) == value.year % 100 and _of_this_age(value))


def _beside(parts: list[_Part], low: int, high: int, step: int) -> Iterator[int]:
    """Places before (step -1) or after (1) the parts low to high that share their window."""
    place = low - 1 if step < 0 else high + 1
    while 0 <= place < len(parts) and _length(parts, min(low, place), max(high, place)) <= WINDOW:
        yield place
        place += step


def _short_year(parts: list[_Part], pair: tuple[int, int], near: list[int], value: date) -> bool:
    """True where a year of two digits stands behind day and month, or before them in the order of ISO."""
    day, month = pair
    choices = {max(pair) + 1} | ({month - 1} if month < day else set())
    texts = [parts[place].text for place in near if place in choices]
    return _of_this_age(value) and any(len(text) == 2 and int(text) == value.year % 100 for text in texts)


def _of_this_age(value: date) -> bool:
    return abs(value.year - date.today().year) <= CENTURY


def _length(parts: list[_Part], low: int, high: int) -> int:
    return parts[high].end - parts[low].start


def _gap(parts: list[_Part], low: int, high: int, place: int) -> int:
    return parts[low].start - parts[place].end if place < low else parts[place].start - parts[high].end
