"""Groups rows of equal keys: the leader of rows with the same content, and the buckets of one band (compiled)."""

from typing import Any

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.duplicates.hash_kernel import Hashes

Rows = np.ndarray[Any, np.dtype[np.uint32]]

_HIGH = np.uint64(0xFFFFFFFF00000000)
_LOW = np.uint64(0xFFFFFFFF)
_B32 = np.uint64(32)


@compiled
def packed(keys: Hashes, start: int, out: Hashes, count: int, leader: Rows, only_leaders: bool) -> int:
    """Write (upper half of the key, row) as one number for each row whose key is not 0; sorting them groups the rows.

    Args:
        keys: (rows,) of the rows from `start` on.
        start: Number of the first row.
        out: Written from `count` on.
        count: Written before.
        leader: The leader of each row.
        only_leaders: Leave out the rows that follow another.

    Returns:
        Written in all.
    """
    for place in range(len(keys)):
        row = start + place
        if keys[place] and (not only_leaders or leader[row] == row):
            out[count] = (keys[place] & _HIGH) | np.uint64(row)
            count += 1
    return count


@compiled
def find_leaders(order: Hashes, keys: Hashes, own: int, leader: Rows) -> None:
    """Set the leader of all rows with the same 128-bit key: the first row of earlier partitions, else the first.

    Args:
        order: Sorted, from `packed`; overwritten.
        keys: (rows, 2).
        own: Rows below this number are of this partition, the others of earlier ones.
        leader: Written.
    """
    size = len(order)
    start = 0
    while start < size:
        end = start + 1
        while end < size and (order[end] ^ order[start]) & _HIGH == 0:
            end += 1
        left = end
        while left - start > 1:  # almost always one round: half a key is shared by chance once in 2^32
            first = np.int64(order[start] & _LOW)
            k0, k1 = keys[first, 0], keys[first, 1]
            for place in range(start, left):
                row = np.int64(order[place] & _LOW)
                if row >= own and keys[row, 0] == k0 and keys[row, 1] == k1:
                    first = row
                    break
            kept = start
            for place in range(start, left):
                row = np.int64(order[place] & _LOW)
                if keys[row, 0] == k0 and keys[row, 1] == k1:
                    leader[row] = first
                else:
                    order[kept] = order[place]
                    kept += 1
            left = kept
        start = end


@compiled
def find_buckets(order: Hashes, keys: Hashes, bucket: Rows, number: int, crowd: int, crowded: Bytes) -> Any:
    """Number the buckets of a band that hold two rows or more.

    Args:
        order: Sorted, from `packed`; overwritten.
        keys: (rows,) of the band.
        bucket: Written: the number of each row's bucket; rows alone in theirs keep what was there.
        number: Buckets before.
        crowd: More rows than this are a crowd.
        crowded: (rows,), written: 1 for the rows of a crowded bucket.

    Returns:
        (buckets so far, rows in this band's buckets).
    """
    size = len(order)
    members = 0
    start = 0
    while start < size:
        end = start + 1
        while end < size and (order[end] ^ order[start]) & _HIGH == 0:
            end += 1
        if end - start > crowd:
            for place in range(start, end):
                crowded[np.int64(order[place] & _LOW)] = 1
        left = end
        while left - start > 1:
            key = keys[np.int64(order[start] & _LOW)]
            number += 1
            kept, found = start, 0
            last = np.int64(0)
            for place in range(start, left):
                row = np.int64(order[place] & _LOW)
                if keys[row] == key:
                    bucket[row] = number
                    found += 1
                    last = row
                else:
                    order[kept] = order[place]
                    kept += 1
            if found == 1:
                bucket[last] = 0
                number -= 1
            else:
                members += found
            left = kept
        start = end
    return number, members
