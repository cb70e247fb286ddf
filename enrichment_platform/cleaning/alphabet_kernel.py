"""The pass over the bytes that counts characters by their class (compiled)."""

from typing import Any

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled


@compiled
def counts(data: Bytes, offsets: Offsets, table: Bytes, classes: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return how many characters of each class a text has: int32, rows x classes.

    Args:
        data: UTF-8 of all texts.
        offsets: Where each begins, and the end.
        table: Class by code point, below `classes`.
        classes: Number of classes.
    """
    rows = len(offsets) - 1
    out = np.zeros((rows, classes), np.int32)
    for row in range(rows):
        at, end = offsets[row], offsets[row + 1]
        while at < end:
            lead = np.int64(data[at])
            if lead < 0x80:
                code = lead
                at += 1
            elif lead < 0xE0:
                code = ((lead & 0x1F) << 6) | (np.int64(data[at + 1]) & 0x3F)
                at += 2
            elif lead < 0xF0:
                code = ((lead & 0x0F) << 12) | ((np.int64(data[at + 1]) & 0x3F) << 6) | (np.int64(data[at + 2]) & 0x3F)
                at += 3
            else:
                code = (
                    ((lead & 0x07) << 18)
                    | ((np.int64(data[at + 1]) & 0x3F) << 12)
                    | ((np.int64(data[at + 2]) & 0x3F) << 6)
                    | (np.int64(data[at + 3]) & 0x3F)
                )
                at += 4
            out[row, table[code]] += 1
    return out
