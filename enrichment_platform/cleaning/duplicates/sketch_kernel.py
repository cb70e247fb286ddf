"""Sketches each text: the hash of its normalised form, its set of shingles and its MinHash bands (compiled)."""

from typing import Any

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.duplicates.alphabet import Table
from enrichment_platform.cleaning.duplicates.hash_kernel import Hashes, mixed
from enrichment_platform.cleaning.duplicates.words_kernel import cut

Shingles = np.ndarray[Any, np.dtype[np.uint32]]

_B32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_MIX = np.uint64(0x9E3779B97F4A7C15)


@compiled
def set_of(words: Hashes, count: int, weights: Hashes, seen: Hashes, stamp: int, out: Shingles, start: int) -> int:
    """Write the set of a text's shingles to `out` from `start`, in the order of their first occurrence.

    Args:
        words: Hashes of the words.
        count: How many.
        weights: One odd number for each word of a shingle; a text with fewer words has one shingle, of all of them.
        seen: Scratch, a power of two of at least twice `count` slots.
        stamp: A number above 0 that was not used with this scratch.
        out: uint32, written.
        start: Where to.

    Returns:
        Shingles.
    """
    if count == 0:
        return 0
    length = min(len(weights), count)
    slots = 4
    while slots < 2 * count:
        slots *= 2
    mask = np.uint64(slots - 1)
    mark = np.uint64(stamp) << _B32
    found = 0
    for first in range(count - length + 1):
        total = np.uint64(0)
        for place in range(length):
            total += words[first + place] * weights[place]
        shingle = mixed(total) & _LOW
        at = shingle & mask
        entry = mark | shingle
        fresh = True
        while seen[at] & ~_LOW == mark:
            if seen[at] == entry:
                fresh = False
                break
            at = (at + np.uint64(1)) & mask
        if fresh:
            seen[at] = entry
            out[start + found] = np.uint32(shingle)
            found += 1
    return found


@compiled
def minima(shingles: Shingles, factors: Shingles, masks: Shingles, out: Shingles) -> None:
    """Write the least value of each hash `factor * (shingle ^ mask)` mod 2^32 over the shingles to `out`."""
    for number in range(len(out)):
        out[number] = np.uint32(0xFFFFFFFF)
    for shingle in shingles:
        for number in range(len(out)):
            value = np.uint32(factors[number] * np.uint32(shingle ^ masks[number]))
            out[number] = min(out[number], value)


@compiled
def sketch(
    data: Bytes,
    offsets: Offsets,
    context: Hashes,
    table: Table,
    guards: Hashes,
    weights: Hashes,
    per_band: int,
    factors: Shingles,
    masks: Shingles,
    words: Hashes,
    seen: Hashes,
    content: Hashes,
    bands: Hashes,
    fences: Hashes,
    sizes: Shingles,
    shingles: Shingles,
) -> int:
    """Sketch texts.

    Args:
        data: UTF-8 of all texts; those with complex characters folded before.
        offsets: Where each begins, and the end.
        context: (rows, 2) hashes of the contexts.
        table: `alphabet.table()`.
        guards: `guard_words.guard_table()`.
        weights: Of the words in a shingle.
        per_band: Hashes of a band.
        factors: Odd, one a hash; none for no near duplicates. Those beyond the bands' fill up the machine's registers.
        masks: One a hash.
        words: Scratch, as long as the longest text has words.
        seen: Scratch, see `set_of`; zeros.
        content: (rows, 2), written: of the normalised text and its context; zeros for a blank text.
        bands: (bands, rows), written: key of each band, of its minima, the guard and the context; 0 without shingles.
        fences: (rows,), written: of the guard and the context, without which no two rows are compared.
        sizes: (rows,), written: shingles of each text.
        shingles: Written, the texts' sets end to end.

    Returns:
        Shingles of all texts.
    """
    hashes = len(factors)
    signature = np.empty(hashes, np.uint32)
    total = 0
    for row in range(len(offsets) - 1):
        count, c1, c2, guard = cut(data, np.uint64(offsets[row]), np.uint64(offsets[row + 1]), table, guards, words)
        if c1 or c2:
            content[row, 0] = mixed(c1 + context[row, 0])
            content[row, 1] = mixed(c2 ^ context[row, 1])
        else:
            content[row, 0] = 0
            content[row, 1] = 0
        fence = mixed(guard ^ context[row, 0])
        fences[row] = fence
        sizes[row] = 0
        if hashes == 0 or count == 0:
            for band in range(len(bands)):
                bands[band, row] = 0
            continue
        size = set_of(words, count, weights, seen, row + 1, shingles, total)
        sizes[row] = size
        minima(shingles[total : total + size], factors, masks, signature)
        total += size
        for band in range(len(bands)):
            key = fence + np.uint64(band + 1) * _MIX
            for place in range(band * per_band, band * per_band + per_band):
                key = mixed(key ^ np.uint64(signature[place]))
            bands[band, row] = key | np.uint64(1)
    return total
