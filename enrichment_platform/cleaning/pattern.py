"""Regular expressions in the dialect that Polars and cuDF share: no (?i), no lookaround, no \\w \\d \\s."""

from __future__ import annotations

# Unicode's horizontal white space, spelled out: \s differs between engines and Unicode versions.
SPACES = r"\x09 \xa0\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"

# Unicode's White_Space property, which strip_chars() of Polars takes off, for engines that want it spelled out.
WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
    "\u205f\u3000"
)


def any_case(word: str) -> str:
    """Return a pattern for an ASCII word in any case: `br` -> `[bB][rR]`."""
    return "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def any_of(words: str) -> str:
    """Return a group of alternatives, each in any case: `p br` -> `(?:[pP]|[bB][rR])`."""
    return "(?:" + "|".join(any_case(word) for word in words.split()) + ")"
