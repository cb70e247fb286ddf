"""Slips of numbers, dates, amounts and codes: close to the right value, and wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from enrichment_platform.checks.fault_answers import Answered, Corrupt, Row, Scene, is_date
from enrichment_platform.checks.fault_texts import CURRENCIES, SENTINEL_DATES, SENTINEL_NUMBERS, UNITS
from enrichment_platform.spec import OutputField

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
WHOLE_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-]|\.\d)")  # not a piece of a date or a code
# Which number is the day nobody can say, so a swap in such a text is not surely a fault.
AMBIGUOUS_DATE = re.compile(r"(?<!\d)\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}(?!\d)")
MAX_DIGITS = 18  # longer ones are codes; a 64-bit integer holds no more
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def numeric_slip(scene: Scene) -> Corrupt:
    """A quoted value slips; half of the time its evidence slips with it, as when a model misquotes."""
    fields = [one for one in scene.fields("number", "integer", "date", "string") if one.evidence]

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        return _slipped(row, rng, fields)

    return corrupt


def unquoted_slip(scene: Scene) -> Corrupt:
    """A number or date that has no evidence slips."""
    fields = [one for one in scene.fields("number", "integer", "date") if not one.evidence]

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        return _slipped(row, rng, fields)

    return corrupt


def sentinel(scene: Scene) -> Corrupt:
    """A number or date that stands for no value: 0, -1, 9999, 1970-01-01."""
    fields = scene.fields("number", "integer", "date")

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        one = rng.choice(fields)
        if one.type == "date":
            return row.answer({one.name: rng.choice(SENTINEL_DATES)})
        number = rng.choice(SENTINEL_NUMBERS)
        return None if float(number) in numbers_in(row.source) else row.answer({one.name: number})

    return corrupt


def wrong_span(scene: Scene) -> Corrupt:
    """Another number of the same text, in place of one that is in it too; the evidence stays."""
    fields = scene.fields("number", "integer")

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        whole = {float(token) for token in WHOLE_NUMBER.findall(row.source.replace(",", "")) if len(token) < MAX_DIGITS}
        known = [one for one in fields if row.values[one.name] in whole]
        if not known:
            return None
        one = rng.choice(known)
        others = sorted(n for n in whole if n != row.values[one.name] and (one.type == "number" or n == int(n)))
        if not others:
            return None
        new = rng.choice(others)
        return row.answer({one.name: int(new) if one.type == "integer" else new})

    return corrupt


def numbers_in(text: str) -> set[float]:
    """Every number that a text may be read to have, without its sign: commas and dots in both readings."""
    found: set[float] = set()
    for token in NUMBER.findall(text):
        for reading in (token.replace(",", ""), token.replace(".", "").replace(",", "."), *re.split("[.,]", token)):
            if reading.count(".") <= 1 and len(reading) <= MAX_DIGITS:
                found.add(float(reading))
    return found


def _slipped(row: Row, rng: random.Random, fields: list[OutputField]) -> Answered | None:
    known = [one for one in fields if _can_slip(one, row.values.get(one.name))]
    if not known:
        return None
    one = rng.choice(known)
    old = row.values[one.name]
    new = _slip(one, old, row, rng)
    if new == old:
        return None  # 300 for 300.00 in a quote is no slip
    changes = {one.name: new}
    quote = row.values.get(one.evidence_column) if one.evidence else None
    if isinstance(quote, str) and rng.random() < 0.5:
        changes[one.evidence_column] = _requoted(quote, old, new)
    return row.answer(changes)


def _can_slip(one: OutputField, value: Any) -> bool:
    return value is not None and (one.type != "string" or bool(re.search(r"\d", value)) or _marks(value) != [])


def _slip(one: OutputField, old: Any, row: Row, rng: random.Random) -> Any:
    """A slip of the value; the value itself where this one did not come off."""
    if one.type == "date":
        return _date_slip(old, row, rng)
    if one.type == "string":
        new = _string_slip(old, rng)
        return old if row.says(new) else new
    text = format(Decimal(str(old)), "f")
    new = rng.choice(NUMBER_SLIPS)(text, rng)
    number = float(new) if one.type == "number" else int(Decimal(new))
    negated = number == -old and f"-{text}" not in row.source
    return number if negated or abs(number) not in numbers_in(row.source) else old


def _swap(text: str, rng: random.Random) -> str:
    places = [n for n in range(len(text) - 1) if text[n : n + 2].isdigit() and text[n] != text[n + 1]]
    if not places:
        return _change(text, rng)
    n = rng.choice(places)
    return text[:n] + text[n + 1] + text[n] + text[n + 2 :]


def _change(text: str, rng: random.Random) -> str:
    n = rng.choice([place for place, sign in enumerate(text) if sign.isdigit()])
    return text[:n] + rng.choice([digit for digit in "123456789" if digit != text[n]]) + text[n + 1 :]


def _drop(text: str, rng: random.Random) -> str:
    places = [place for place, sign in enumerate(text) if sign.isdigit()]
    if len(places) < 2:
        return _change(text, rng)
    n = rng.choice(places)
    return text[:n] + text[n + 1 :]


def _shift(text: str, rng: random.Random) -> str:
    return format(Decimal(text).scaleb(rng.choice([-2, -1, 1, 2, 3])), "f")


def _negate(text: str, _: random.Random) -> str:
    return format(-Decimal(text), "f")


NUMBER_SLIPS: tuple[Callable[[str, random.Random], str], ...] = (_swap, _change, _drop, _shift, _negate)


def _string_slip(old: str, rng: random.Random) -> str:
    marks = _marks(old)
    if marks and (rng.random() < 0.5 or not re.search(r"\d", old)):
        mark, others = rng.choice(marks)
        return re.sub(rf"(?<![A-Za-z]){re.escape(mark)}(?![A-Za-z])", rng.choice(others), old, count=1)
    return rng.choice((_swap, _change, _drop))(old, rng) if re.search(r"[0-9]", old) else old


def _marks(value: str) -> list[tuple[str, list[str]]]:
    """Currencies and units beside a number, each with those that it could be mistaken for."""
    if not re.search(r"\d", value):
        return []
    return [
        (mark, [other for other in group if other != mark and len(other) == len(mark)])
        for group in (CURRENCIES, UNITS)
        for mark in group
        if re.search(rf"(?<![A-Za-z]){re.escape(mark)}(?![A-Za-z])", value)
        and any(other != mark and len(other) == len(mark) for other in group)
    ]


def _date_slip(old: str, row: Row, rng: random.Random) -> str:
    day = date.fromisoformat(old)
    kind = rng.choice(("swap", "year", "day", "month"))
    if kind == "swap":
        swapped = f"{day.year:04}-{day.day:02}-{day.month:02}"
        unclear = AMBIGUOUS_DATE.search(row.source) or not is_date(swapped) or MONTHS[day.day - 1] in row.source
        return old if unclear else swapped
    if kind == "year":
        year = day.year + rng.choice((-1, 1, -10, 10, -100))
        return old if not 1 <= year <= 9999 else _absent(f"{year:04}{old[4:]}", year, old, row)
    if kind == "month":
        month = day.month % 12 + 1
        new = f"{old[:5]}{month:02}{old[7:]}"
        return old if MONTHS[month - 1] in row.source else _absent(new, month, old, row)
    try:
        moved = day + timedelta(days=rng.choice((-1, 1)))
    except OverflowError:
        return old
    return _absent(moved.isoformat(), moved.day, old, row)


def _absent(new: str, part: int, old: str, row: Row) -> str:
    """The new date, unless the number that it is wrong in stands in the text: then no one can tell by looking."""
    return old if float(part) in numbers_in(row.source.replace("-", " ")) else new


def _requoted(quote: str, old: Any, new: Any) -> str:
    if isinstance(old, str):
        return quote.replace(old, str(new))

    def same(token: re.Match[str]) -> str:
        said = token.group().replace(",", "")
        return str(new).removesuffix(".0") if said.count(".") <= 1 and float(said) == old else token.group()

    return NUMBER.sub(same, quote)
