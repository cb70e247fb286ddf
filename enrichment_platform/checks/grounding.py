"""Whether a quoted span or a value is in a text: exact first, then fuzzy, digits always exact."""

from __future__ import annotations

import re
from enum import Enum
from itertools import pairwise

from rapidfuzz import fuzz

from enrichment_platform.checks.numerals import SEPARATORS, NumberPlaces, Numeral, numerals, same_number, within_digits

FUZZY_SCORE = 90.0  # of 100; shared CHECKS.md, measured
SLACK = 3  # characters: a passage can miss a number at its edge, or cut it
FUZZY_LENGTH = 12  # characters; below, a score of 90 means nothing
FUZZY_PIECE = 1000  # characters; the time of a fuzzy search grows with the square of the quote, so a longer one is cut
ENDING = 3  # letters that a word may add to a value of STEM letters: Budapestről, crashed, Berliner
STEM = 5  # letters; below, more than a plural makes another word: tens and tensor, Win and Wine
CURRENCIES = {  # in case-folded text; a sign that several countries use stands for all of them
    **dict.fromkeys(("$", "dollar", "dollars"), ("usd", "cad", "aud", "nzd", "sgd", "hkd", "mxn")),
    **dict.fromkeys(("€", "euro", "euros"), ("eur",)),
    **dict.fromkeys(("£", "pound", "pounds"), ("gbp",)),
    **dict.fromkeys(("¥",), ("jpy", "cny")),
    **dict.fromkeys(("yen",), ("jpy",)),
    **dict.fromkeys(("yuan", "rmb"), ("cny",)),
    **dict.fromkeys(("₹", "rs", "rupees"), ("inr",)),
    **{"us$": ("usd",), "zł": ("pln",), "kr": ("sek", "nok", "dkk", "isk")},
    **{code: (code,) for code in ("usd", "eur", "gbp", "jpy", "cny", "inr", "chf", "cad", "aud", "nzd", "sgd", "hkd")},
    **{code: (code,) for code in ("mxn", "sek", "nok", "dkk", "isk", "pln", "czk", "huf", "brl", "zar", "krw", "try")},
}
_ANY = "|".join(re.escape(word) for word in sorted(CURRENCIES, key=len, reverse=True))
_BEFORE = re.compile(rf"(?<![^\W\d_])({_ANY})\s?$")
_AFTER = re.compile(rf"\s?({_ANY})(?!\w)")

_LETTERS = re.compile(r"[^\W\d_]*")
_LAST_LETTERS = re.compile(r"[^\W\d_]*$")


class Grounding(Enum):
    """Where a quoted span stands."""

    LOCATED = "the quoted text is in the source"
    ABSENT = "the quoted text is not in the source"
    NUMBER_DIFFERS = "a number in the quoted text is not what the source says there"


def ground(span: str, source: str) -> Grounding:
    """Locate a quoted span in a source; both with whitespace collapsed.

    Case never matters. Spans of 12 characters or more may differ from the source by a partial ratio of 90,
    but the numbers in them must be those of the passage that they were matched with: "refund of $200" scores
    92.9 against a text with $20.
    """
    if not span:
        return Grounding.ABSENT
    quoted, text = span.casefold(), source.casefold()
    if _stands_in(quoted, text):
        return Grounding.LOCATED
    if quoted in text:  # found, but only within a longer number
        return Grounding.NUMBER_DIFFERS
    if len(quoted) < FUZZY_LENGTH:
        return Grounding.ABSENT
    pieces = _pieces(quoted) if len(quoted) < len(text) else [quoted]
    found = {_nearly(piece, text) for piece in pieces}
    return next(state for state in (Grounding.ABSENT, Grounding.NUMBER_DIFFERS, Grounding.LOCATED) if state in found)


def contains(value: str, text: str) -> bool:
    """True where the text has the value, whatever its case, and not as a piece of a longer number or word."""
    whole = text.casefold()
    shown = text if len(text) == len(whole) else whole  # its capitals tell where TensorFlow has two words
    return _stands_in(value.casefold(), whole, shown)


def _stands_in(wanted: str, whole: str, words: str | None = None) -> bool:
    """True where the whole has what is wanted and cuts no number; no word either if `words`, the whole as written."""
    if not wanted:
        return False
    start = whole.find(wanted)
    numbers: NumberPlaces | None = None
    while start >= 0:
        end, after = start + len(wanted), start + 1
        cut = False
        if within_digits(whole, start) or within_digits(whole, end):
            numbers = numbers or NumberPlaces(whole)
            cut, after = _cuts_number(numbers, start, end)
        if not cut and not (words and _cuts_word(words, start, end)):
            return True
        start = whole.find(wanted, after)
    return False


def _cuts_number(numbers: NumberPlaces, start: int, end: int) -> tuple[bool, int]:
    """Whether [start, end) begins or ends within a number, and from where to look on."""
    within = numbers.cut_at(start)
    if within is not None:  # a place that is within a number is no beginning, and none before the number's end is
        return True, within
    past = numbers.cut_at(end)
    if past is not None:
        return True, max(start + 1, past - (end - start))
    return numbers.splits_run(start, end), start + 1


def _cuts_word(text: str, start: int, end: int) -> bool:
    """True where [start, end) of a text is a piece of a longer word: tens in tensorflow, Paris in comparison.

    Plurals and endings are none, nor are the words that capitals, digits or hyphens tell apart, nor pieces in scripts
    without capitals (Chinese, Thai, Arabic, Korean), which write words or their particles together.
    """
    if _within_word(text, start):
        return True
    if not _within_word(text, end):
        return False
    ending = _letters(_LETTERS.match(text, end, end + ENDING + 1))
    stem = _letters(_LAST_LETTERS.search(text[max(start, end - STEM) : end]))
    plural = ending.lower() in ("s", "es") and len(stem) > 1
    return not plural and (len(ending) > ENDING or len(stem) < STEM)


def _letters(match: re.Match[str] | None) -> str:
    return match.group() if match else ""


def _within_word(text: str, place: int) -> bool:
    """True where the characters on both sides of the place are letters of one word."""
    if not 0 < place < len(text):
        return False
    left, right, after = text[place - 1], text[place], text[place + 1 : place + 2]
    if not (_has_case(left) and _has_case(right)):
        return False
    return not (right.isupper() and (left.islower() or after.islower()))  # TensorFlow, HTTPServer


def _has_case(character: str) -> bool:
    return character.isalpha() and character.lower() != character.upper()


def _pieces(quoted: str) -> list[str]:
    """The quote in pieces of about `FUZZY_PIECE` characters, all of like length, cut at a space where there is one."""
    count = -(-len(quoted) // FUZZY_PIECE)
    size = -(-len(quoted) // count)
    cuts = [0]
    for place in range(size, len(quoted), size):
        space = quoted.find(" ", place, place + size // 2)
        cuts.append(place if space < 0 else space)
    pieces = [quoted[start:end].strip() for start, end in pairwise([*cuts, len(quoted)])]
    return [piece for piece in pieces if piece] or [quoted]


def _nearly(quoted: str, text: str) -> Grounding:
    window = _passage(quoted, text)
    if window is None:
        return Grounding.ABSENT
    return Grounding.LOCATED if _same_numbers(quoted, text, *window) else Grounding.NUMBER_DIFFERS


def _passage(quoted: str, text: str) -> tuple[int, int] | None:
    # partial_ratio looks for the shorter in the longer: a long quote would hide what was added.
    if len(quoted) >= len(text):
        return (0, len(text)) if fuzz.ratio(quoted, text, score_cutoff=FUZZY_SCORE) else None
    match = fuzz.partial_ratio_alignment(quoted, text, score_cutoff=FUZZY_SCORE)
    return (match.dest_start, match.dest_end) if match is not None else None


def _same_numbers(quoted: str, text: str, start: int, end: int) -> bool:
    wanted = numerals(quoted)
    low, high = max(0, start - 40), min(len(text), end + 40)  # room for numbers that the passage cuts
    runs = _runs(numerals(text[low:high], low), text)
    near = [run for run in runs if run[-1].end > start - SLACK and run[0].start < end + SLACK]
    inside = [run for run in near if run[0].start >= start and run[-1].end <= end]
    first = [run for run in near[:1] if run not in inside]
    last = [run for run in near[-1:] if run not in inside and run not in first]
    choices = (inside, first + inside, inside + last, first + inside + last)
    flat = ([number for run in choice for number in run] for choice in choices)
    return any(_alike(wanted, choice) and _same_currencies(quoted, wanted, text, choice) for choice in flat)


def _runs(numbers: list[Numeral], text: str) -> list[list[Numeral]]:
    """The numbers, with those that are pieces of one version or date (2.2.1) together: all of it is meant or none."""
    runs: list[list[Numeral]] = []
    for number in numbers:
        joined = runs and runs[-1][-1].end + 1 == number.start and text[number.start - 1] in SEPARATORS
        if joined:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _alike(left: list[Numeral], right: list[Numeral]) -> bool:
    return len(left) == len(right) and all(map(same_number, left, right))


def _same_currencies(quoted: str, wanted: list[Numeral], text: str, choice: list[Numeral]) -> bool:
    """False where a number has another currency in the quote than in the text; one without any is no slip."""
    for said, stands in zip(wanted, choice, strict=True):
        left, right = _currency(quoted, said), _currency(text, stands)
        if left and right and not left & right:
            return False
    return True


def _currency(text: str, number: Numeral) -> frozenset[str]:
    before = _BEFORE.search(text, max(0, number.start - 8), number.start)
    after = _AFTER.match(text, number.end)
    words = [match.group(1) for match in (before, after) if match]
    return frozenset(currency for word in words for currency in CURRENCIES[word])
