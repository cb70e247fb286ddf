"""Classes of octets, as bits in a table, that the compiled search for candidates goes by."""

from __future__ import annotations

import string
from functools import cache

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes
from enrichment_platform.cleaning.pii.contacts import LOCAL as LOCAL_CHARACTERS
from enrichment_platform.cleaning.pii.ibans import LENGTHS
from enrichment_platform.cleaning.pii.kinds import KINDS

DIGIT, LETTER, HEX, LOCAL, SEPARATOR, ANCHOR = 1, 2, 4, 8, 16, 32
ALPHANUMERIC = DIGIT | LETTER
AT = ord("@")
SEPARATORS = " ()./-"  # within numbers
BITS = {kind: finder.bit for kind, finder in KINDS.items()}


@cache
def classes() -> Bytes:
    """Return the classes of each octet, uint8."""
    table = np.zeros(256, np.uint8)
    for characters, bit in (
        (string.digits, DIGIT),
        (string.ascii_letters, LETTER),
        (string.hexdigits, HEX),
        (LOCAL_CHARACTERS, LOCAL),
        (SEPARATORS, SEPARATOR),
        (string.digits + "@:", ANCHOR),
    ):
        table[list(characters.encode())] |= bit
    return table


@cache
def iban_lengths() -> Bytes:
    """Return the length of an IBAN by its two letters, uint8 at 26 * first + second."""
    table = np.zeros(26 * 26, np.uint8)
    for (first, second), length in LENGTHS.items():
        table[26 * (ord(first) - ord("A")) + ord(second) - ord("A")] = length
    return table
