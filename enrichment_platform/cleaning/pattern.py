"""Regular expressions in the dialect that Polars and cuDF share: no (?i), no lookaround, no \\w \\d \\s."""

from __future__ import annotations

# Unicode's horizontal white space, spelled out: \s differs between engines and Unicode versions.
SPACES = r"\x09 \xa0\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"


def any_case(word: str) -> str:
    """Return a pattern for an ASCII word in any case: `br` -> `[bB][rR]`."""
    return "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def any_of(words: str) -> str:
    """Return a group of alternatives, each in any case: `p br` -> `(?:[pP]|[bB][rR])`."""
    return "(?:" + "|".join(any_case(word) for word in words.split()) + ")"
