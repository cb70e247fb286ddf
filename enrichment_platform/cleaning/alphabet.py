"""Which alphabet each code point belongs to, and which are symbols: tables for compiled kernels."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any, Literal, get_args

import numpy as np

Alphabet = Literal[
    "latin",
    "cyrillic",
    "greek",
    "arabic",
    "hebrew",
    "han",
    "kana",
    "hangul",
    "devanagari",
    "bengali",
    "gurmukhi",
    "gujarati",
    "tamil",
    "telugu",
    "kannada",
    "malayalam",
    "sinhala",
    "thai",
    "lao",
    "khmer",
    "myanmar",
    "tibetan",
    "georgian",
    "armenian",
    "ethiopic",
    "mongolian",
]
ALPHABETS: tuple[Alphabet, ...] = get_args(Alphabet)
Codes = np.ndarray[Any, np.dtype[np.uint8]]
NO_LETTER, OTHER_ALPHABET = 0, 1
_FIRST = 2  # code of ALPHABETS[0]
_LAST_NAMED = 0x20000  # planes 2 and 3 hold ideographs only
# The first word of a letter's name tells its alphabet, but for these.
_NAMES: dict[str, Alphabet] = {"cjk": "han", "ideographic": "han", "hiragana": "kana", "katakana": "kana"}
_STYLED = {"fullwidth", "halfwidth"}
# Letters by category that belong to every alphabet: letterlike signs, mathematical alphabets, ordinal signs, micro.
_COMMON = ((0xAA, 0xAA), (0xB5, 0xB5), (0xBA, 0xBA), (0x2100, 0x214F), (0x1D400, 0x1D7FF))


def code_of(alphabet: Alphabet) -> int:
    """Return the number that stands for an alphabet in `alphabets_by_code_point`."""
    return _FIRST + ALPHABETS.index(alphabet)


@cache
def alphabets_by_code_point() -> Codes:
    """Return the alphabet of each code point (uint8): NO_LETTER, OTHER_ALPHABET, or the code of one of ALPHABETS."""
    table = np.zeros(0x110000, np.uint8)
    codes: dict[str, int] = {name: code_of(name) for name in ALPHABETS}
    codes |= {name: code_of(alphabet) for name, alphabet in _NAMES.items()}
    for code in range(_LAST_NAMED):
        character = chr(code)
        if not character.isalpha() or unicodedata.category(character) == "Lm":
            continue
        words = unicodedata.name(character, "").lower().split()
        word = next((word for word in words if word not in _STYLED), "")
        table[code] = codes.get(word.split("-")[0], OTHER_ALPHABET)
    table[0x20000:0x3FFFE] = code_of("han")
    for first, last in _COMMON:
        table[first : last + 1] = NO_LETTER
    return table


@cache
def symbols_by_code_point() -> Codes:
    """Return 1 for each code point that is punctuation or a symbol, else 0 (uint8)."""
    table = np.zeros(0x110000, np.uint8)
    for code in range(_LAST_NAMED):
        table[code] = unicodedata.category(chr(code))[0] in "PS"
    return table
