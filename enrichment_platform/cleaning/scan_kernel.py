"""The pass over the bytes that finds the features of each text (compiled)."""

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.feature import Feature, Flags

_MARKUP, _BLANKS, _MOJIBAKE, _LINK = (
    np.uint16(feature) for feature in (Feature.MARKUP, Feature.BLANKS, Feature.MOJIBAKE, Feature.LINK)
)
_SPACE, _NEWLINE, _LESS, _AND, _HASH, _SLASH, _BANG = 0x20, 0x0A, 0x3C, 0x26, 0x23, 0x2F, 0x21
_COLON, _DOT, _W = 0x3A, 0x2E, 0x77


@compiled
def scan(data: Bytes, offsets: Offsets, table: Flags) -> Flags:
    """Return the feature bits of each text (uint16).

    Args:
        data: UTF-8 of all texts.
        offsets: Where each begins, and the end.
        table: Features by code point.
    """
    rows = len(offsets) - 1
    out = np.zeros(rows, np.uint16)
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        if start == end:
            continue
        found = np.uint16(0)
        first, last = data[start], data[end - 1]
        if first == _SPACE or first == _NEWLINE or last == _SPACE or last == _NEWLINE:
            found |= _BLANKS
        at = start
        before, earlier = 0, 0  # the two bytes before
        while at < end:
            octet = data[at]
            if octet < 0x80:
                found |= table[octet]
                if octet == _SPACE:
                    if before == _SPACE or before == _NEWLINE:
                        found |= _BLANKS
                elif octet == _NEWLINE:
                    if before == _SPACE or (before == _NEWLINE and earlier == _NEWLINE):
                        found |= _BLANKS
                elif before == _LESS:
                    if ((octet | 0x20) - 0x61 < 26 and octet >= 0x41) or octet == _SLASH or octet == _BANG:
                        found |= _MARKUP
                elif before == _AND:
                    if ((octet | 0x20) - 0x61 < 26 and octet >= 0x41) or octet == _HASH:
                        found |= _MARKUP
                elif octet == _SLASH:
                    if before == _SLASH and earlier == _COLON:
                        found |= _LINK
                elif octet == _DOT and (before | 0x20) == _W and (earlier | 0x20) == _W:
                    found |= _LINK
                earlier = before
                before = octet
                at += 1
                continue
            if before >= 0x80:
                found |= _MOJIBAKE
            if octet < 0xE0:
                code = ((octet & 0x1F) << 6) | (data[at + 1] & 0x3F)
                at += 2
            elif octet < 0xF0:
                code = ((octet & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F)
                at += 3
            else:
                code = (
                    ((octet & 0x07) << 18)
                    | ((data[at + 1] & 0x3F) << 12)
                    | ((data[at + 2] & 0x3F) << 6)
                    | (data[at + 3] & 0x3F)
                )
                at += 4
            found |= table[code]
            earlier = before
            before = 0x80
        out[row] = found
    return out
