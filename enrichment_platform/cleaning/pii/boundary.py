"""Where an identifier may begin and end, and what names it: tested on the characters beside it, without lookaround."""

import re
import string

DIGITS = frozenset(string.digits)
WORD = frozenset(string.ascii_letters) | DIGITS
LABEL_REACH = 48  # characters before a number in which a word may name it
Span = tuple[int, int]


def stands_alone(text: str, start: int, end: int, joining: str = "", joined: frozenset[str] = DIGITS) -> bool:
    """Return whether no letter or digit touches [start, end) of the text.

    Nor may one of `joined` do so across a character of `joining`: `-` and a digit go on with a number, while
    a full stop at the end of a sentence does not.
    """
    sides = (text[max(0, start - 2) : start][::-1], text[end : end + 2])
    return not any(side[:1] in WORD or (len(side) == 2 and side[0] in joining and side[1] in joined) for side in sides)


def begins_digits(text: str, at: int) -> bool:
    """Return whether a run of ASCII digits begins at the position."""
    return text[at] in DIGITS and (at == 0 or text[at - 1] not in DIGITS)


def label(words: str, gap: str) -> re.Pattern[str]:
    """Return a pattern for a naming word at the end of the text before a number, in any (ASCII) case.

    Args:
        words: Alternatives, each beginning with one of the stems of `stems.py`, without digits: the compiled search
            for candidates looks for the stems, and no further back than the digit before.
        gap: What may stand between the word and the number; no digits.
    """
    return re.compile(rf"(?<![A-Za-z])(?:{words}){gap}\Z", re.IGNORECASE | re.ASCII)


def is_named(pattern: re.Pattern[str], text: str, start: int) -> bool:
    """Return whether a `label` ends right before `start`."""
    return pattern.search(text, max(0, start - LABEL_REACH), start) is not None
