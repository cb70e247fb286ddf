"""What a text contains that an operation may have to work on; found for all operations in one pass over the bytes."""

from __future__ import annotations

import unicodedata
from enum import IntFlag
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from enrichment_platform.cleaning.badness import suspicious_pairs
from enrichment_platform.cleaning.buffers import TextBuffers

Flags = np.ndarray[Any, np.dtype[np.uint16]]


class Feature(IntFlag):
    """A sign that a text may need an operation: where it is absent, the operation changes nothing."""

    NONE = 0
    NOT_ASCII = 1
    MOJIBAKE = 2  # neighbours that stand side by side in ftfy's pattern of mojibake, or a C1 control
    NOT_NFC = 4  # a character that canonical composition may change
    MARKUP = 8  # "<" or "&" as HTML has them
    INVISIBLE = 16  # control, zero-width, bidi and line-break characters other than \n and \t
    BLANKS = 32  # white space that `collapse_whitespace` would touch
    LINES = 64  # "\n" or "\r"
    DIGITS = 128  # a digit
    AT = 256  # "@"
    LINK = 512  # "://" or "www."


ALL = Feature(sum(Feature))
# Unicode's horizontal white space beyond ASCII; U+0085, U+2028 and U+2029 are line breaks.
ODD_SPACES = ((0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000))
INVISIBLE_RANGES = (
    *((0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x180E, 0x180E)),
    *((0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB)),
    *((0xE0000, 0xE007F), (0xE0100, 0xE01EF)),
)
# Where letters and marks are; between them are ideographs, Hangul syllables and planes for private use, all NFC.
_MAY_COMPOSE = (
    (0x300, 0x3400),
    (0xA000, 0xAC00),
    (0xD7A4, 0xD800),
    (0xF900, 0x20000),
    (0x2F800, 0x2FB00),
    (0xE0000, 0xE0200),
)
# One alone is a sign of mojibake for ftfy: C1 controls, at the end of a text too.
LONE_SIGNS = ((0x80, 0x9F),)


def features(column: pl.Series) -> Flags:
    """Return the features of each text as uint16 bit sets; 0 for null. One pass, about 1 ns a byte."""
    from enrichment_platform.cleaning.scan_kernel import byte_classes, pair_features, scan

    tables = (by_code_point(), byte_classes(), pair_features(), *suspicious_pairs())
    return np.concatenate([scan(part.data, part.offsets, *tables) for _, part in TextBuffers.blocks(column)])


@cache
def by_code_point() -> Flags:
    """Return the features that a code point alone shows, uint16 by code point (2.1 MiB)."""
    table = np.zeros(0x110000, np.uint16)
    table[0x80:] = Feature.NOT_ASCII
    for ranges, feature in (
        (INVISIBLE_RANGES, Feature.INVISIBLE),
        (ODD_SPACES, Feature.BLANKS),
        (((0x09, 0x09), (0x0D, 0x0D)), Feature.BLANKS),
        (((0x0A, 0x0A), (0x0D, 0x0D)), Feature.LINES),
        (((0x30, 0x39),), Feature.DIGITS),
        (((0x40, 0x40),), Feature.AT),
        (LONE_SIGNS, Feature.MOJIBAKE),
    ):
        for first, last in ranges:
            table[first : last + 1] |= np.uint16(feature)
    table[_not_nfc()] |= np.uint16(Feature.NOT_NFC)
    return table


def _not_nfc() -> list[int]:
    """Code points that composition may change, alone or with what stands before them.

    Those that are not NFC themselves, combining marks, and second halves of compositions; and what this Python's
    Unicode does not know, since a later version may say anything of it. Below U+0300 there are none.
    """
    seconds = {0x1161 + vowel for vowel in range(21)} | {0x11A8 + final for final in range(27)}
    found = []
    for code in (code for first, last in _MAY_COMPOSE for code in range(first, last)):
        character = chr(code)
        halves = unicodedata.decomposition(character).split()
        if len(halves) == 2 and not halves[0].startswith("<"):
            seconds.add(int(halves[1], 16))
        unknown = unicodedata.category(character) == "Cn"
        if unknown or unicodedata.combining(character) or not unicodedata.is_normalized("NFC", character):
            found.append(code)
    return sorted({*found, *seconds})
