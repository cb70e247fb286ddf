"""Where an identifier may begin and end: tested on the characters beside a match, as cuDF knows no lookaround."""

import re
import string

WORD = frozenset(string.ascii_letters + string.digits)


def stands_alone(match: re.Match[str], start: int, end: int, joining: str = "") -> bool:
    """Return whether no letter, digit or `joining` character touches [start, end) of the matched text.

    A joining character counts only where a letter or digit follows it: a full stop at the end of a sentence does not.
    """
    text = match.string
    return not (_touches(text[max(0, start - 2) : start][::-1], joining) or _touches(text[end : end + 2], joining))


def _touches(beside: str, joining: str) -> bool:
    if not beside:
        return False
    return beside[0] in WORD or (beside[0] in joining and beside[1:] != "" and beside[1] in WORD)
