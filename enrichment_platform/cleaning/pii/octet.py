"""Classes of octets, as bits in a table, that the compiled search for candidates goes by."""

from __future__ import annotations

import string
from functools import cache

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes
from enrichment_platform.cleaning.pii.contacts import LOCAL as LOCAL_CHARACTERS
from enrichment_platform.cleaning.pii.ibans import LENGTHS
from enrichment_platform.cleaning.pii.kinds import KINDS

DIGIT, LETTER, HEX, LOCAL, SEPARATOR, ANCHOR, COLON = 1, 2, 4, 8, 16, 32, 64
ALPHANUMERIC = DIGIT | LETTER
AT = ord("@")
SEPARATORS = " ()./-"  # within numbers
BITS = {kind: finder.bit for kind, finder in KINDS.items()}


@cache
def octet_table() -> Bytes:
    """Return the classes of each octet, uint8, and from 256 the length of an IBAN at 26 * first + second letter."""
    table = np.zeros(256 + 26 * 26, np.uint8)
    for characters, bit in (
        (string.digits, DIGIT),
        (string.ascii_letters, LETTER),
        (string.hexdigits, HEX),
        (LOCAL_CHARACTERS, LOCAL),
        (SEPARATORS, SEPARATOR),
        (string.digits + "@:", ANCHOR),
        (":", COLON),
    ):
        table[list(characters.encode())] |= bit
    table[0x80:0x100] |= LOCAL  # letters beyond ASCII, in names and domains alike; what is none the finder sees
    for country, length in LENGTHS.items():
        table[256 + 26 * (ord(country[0]) - ord("A")) + ord(country[1]) - ord("A")] = length
    return table
