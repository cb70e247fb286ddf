"""Goes through the rows in order and decides which is a duplicate of which (compiled)."""

from typing import Any

import numpy as np

from enrichment_platform.cleaning.buffers import Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.duplicates.group_kernel import Rows
from enrichment_platform.cleaning.duplicates.hash_kernel import Hashes
from enrichment_platform.cleaning.duplicates.sketch_kernel import Shingles

Similarities = np.ndarray[Any, np.dtype[np.float32]]

COMPARED = 0  # places in `counters`
LISTED = 1

_B32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@compiled
def _slots(size: int) -> int:
    slots = 4
    while slots < 2 * size:
        slots *= 2
    return slots


@compiled
def _remember(shingles: Shingles, start: int, end: int, stamp: int, seen: Hashes) -> None:
    """Put a set of shingles into the scratch table."""
    mask = np.uint64(_slots(end - start) - 1)
    mark = np.uint64(stamp) << _B32
    for place in range(start, end):
        shingle = np.uint64(shingles[place])
        at = shingle & mask
        while seen[at] & ~_LOW == mark:
            at = (at + np.uint64(1)) & mask
        seen[at] = mark | shingle


@compiled
def _similarity(
    shingles: Shingles, start: int, end: int, size: int, stamp: int, seen: Hashes, threshold: float
) -> float:
    """Return the Jaccard similarity of a set and the remembered one (of `size`); 0 when it is below the threshold."""
    other = end - start
    if min(size, other) < threshold * max(size, other):
        return 0.0
    # common / (size + other - common) >= threshold: this many of `other` may be missing; 1 more for rounding
    allowed = other - int(threshold * (size + other) / (1 + threshold)) + 1
    mask = np.uint64(_slots(size) - 1)
    mark = np.uint64(stamp) << _B32
    missing = 0
    for place in range(start, end):
        entry = mark | np.uint64(shingles[place])
        at = entry & mask
        while seen[at] != entry:
            if seen[at] & ~_LOW != mark:
                missing += 1
                break
            at = (at + np.uint64(1)) & mask
        if missing > allowed:
            return 0.0
    common = other - missing
    similarity = common / (size + missing)
    return similarity if similarity >= threshold else 0.0


@compiled
def assign(
    first: int,
    buckets: Rows,
    own: int,
    leader: Rows,
    target: Rows,
    similarity: Similarities,
    compared_by: Rows,
    heads: Rows,
    listed: Rows,
    following: Rows,
    counters: Offsets,
    ends: Offsets,
    shingles: Shingles,
    seen: Hashes,
    threshold: float,
    limit: int,
) -> None:
    """Decide for the rows of one block.

    Args:
        first: Number of the first row.
        buckets: (bands, rows), the bucket of each in each band; 0 where it is alone.
        own: Rows from this number on are of earlier partitions: never duplicates themselves, and preferred.
        leader: The row with the same content that came first.
        target: Written: what each row is a duplicate of; itself where it is none.
        similarity: Written.
        compared_by: 1 + the row that each was last compared to.
        heads: (1 + buckets,) the latest listed row of each; 0 for none.
        listed: Rows that are no duplicates, by place from 1.
        following: The place of the one listed before in the same bucket; 0 for none.
        counters: Comparisons made, places used.
        ends: (1 + rows,) where each set of shingles ends; `ends[0]` is 0.
        shingles: The sets.
        seen: Scratch.
        threshold: Of the Jaccard similarity.
        limit: At most so many rows of a bucket are looked at, the latest first.
    """
    for place in range(buckets.shape[1]):
        row = first + place
        lead = leader[row]
        if lead != row:
            target[row] = target[lead]
            similarity[row] = 1.0 if target[lead] == lead else similarity[lead]
            continue
        target[row] = row
        start, end = ends[row], ends[row + 1]
        size = end - start
        remembered = False
        best: Any = row
        best_similarity: Any = 0.0
        best_earlier: Any = False
        if row < own:
            for band in range(buckets.shape[0]):
                bucket = buckets[band, place]
                if bucket == 0:
                    continue
                at = heads[bucket]
                looked = 0
                while at and looked < limit:
                    other = np.int64(listed[at])
                    at = following[at]
                    looked += 1
                    if compared_by[other] == row + 1:
                        continue
                    compared_by[other] = row + 1
                    if not remembered:
                        _remember(shingles, start, end, row + 1, seen)
                        remembered = True
                    counters[COMPARED] += 1
                    alike = _similarity(shingles, ends[other], ends[other + 1], size, row + 1, seen, threshold)
                    if alike == 0.0:
                        continue
                    earlier = other >= own
                    better = alike > best_similarity or (alike == best_similarity and other < best)
                    if earlier != best_earlier:
                        better = earlier
                    if better:
                        best, best_similarity, best_earlier = other, alike, earlier
        if best != row:
            target[row] = best
            similarity[row] = best_similarity
            continue
        for band in range(buckets.shape[0]):
            bucket = buckets[band, place]
            if bucket:
                counters[LISTED] += 1
                node = counters[LISTED]
                listed[node] = row
                following[node] = heads[bucket]
                heads[bucket] = node
