"""Turns batches of texts into the columns that duplicates are found in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from enrichment_platform.cleaning.buffers import TextBuffers
from enrichment_platform.cleaning.duplicates.alphabet import folded, table
from enrichment_platform.cleaning.duplicates.guard_words import guard_table
from enrichment_platform.cleaning.duplicates.matching import Matching
from enrichment_platform.cleaning.duplicates.store import Numbers

_SLICE_BYTES = 16 << 20  # of text at a time: the scratch for it is about twice that
_SLICE_ROWS = 1 << 16
_SEED = 20260101  # of the hash functions; another one makes earlier signatures worthless
_TOGETHER = 32  # hashes that a processor works on at once; an odd rest would take as long as all others
_OF_CONTEXT = np.uint64(0x9E3779B97F4A7C15)
_NO_CONTEXT = (0x5851F42D4C957F2D, 0x14057B7EF767814F)


@dataclass(frozen=True)
class Sketches:
    """Some rows.

    Attributes:
        exact: (rows, 2) uint64, of bytes and context.
        content: (rows, 2) uint64, of the normalised text and context; zeros where it is blank.
        bands: (bands, rows) uint64; zeros without shingles.
        fences: (rows,) uint64, of the guard and the context.
        sizes: (rows,) uint32, shingles of each.
        shingles: uint32, the sets end to end.
    """

    exact: Numbers
    content: Numbers
    bands: Numbers
    fences: Numbers
    sizes: Numbers
    shingles: Numbers


@dataclass(frozen=True)
class _Hashing:
    bands: int
    per_band: int
    weights: Numbers
    factors: Numbers
    masks: Numbers


@lru_cache(maxsize=8)
def _hashing(matching: Matching) -> _Hashing:
    random = np.random.Generator(np.random.PCG64(_SEED))
    bands, rows = matching.bands() if matching.match == "near" else (0, 0)
    weights = random.integers(0, 2**63, 16, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    coefficients = random.integers(0, 2**32, (1024, 2), dtype=np.uint32)
    used = coefficients[: -(-bands * rows // _TOGETHER) * _TOGETHER]
    return _Hashing(
        bands,
        rows,
        weights[: matching.shingle_words].copy(),
        used[:, 0] | np.uint32(1),
        np.ascontiguousarray(used[:, 1]),
    )


def sketches(matching: Matching, texts: pl.Series, context: pl.Series | None = None) -> Iterator[Sketches]:
    """Yield the sketches of the texts, in order.

    Args:
        matching: What is looked for.
        texts: String, null for none.
        context: String or null, as many; None: no row has one.
    """
    start = 0
    while start < len(texts):
        part = texts.slice(start, _SLICE_ROWS)
        lengths = part.str.len_bytes().fill_null(0).cum_sum()
        rows = max(1, int((lengths <= _SLICE_BYTES).sum()))
        part = part.slice(0, rows)
        yield _sketch(matching, part, None if context is None else context.slice(start, rows))
        start += rows


def _sketch(matching: Matching, texts: pl.Series, context: pl.Series | None) -> Sketches:
    from enrichment_platform.cleaning.duplicates.hash_kernel import raw_hashes
    from enrichment_platform.cleaning.duplicates.sketch_kernel import sketch

    hashing = _hashing(matching)
    letters, guards = table(), guard_table()
    buffers = TextBuffers.of(texts)
    rows = buffers.rows
    contexts = np.empty((rows, 2), np.uint64)
    contexts[:] = _NO_CONTEXT
    complicated = np.zeros(rows, np.uint8)
    if context is not None and context.null_count() < rows:
        of_context = TextBuffers.of(context)
        hashed = np.empty((rows, 2), np.uint64)
        raw_hashes(of_context.data, of_context.offsets, letters, hashed, complicated)
        there = context.is_not_null().to_numpy()
        contexts[there] = hashed[there]
    exact = np.empty((rows, 2), np.uint64)
    raw_hashes(buffers.data, buffers.offsets, letters, exact, complicated)
    exact ^= contexts * _OF_CONTEXT
    if complicated.any():
        buffers = TextBuffers.of(_simplified(texts, complicated))
    longest = int(np.diff(buffers.offsets).max(initial=0)) + 1
    content = np.empty((rows, 2), np.uint64)
    bands = np.zeros((hashing.bands, rows), np.uint64)
    fences = np.empty(rows, np.uint64)
    sizes = np.zeros(rows, np.uint32)
    used = int(buffers.offsets[-1] - buffers.offsets[0])
    shingles = np.empty(used // 2 + rows + 1 if hashing.bands else 0, np.uint32)
    total = sketch(
        buffers.data,
        buffers.offsets,
        contexts,
        letters,
        guards,
        hashing.weights,
        hashing.per_band,
        hashing.factors,
        hashing.masks,
        np.empty(longest, np.uint64),
        np.zeros(table_slots(longest), np.uint64),
        content,
        bands,
        fences,
        sizes,
        shingles,
    )
    return Sketches(exact, content, bands, fences, sizes, shingles[:total])


def table_slots(most: int) -> int:
    """Return the slots of a scratch table that holds sets of at most so many shingles."""
    slots = 4
    while slots < 2 * most:
        slots *= 2
    return slots


def signed(part: Sketches, exact: Numbers, content: Numbers, fences: Numbers) -> tuple[Numbers, Numbers]:
    """Tell whose text is the one that a signature was made of, in whatever context.

    `exact` is of the bytes and the context: with the bytes at hand it tells the context, and with another text a wrong
    one, to which `content` does not fit.

    Args:
        part: Sketches of the texts, without context.
        exact: (rows, 2) uint64, stored.
        content: (rows, 2) uint64, stored.
        fences: (rows,) uint64, stored.

    Returns:
        (rows,) bool: the text is the same; and (rows,) bool: its numbers and negations were guarded as they are now.
    """
    none = np.array(_NO_CONTEXT, np.uint64)
    context = (part.exact ^ (none * _OF_CONTEXT) ^ exact) * np.uint64(pow(int(_OF_CONTEXT), -1, 1 << 64))
    ours, stored = _unmixed(part.content), _unmixed(content)
    same = part.content.any(axis=1)
    same &= ours[:, 0] - none[0] == stored[:, 0] - context[:, 0]
    same &= (ours[:, 1] ^ none[1]) == (stored[:, 1] ^ context[:, 1])
    return same, (_unmixed(part.fences) ^ none[0]) == (_unmixed(fences) ^ context[:, 0])


def _unmixed(hashes: Numbers) -> Numbers:
    """Undo `hash_kernel.mixed`."""
    for factor in (0xC4CEB9FE1A85EC53, 0xFF51AFD7ED558CCD):
        hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(pow(factor, -1, 1 << 64))
    unmixed: Numbers = hashes ^ (hashes >> np.uint64(33))
    return unmixed


def _simplified(texts: pl.Series, complicated: Numbers) -> pl.Series:
    rows = np.flatnonzero(complicated)
    turned = pl.DataFrame({"text": texts.gather(rows)}).select(folded(pl.col("text")))["text"]
    return texts.clone().scatter(rows, turned)
