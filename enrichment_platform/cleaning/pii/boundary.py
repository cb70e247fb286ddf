"""Where an identifier may begin and end: tested on the characters beside a match, without lookaround."""

import re
import string

DIGITS = frozenset(string.digits)
WORD = frozenset(string.ascii_letters) | DIGITS


def stands_alone(
    match: re.Match[str], start: int, end: int, joining: str = "", joined: frozenset[str] = DIGITS
) -> bool:
    """Return whether no letter or digit touches [start, end) of the matched text.

    Nor may one of `joined` do so across a character of `joining`: `-` and a digit go on with a number, while
    a full stop at the end of a sentence does not.
    """
    text = match.string
    sides = (text[max(0, start - 2) : start][::-1], text[end : end + 2])
    return not any(side[:1] in WORD or (len(side) == 2 and side[0] in joining and side[1] in joined) for side in sides)
