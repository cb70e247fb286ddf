"""Groups the rows of a partition: by content, and into buckets of rows that are worth comparing."""

from __future__ import annotations

import numpy as np

from enrichment_platform.cleaning.duplicates.store import Numbers, Store

BLOCK = 1 << 16  # rows of a pass over the partition
CROWD = 64  # rows of a bucket that a row is compared with at most, the latest first
_RARE = 8  # shingles by which the rows of a crowd are looked for
_PARTS = 3  # bits of a key: rare keys are sorted in eight parts, so that they take no more memory than a band
_MOST_SLOTS = 1 << 27  # bytes of the table that counts shingles


def leaders(content: Numbers, identity: Numbers, own: int) -> Numbers:
    """Return the first row of each row's content, uint32.

    Args:
        content: (rows, 2) uint64; zeros for a blank text, which leads only itself.
        identity: (rows, 2) uint64, equal for rows that are the same.
        own: Rows from this number on are of earlier partitions, and come first.
    """
    from enrichment_platform.cleaning.duplicates.group_kernel import find_leaders, packed

    rows = len(content)
    leader = np.arange(rows, dtype=np.uint32)
    order = np.empty(rows, np.uint64)
    count = 0
    for start in range(0, rows, BLOCK):
        keys = np.where(content[start : start + BLOCK, 0] == 0, 0, identity[start : start + BLOCK, 0])
        count = packed(keys, start, order, count, leader, False)
    order = order[:count]
    order.sort()
    find_leaders(order, identity, own, leader)
    return leader


def bucketed(
    store: Store, keys: list[Numbers], leader: Numbers, fences: Numbers, ends: Numbers, shingles: Numbers
) -> tuple[Numbers, int, int]:
    """Put the rows that follow no other into buckets.

    Args:
        store: Where to.
        keys: Of each band, (rows,) uint64.
        leader: (rows,) uint32.
        fences: (rows,) uint64, what must be equal for two rows to be compared.
        ends: (1 + rows,) int64, where each set of shingles ends.
        shingles: uint32, the sets.

    Returns:
        (bands, rows) uint32, each row's bucket, 0 for none; how many buckets there are; how many rows are in them.
    """
    from enrichment_platform.cleaning.duplicates.group_kernel import find_buckets, packed

    rows = len(leader)
    buckets = store.zeros((len(keys) + _RARE if keys else 0, rows), np.uint32)
    number = members = 0
    order = np.empty(rows if keys else 0, np.uint64)
    crowded = np.zeros(rows, np.uint8)
    for band, column in enumerate(keys):
        used = order[: packed(column, 0, order, 0, leader, True)]
        used.sort()
        number, more = find_buckets(used, column, buckets[band], number, CROWD, crowded)
        members += more
    if not crowded.any():
        return buckets[: len(keys)], number, members
    number, more = _rarely_bucketed(store, crowded, fences, ends, shingles, order, buckets[len(keys) :], number)
    return buckets, number, members + more


def _rarely_bucketed(
    store: Store,
    crowded: Numbers,
    fences: Numbers,
    ends: Numbers,
    shingles: Numbers,
    order: Numbers,
    buckets: Numbers,
    number: int,
) -> tuple[int, int]:
    from enrichment_platform.cleaning.duplicates.rare_kernel import (
        count_shingles,
        find_rare_buckets,
        packed_part,
        rare_keys,
    )

    slots = 1 << 16
    while slots < min(2 * len(shingles), _MOST_SLOTS):
        slots *= 2
    counts = np.zeros(slots, np.uint8)
    count_shingles(crowded, ends, shingles, counts)
    keys = store.zeros((len(crowded), _RARE), np.uint64)
    rare_keys(crowded, ends, shingles, counts, fences, keys, np.empty(_RARE, np.uint64))
    del counts
    members = 0
    for part in range(1 << _PARTS):
        count = packed_part(keys, part, 64 - _PARTS, order)
        if count > len(order):
            order = np.empty(count, np.uint64)
            packed_part(keys, part, 64 - _PARTS, order)
        used = order[:count]
        used.sort()
        number, more = find_rare_buckets(used, keys, buckets, number)
        members += more
    return number, members
