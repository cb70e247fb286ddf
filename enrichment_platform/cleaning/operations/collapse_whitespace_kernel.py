"""The compiled pass of collapse_whitespace: every run of white space becomes one space, or one or two line breaks."""

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.feature import Feature, Flags

_ODD = np.uint16(Feature.BLANKS)
_SPACE, _TAB, _NEWLINE, _RETURN = 0x20, 0x09, 0x0A, 0x0D


@compiled
def collapse(data: Bytes, offsets: Offsets, table: Flags, keep_newlines: bool) -> tuple[Bytes, Offsets]:
    """Return the bytes and offsets of the texts with their white space collapsed.

    Args:
        data: UTF-8 of all texts.
        offsets: Where each begins, and the end.
        table: Features by code point; beyond ASCII, those with `Feature.BLANKS` are spaces.
        keep_newlines: A run with one line break becomes one, with more of them two; else every run a space.
    """
    rows = len(offsets) - 1
    out = np.empty(offsets[rows] - offsets[0], np.uint8)
    ends = np.zeros(rows + 1, np.int64)
    to = 0
    for row in range(rows):
        at, end = offsets[row], offsets[row + 1]
        begun = to
        blank, breaks = False, 0  # of the run before `at`
        while at < end:
            octet = data[at]
            if octet > _SPACE and octet < 0x80 and not blank:  # most bytes stay, single spaces too; one branch a byte
                while at < end - 1:
                    octet, following = data[at], data[at + 1]
                    if (
                        (octet < _SPACE)
                        | (octet >= 0x80)
                        | ((octet == _SPACE) & ((following <= _SPACE) | (following >= 0x80)))
                    ):
                        break
                    out[to] = octet
                    to += 1
                    at += 1
                octet = data[at]
                if octet > _SPACE and octet < 0x80:  # the last
                    out[to] = octet
                    to += 1
                    at += 1
                    continue
            size = 1
            if octet < 0x80:
                space = octet == _SPACE or octet == _TAB
                line = octet == _NEWLINE or octet == _RETURN
                if octet == _RETURN and at + 1 < end and data[at + 1] == _NEWLINE:
                    size = 2
            else:
                line = False
                if octet < 0xE0:
                    code = ((octet & 0x1F) << 6) | (data[at + 1] & 0x3F)
                    size = 2
                elif octet < 0xF0:
                    code = ((octet & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F)
                    size = 3
                else:
                    code = 0x10000
                    size = 4
                space = (table[code] & _ODD) != 0
            if space or line:
                blank = True
                breaks += line
                at += size
                continue
            if blank:
                if to > begun:
                    if breaks == 0 or not keep_newlines:
                        out[to] = _SPACE
                        to += 1
                    else:
                        out[to] = _NEWLINE
                        to += 1
                        if breaks > 1:
                            out[to] = _NEWLINE
                            to += 1
                blank, breaks = False, 0
            for _ in range(size):
                out[to] = data[at]
                to += 1
                at += 1
        ends[row + 1] = to
    return out[:to], ends
