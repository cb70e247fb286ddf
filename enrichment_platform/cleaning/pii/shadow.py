"""A text as the finders look at it: blanks, dashes and digits beyond ASCII as their ASCII counterparts, one for one."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes

SPACES = "\u00a0\u2007\u2009\u202f\u3000"
HYPHENS = "\u2010\u2011\u2012\u2013\u2212\uff0d"  # not the em dash: it divides sentences
DIGITS = "".join(chr(zero + value) for zero in (0x660, 0x6F0, 0xFF10) for value in range(10))  # Arabic, Persian, wide
SIGNS = "\uff20"  # full-width @
WIDE = {0xFF08: "(", 0xFF09: ")", 0xFF0B: "+", 0xFF0E: "."}  # only in such texts: Chinese prose is full of them
BESIDE_DIGITS, ALWAYS = 1, 2
_ASCII = {
    **dict.fromkeys(map(ord, SPACES), " "),
    **dict.fromkeys(map(ord, HYPHENS), "-"),
    **{ord(digit): str(number % 10) for number, digit in enumerate(DIGITS)},
    **dict.fromkeys(map(ord, SIGNS), "@"),
    **WIDE,
}
_ODD = re.compile(rf"[{DIGITS}{SIGNS}]|[0-9][{SPACES}{HYPHENS}]|[{SPACES}{HYPHENS}][0-9]")


def shadow(text: str) -> str:
    """Return the text to look at, as long in characters as the text: a span in one is the same span in the other.

    It is the text itself unless a digit or `@` beyond ASCII is in it, or a blank or dash beyond ASCII beside a digit.
    """
    return text if text.isascii() or not _ODD.search(text) else text.translate(_ASCII)


@cache
def odd_code_points() -> Bytes:
    """Return what of U+0000 to U+FFFF gives a text a shadow of its own, uint8: ALWAYS, or BESIDE_DIGITS."""
    table = np.zeros(0x10000, np.uint8)
    table[list(map(ord, DIGITS + SIGNS))] = ALWAYS
    table[list(map(ord, SPACES + HYPHENS))] = BESIDE_DIGITS
    return table
