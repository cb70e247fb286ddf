"""Numbers as texts write them: where they are in a text, and which value each can stand for."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import NamedTuple

_RUN = re.compile(r"\d+(?:[.,'’]\d+)*")
_DIGITS = re.compile(r"\d+")
_FORMS = (  # whole pattern, thousands separators, decimal separator
    (re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"), ",", "."),
    (re.compile(r"\d{1,2}(?:,\d{2})*,\d{3}(?:\.\d+)?"), ",", "."),  # lakh and crore
    (re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?"), ".", ","),
    (re.compile(r"\d{1,3}(?:['’]\d{3})+(?:[.,]\d+)?"), "'’", ","),
    (re.compile(r"\d+(?:\.\d+)?"), "", "."),
)
_DECIMAL_COMMA = re.compile(r"\d+,\d+")
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?:[.,]\d+)?(?![\d])")
_SIGN = re.compile(r"(?:[-−–]|\bminus|\()\s?[$€£¥]?\s?$")
_SCALE = re.compile(r"\s?(k|thousand|million|mn|billion|bn)\b", re.IGNORECASE)
_SCALES = {"k": 3, "thousand": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9}
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)  # the usual one rounds to 28 digits
SEPARATORS = ".,'’"
_UP_TO_TWENTY = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNITS = _UP_TO_TWENTY[1:10]
_WORDS = {
    **{word: Decimal(number) for number, word in enumerate(_UP_TO_TWENTY)},
    **{word: Decimal(10 * number) for number, word in enumerate(_TENS, 2)},
    **{f"{ten} {unit}": Decimal(10 * n + m) for n, ten in enumerate(_TENS, 2) for m, unit in enumerate(_UNITS, 1)},
    **{f"{word} hundred".lstrip(): Decimal(100 * n) for n, word in enumerate(_UNITS, 1)},
    **{f"{word} dozen": Decimal(12 * n) for n, word in enumerate(_UNITS, 1)},
    **dict.fromkeys(("hundred", "a hundred"), Decimal(100)),
    **dict.fromkeys(("dozen", "a dozen"), Decimal(12)),
    **dict.fromkeys(("half a dozen", "half dozen"), Decimal(6)),
}
_LONGEST_FIRST = sorted(_WORDS, key=len, reverse=True)
_WORD = re.compile(rf"\b(?:{'|'.join(_LONGEST_FIRST).replace(' ', '[ -]')})\b", re.IGNORECASE)
_FRACTION = re.compile(r"(?:(?<![\d.,])(\d{1,9}) ?)?([¼½¾⅐-⅞])")


class Numeral(NamedTuple):
    """One number in a text: its place [start, end), its characters, and the values that it can stand for."""

    start: int
    end: int
    text: str
    values: frozenset[Decimal]


class NumberPlaces:
    """Where the numbers of a text are, found once, so that many pieces of the text can be looked at."""

    def __init__(self, text: str) -> None:
        self._text = text
        found = numerals(text)
        self._starts = [numeral.start for numeral in found]
        self._ends = [numeral.end for numeral in found]

    def cut_at(self, place: int) -> int | None:
        """The end of the number that the place is within; None where it is within none."""
        before = bisect_left(self._starts, place) - 1
        return self._ends[before] if before >= 0 and place < self._ends[before] else None

    def splits_run(self, start: int, end: int) -> bool:
        """True where [start, end) is a number within a longer run, as 2 in 1.2.3, or begins at a separator of one."""
        text = self._text
        if _separates(text, start):  # .2.3; but 1.2. is where a quote breaks off
            return True
        inner = _separates(text, start - 1) and _separates(text, end)
        return inner and text[start:end].isdecimal()


def within_digits(text: str, place: int) -> bool:
    """True where digits go on from one side of the place to the other; elsewhere no number can be cut."""
    if not 0 < place < len(text):
        return False
    both = text[place - 1].isdecimal() and text[place].isdecimal()
    return both or _separates(text, place) or _separates(text, place - 1)


def numerals(text: str, offset: int = 0) -> list[Numeral]:
    """The numbers of a text in order; what is none as a whole (1.2.3, 10.0.0.1) is taken run by run."""
    found = []
    for run in _RUN.finditer(text):
        values = _values(run.group())
        if values:
            found.append(Numeral(offset + run.start(), offset + run.end(), run.group(), values))
            continue
        for part in _DIGITS.finditer(text, run.start(), run.end()):
            digits = part.group()
            found.append(Numeral(offset + part.start(), offset + part.end(), digits, frozenset([Decimal(digits)])))
    return found


def same_number(left: Numeral, right: Numeral) -> bool:
    """True where both are written alike or have a common value; 0071 and 71 are different, as codes are."""
    if left.text == right.text:
        return True
    if _padded(left.text) or _padded(right.text):
        return False
    return bool(left.values & right.values)


def states_number(text: str, value: int | float) -> bool:
    """True where the text states exactly this number: as digits, with k or million, as a word to a hundred or with ½.

    A negative value needs a minus or a parenthesis before its digits; `1,200` is a thousand, `1,2` a decimal.
    """
    wanted = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
    if not wanted.is_finite():
        return False
    return any(wanted in values for values in _stated(text))


def _stated(text: str) -> list[set[Decimal]]:
    stated = []
    for numeral in numerals(text):
        if _FRACTION.match(text, numeral.end):  # the 2 of 2½
            continue
        values = _scaled(set(numeral.values), text, numeral.end)
        if _SIGN.search(text, max(0, numeral.start - 9), numeral.start):
            values |= {value.copy_negate() for value in values}
        stated.append(values)
    stated += [set(_values(match.group().replace(" ", ""))) for match in _SPACED.finditer(text)]
    for match in _WORD.finditer(text):
        stated.append(_scaled({_WORDS[match.group().lower().replace("-", " ")]}, text, match.end()))
    stated += [_fraction(match) for match in _FRACTION.finditer(text)]
    return stated


def _scaled(values: set[Decimal], text: str, end: int) -> set[Decimal]:
    """The values, and what they are with the k or million that stands behind them."""
    scale = _SCALE.match(text, end)
    if scale is None:
        return values
    return values | {value.scaleb(_SCALES[scale.group(1).lower()], _EXACT) for value in values}


def _fraction(match: re.Match[str]) -> set[Decimal]:
    whole, part = int(match.group(1) or 0), unicodedata.numeric(match.group(2))
    sums = {whole + part, part} if " " in match.group() else {whole + part}  # "size 3 ½ off"
    # A third has no end: people write 0.33 or 0.333.
    rounded = {round(value, digits) for value in sums for digits in (2, 3)} if len(repr(part)) > 6 else set()
    return {Decimal(repr(value)) for value in sums | rounded}


def _values(run: str) -> frozenset[Decimal]:
    if run.isdecimal():
        return frozenset([Decimal(run)])
    values = set()
    for form, thousands, decimal in _FORMS:
        if form.fullmatch(run):
            plain = run.translate(str.maketrans("", "", thousands)) if thousands else run
            values.add(Decimal(plain.replace(decimal, ".")))
    if not values and _DECIMAL_COMMA.fullmatch(run):
        values.add(Decimal(run.replace(",", ".")))
    return frozenset(values)


def _padded(text: str) -> bool:
    return len(text) > 1 and text[0] == "0" and text[1].isdecimal()


def _separates(text: str, place: int) -> bool:
    """True where a separator stands at the place, between two digits."""
    if not 0 < place < len(text) - 1 or text[place] not in SEPARATORS:
        return False
    return text[place - 1].isdecimal() and text[place + 1].isdecimal()
