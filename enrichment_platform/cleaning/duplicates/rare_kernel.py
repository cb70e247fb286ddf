"""Keys of rows in crowded buckets: shingles that few share, which tell texts of one template apart (compiled)."""

from typing import Any

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.duplicates.group_kernel import Rows
from enrichment_platform.cleaning.duplicates.hash_kernel import Hashes, mixed
from enrichment_platform.cleaning.duplicates.sketch_kernel import Shingles

_HIGH = np.uint64(0xFFFFFFFF00000000)
_LOW = np.uint64(0xFFFFFFFF)
_MOST = 255


@compiled
def count_shingles(crowded: Bytes, ends: Offsets, shingles: Shingles, counts: Bytes) -> None:
    """Count in how many crowded rows each shingle is, up to 255; a slot is a shingle's lowest bits.

    Args:
        crowded: (rows,), 1 where a row is to be counted.
        ends: (1 + rows,) where each set of shingles ends.
        shingles: The sets.
        counts: A power of two of slots, added to.
    """
    mask = np.uint32(len(counts) - 1)
    for row in range(len(crowded)):
        if crowded[row]:
            for place in range(ends[row], ends[row + 1]):
                slot = shingles[place] & mask
                if counts[slot] < _MOST:
                    counts[slot] += 1


@compiled
def rare_keys(
    crowded: Bytes, ends: Offsets, shingles: Shingles, counts: Bytes, fences: Hashes, keys: Hashes, best: Hashes
) -> None:
    """Write the keys of each crowded row's rarest shingles that another one has too.

    Args:
        crowded: (rows,).
        ends: (1 + rows,).
        shingles: The sets.
        counts: Of `count_shingles`.
        fences: (rows,), of the guard and the context.
        keys: (rows, as many as wanted), written; 0 for none.
        best: Scratch, as many as wanted.
    """
    mask = np.uint32(len(counts) - 1)
    wanted = keys.shape[1]
    for row in range(len(crowded)):
        if not crowded[row]:
            continue
        have = 0
        for place in range(ends[row], ends[row + 1]):
            shingle = shingles[place]
            count = counts[shingle & mask]
            if count < 2:
                continue
            entry = (np.uint64(count) << np.uint64(32)) | np.uint64(shingle)
            if have == wanted and entry >= best[wanted - 1]:
                continue
            at = have if have < wanted else wanted - 1
            while at > 0 and best[at - 1] > entry:
                best[at] = best[at - 1]
                at -= 1
            best[at] = entry
            have = min(have + 1, wanted)
        for place in range(have):
            keys[row, place] = mixed(fences[row] ^ mixed(best[place] & _LOW)) | np.uint64(1)


@compiled
def packed_part(keys: Hashes, part: int, shift: int, out: Hashes) -> int:
    """Write (upper half of the key, row) of the keys whose bits from `shift` on are `part`; return how many."""
    count = 0
    for row in range(keys.shape[0]):
        for place in range(keys.shape[1]):
            key = keys[row, place]
            if key and key >> np.uint64(shift) == np.uint64(part):
                if count < len(out):
                    out[count] = (key & _HIGH) | np.uint64(row)
                count += 1
    return count


@compiled
def find_rare_buckets(order: Hashes, keys: Hashes, buckets: Rows, number: int) -> Any:
    """Number the buckets of keys that two rows or more have, whatever the place of the key.

    Args:
        order: Sorted, from `packed_part`; overwritten.
        keys: (rows, places).
        buckets: (places, rows), written.
        number: Buckets before.

    Returns:
        (buckets so far, rows in these buckets).
    """
    size = len(order)
    members = 0
    start = 0
    while start < size:
        end = start + 1
        while end < size and (order[end] ^ order[start]) & _HIGH == 0:
            end += 1
        left = end
        while left - start > 1:
            row = np.int64(order[start] & _LOW)
            key = np.uint64(0)
            for place in range(keys.shape[1]):
                if (keys[row, place] ^ order[start]) & _HIGH == 0:
                    key = keys[row, place]
                    break
            number += 1
            kept = start
            for entry in range(start, left):
                row = np.int64(order[entry] & _LOW)
                held = False
                for place in range(keys.shape[1]):
                    if keys[row, place] == key:
                        buckets[place, row] = number
                        held = True
                        members += 1
                        break
                if not held:
                    order[kept] = order[entry]
                    kept += 1
            left = kept
        start = end
    return number, members
