"""The table of characters that the kernels read: how each is folded, and what it is."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

Table = np.ndarray[Any, np.dtype[np.uint32]]

SIZE = 0x20000  # code points in the table; those above are ideographs or no part of a word
FOLDED = 0x1FFFFF  # bits of an entry that hold the folded code point
SPACE = 1 << 21
NUMERIC = 1 << 22  # digits and numerals of every script; Hangul syllables that negate, which endings hide
ALONE = 1 << 23  # a word by itself: scripts written without spaces
TWICE = 1 << 24  # folds to the same letter twice (sharp s)
OTHER = 1 << 25  # in no word: punctuation, symbols
COMPLEX = 1 << 26  # NFC or the folding of this character depends on its neighbours or gives several: Polars does it
SIGN = 1 << 27  # before a number is part of it
UNIT = 1 << 28  # after a number is part of it

_SCRIPTS_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
)
_COMPOSING_LETTERS = ((0x1160, 0x11FF), (0x16D40, 0x16D7F))  # Hangul vowels and finals, Kirat Rai: letters that compose
_NUMERALS_OF_SEVERAL = "两兩第萬亿億"  # numerals by use, whatever Unicode says of their value
_NEGATING_SYLLABLES = "않없못"
_APOSTROPHES = (0x2BC, 0x2BB)  # letters to Unicode
_SIGNS, _UNITS = "#~", "%‰‱°′″"  # besides dashes, mathematics, currencies; not brackets: lists are numbered (1)
_SHARP_S = (0xDF, 0x1E9E)


def folded(texts: pl.Expr) -> pl.Expr:
    """Return the texts in NFC with case folded (upper, then lower): "ß" is "ss", a final sigma is a sigma."""
    turned = texts.str.normalize("NFC").str.to_uppercase().str.to_lowercase()
    return turned.str.replace_all("ς", "σ", literal=True).str.normalize("NFC")


@lru_cache(maxsize=1)
def table() -> Table:
    """Return one entry a code point below `SIZE`: the folded code point and the bits above."""
    codes = [code for code in range(SIZE) if not 0xD800 <= code < 0xE000]
    character = pl.col("character")
    known = (
        pl.DataFrame({"code": codes, "character": [chr(code) for code in codes]})
        .with_columns(folded=folded(character))
        .with_columns(
            first=pl.col("folded").str.slice(0, 1),
            single=pl.col("folded").str.len_chars() == 1,
            unchanged=character.str.normalize("NFC") == character,
            mark=character.str.contains(r"^\p{M}"),
            space=character.str.contains(r"^\s"),
            numeric=character.str.contains(r"^\p{N}"),
            sign=character.str.contains(r"^[\p{Pd}\p{Sm}\p{Sc}]"),
            word=character.str.contains(r"^[\p{L}\p{M}\p{N}]"),
        )
    )
    index = known["code"].to_numpy()
    single = known["single"].to_numpy()
    complicated = ~single | ~known["unchanged"].to_numpy() | known["mark"].to_numpy()
    target = np.where(complicated, index, [ord(first or "\0") for first in known["first"].to_list()])
    entries = np.zeros(SIZE, np.uint32)
    entries[:] = OTHER
    entries[index] = target
    entries[index] |= np.where(complicated, COMPLEX, 0).astype(np.uint32)
    entries[index] |= np.where(known["space"].to_numpy(), SPACE, 0).astype(np.uint32)
    entries[index] |= np.where(known["numeric"].to_numpy(), NUMERIC, 0).astype(np.uint32)
    entries[index] |= np.where(known["word"].to_numpy(), 0, OTHER).astype(np.uint32)
    for first, last in _COMPOSING_LETTERS:
        entries[first : last + 1] |= COMPLEX
    for first, last in _SCRIPTS_WITHOUT_SPACES:
        block = entries[first : last + 1]
        block[(block & OTHER) == 0] |= ALONE
    signs = known["sign"].to_numpy()
    entries[index] |= np.where(signs, SIGN | UNIT, 0).astype(np.uint32)
    for letters, bit in ((_SIGNS, SIGN), (_UNITS, UNIT)):
        entries[[ord(letter) for letter in letters]] |= bit
    ideographs = range(0x3400, 0xA000)
    numerals = [code for code in ideographs if unicodedata.numeric(chr(code), None) is not None]
    entries[numerals] |= NUMERIC
    entries[[ord(letter) for letter in _NUMERALS_OF_SEVERAL + _NEGATING_SYLLABLES]] |= NUMERIC
    for code in _APOSTROPHES:
        entries[code] = code | OTHER
    for code in _SHARP_S:
        entries[code] = ord("s") | TWICE
    return entries
