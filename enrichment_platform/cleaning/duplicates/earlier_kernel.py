"""Which rows of earlier partitions share a key with this one (compiled)."""

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.duplicates.hash_kernel import Hashes

_B3, _BITS = np.uint64(3), np.uint64(7)
_ONE = np.uint8(1)


@compiled
def mark(keys: Hashes, shift: int, bits: Bytes) -> None:
    """Set the bit of each key, its upper bits from `shift` on; `bits` holds eight a byte."""
    for key in keys:
        slot = key >> np.uint64(shift)
        bits[slot >> _B3] |= _ONE << np.uint8(slot & _BITS)


@compiled
def admit(keys: Hashes, ordered: Hashes, shift: int, bits: Bytes, taken: Bytes, limit: int, out: Bytes) -> None:
    """Set `out` to 1 for the rows whose key is in `ordered`, the first `limit` rows of each key.

    Args:
        keys: (rows,); 0 for none.
        ordered: Of this partition, sorted.
        shift: Of `mark`.
        bits: Of `mark`: most keys are in no bit, and are not searched for.
        taken: As long as `ordered`, rows taken for a key (counted at its first place), at most 255.
        limit: At most 255.
        out: (rows,), written where set.
    """
    for row in range(len(keys)):
        key = keys[row]
        slot = key >> np.uint64(shift)
        if key == 0 or not (bits[slot >> _B3] >> np.uint8(slot & _BITS)) & _ONE:
            continue
        low, high = 0, len(ordered)
        while low < high:
            middle = (low + high) >> 1
            if ordered[middle] < key:
                low = middle + 1
            else:
                high = middle
        if low < len(ordered) and ordered[low] == key and taken[low] < limit:
            taken[low] += 1
            out[row] = 1
