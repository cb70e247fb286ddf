"""The pass over the bytes that finds the texts with a shadow of their own (compiled)."""

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.pii.shadow import ALWAYS

_BLOCK = 64


@compiled
def _beyond_ascii(data: Bytes) -> Bytes:
    """Return for each block of 64 octets whether one is beyond ASCII; the last, which may be shorter, always."""
    blocks = np.zeros(len(data) // _BLOCK + 1, np.uint8)
    for block in range(len(data) // _BLOCK):
        found = np.uint8(0)
        for place in range(_BLOCK):
            found |= data[block * _BLOCK + place]
        blocks[block] = found >> 7
    blocks[-1] = 1
    return blocks


@compiled
def _odd(data: Bytes, start: int, at: int, end: int, table: Bytes) -> bool:
    """Return whether the character that begins at the position gives its text a shadow."""
    lead = data[at]
    if 0xC2 <= lead < 0xE0 and at + 1 < end:
        length, code = 2, (int(lead) & 0x1F) << 6 | (int(data[at + 1]) & 0x3F)
    elif 0xE0 <= lead < 0xF0 and at + 2 < end:
        length = 3
        code = (int(lead) & 0x0F) << 12 | (int(data[at + 1]) & 0x3F) << 6 | (int(data[at + 2]) & 0x3F)
    else:
        return False
    kind = table[code]
    if kind == 0 or kind == ALWAYS:
        return kind == ALWAYS
    before = at > start and 0x30 <= data[at - 1] <= 0x39
    return before or (at + length < end and 0x30 <= data[at + length] <= 0x39)


@compiled
def odd_texts(data: Bytes, offsets: Offsets, table: Bytes) -> Bytes:
    """Return for each text whether its shadow differs from it, uint8; `table` is that of `shadow.py`."""
    blocks = _beyond_ascii(data)
    found = np.zeros(len(offsets) - 1, np.uint8)
    for row in range(len(offsets) - 1):
        at, end = offsets[row], offsets[row + 1]
        while at < end:
            if blocks[at // _BLOCK] == 0:
                at = (at | (_BLOCK - 1)) + 1
            elif data[at] >= 0xC2 and _odd(data, offsets[row], at, end, table):
                found[row] = 1
                break
            else:
                at += 1
    return found
