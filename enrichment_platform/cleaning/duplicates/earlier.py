"""The rows of earlier partitions that could be what a row of this partition duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from enrichment_platform.cleaning.duplicates.grouping import CROWD
from enrichment_platform.cleaning.duplicates.matching import Matching
from enrichment_platform.cleaning.duplicates.sketches import Sketches, signed, sketches
from enrichment_platform.cleaning.duplicates.store import Numbers, Store

_TEXTS = 4096  # asked for at a time

ID = ["partition_key", "row_id"]


class EarlierTexts(Protocol):
    """What earlier partitions kept of their texts."""

    def signatures(self) -> Iterator[pl.DataFrame]:
        """Yield batches of partition_key, row_id (String), content, exact (Binary, 16 bytes), bands (List(Int64)).

        The earliest first: of two with the same content the first counts, and of a crowd that shares a band the first
        64 are compared with.
        """

    def texts(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return partition_key, row_id, text of the rows wanted (partition_key, row_id), without those not kept."""


def halves(hashes: pl.Series) -> Numbers:
    """Return a Binary column of 16 bytes each as (rows, 2) uint64."""
    return np.frombuffer(b"".join(hashes.to_list()), "<u8").reshape(-1, 2)


def binary(hashes: Numbers) -> pl.Series:
    """Return (rows, 2) uint64 as a Binary column of 16 bytes each."""
    octets = np.ascontiguousarray(hashes, "<u8").tobytes()
    return pl.Series([octets[at : at + 16] for at in range(0, len(octets), 16)], dtype=pl.Binary)


class KnownKeys:
    """The keys of this partition, sorted, to see which rows of earlier partitions share one."""

    def __init__(self, store: Store, columns: list[Numbers]) -> None:
        """Take the columns: the identity, then the bands; all (rows,) uint64, 0 for none."""
        from enrichment_platform.cleaning.duplicates.earlier_kernel import mark

        self._sorted = []
        bits = max(13, (8 * sum(len(keys) for keys in columns)).bit_length())
        self._shift = 64 - bits
        self._bits = np.zeros((1 << bits) // 8, np.uint8)
        for number, keys in enumerate(columns):
            kept = store.column(f"sorted-{number}", np.uint64)
            kept.append(np.sort(keys))
            self._sorted.append(kept.read())
            kept.close()
            mark(self._sorted[-1], self._shift, self._bits)
        self._taken = [store.zeros((len(keys),), np.uint8) for keys in columns]

    def shared(self, first: int, keys: list[Numbers], limit: int) -> Numbers:
        """Return (rows,) bool: which rows share a key with a column from `first` on; the first `limit` of each key."""
        from enrichment_platform.cleaning.duplicates.earlier_kernel import admit

        found = np.zeros(len(keys[0]) if keys else 0, np.uint8)
        for number, column in enumerate(keys, first):
            admit(column, self._sorted[number], self._shift, self._bits, self._taken[number], limit, found)
        return found.astype(bool)


@dataclass(frozen=True)
class Candidates:
    """Rows of earlier partitions that share a key with this one, as their signatures say.

    Attributes:
        ids: partition_key, row_id.
        exact: (rows, 2) uint64.
        content: (rows, 2) uint64.
        bands: (bands, rows) uint64; zeros where the signature has none.
        fences: (rows,) uint64; as well.
    """

    ids: pl.DataFrame
    exact: Numbers
    content: Numbers
    bands: Numbers
    fences: Numbers

    @classmethod
    def of(cls, known: KnownKeys, batch: pl.DataFrame, matching: Matching, bands: int) -> Candidates:
        """Return those of one batch of signatures."""
        exact, content = halves(batch["exact"]), halves(batch["content"])
        keys = np.zeros((bands + 1, len(batch)), np.uint64)
        full = (batch["bands"].list.len() == bands + 1).fill_null(False).to_numpy()
        if bands and full.any():
            listed = batch["bands"].filter(pl.Series(full)).cast(pl.Array(pl.Int64, bands + 1)).to_numpy()
            keys[:, full] = np.ascontiguousarray(listed).view(np.uint64).T
        identity = exact if matching.match == "exact" else content
        chosen = known.shared(0, [np.ascontiguousarray(identity[:, 0])], 1)
        if bands:
            chosen |= known.shared(1, list(keys[:bands]), CROWD)
        ids = batch.filter(pl.Series(chosen)).select(ID)
        return cls(ids, exact[chosen], content[chosen], keys[:bands, chosen], keys[bands, chosen])

    @classmethod
    def together(cls, several: list[Candidates]) -> Candidates:
        """Return all of them, in order."""
        return cls(
            pl.concat([some.ids for some in several]),
            np.concatenate([some.exact for some in several]),
            np.concatenate([some.content for some in several]),
            np.concatenate([some.bands for some in several], axis=1),
            np.concatenate([some.fences for some in several]),
        )


class Checked:
    """Candidates whose text is still the one that was signed, with their sets of shingles."""

    def __init__(self, of: Candidates, rows: slice, part: Sketches, there: Numbers) -> None:
        exact, content, fences = of.exact[rows], of.content[rows], of.fences[rows]
        same, same_guard = signed(part, exact, content, fences)
        kept = same & there
        self.ids = of.ids[rows].filter(pl.Series(kept))
        self.exact, self.content, self.fences = exact[kept], content[kept], fences[kept]
        self.bands = np.where(same_guard, of.bands[:, rows], 0)[:, kept]  # of an older guard: no near duplicate
        self.sizes, self.shingles = part.sizes[kept], part.shingles[np.repeat(kept, part.sizes)]


def checked(earlier: EarlierTexts, known: KnownKeys, matching: Matching, bands: int) -> Iterator[Checked]:
    """Yield the rows of earlier partitions that share a key and whose text, as it is kept now, is the one signed.

    A row whose text is no longer kept, or was changed since its signature was stored, is left out: nothing may be
    said to duplicate a text that is not there. The context of a row is taken from its signature.
    """
    waiting: list[Candidates] = []
    for batch in earlier.signatures():
        waiting.append(Candidates.of(known, batch, matching, bands))
        if sum(len(some.ids) for some in waiting) >= _TEXTS:
            yield from _checked(earlier, matching, Candidates.together(waiting))
            waiting = []
    if waiting:
        yield from _checked(earlier, matching, Candidates.together(waiting))


def _checked(earlier: EarlierTexts, matching: Matching, candidates: Candidates) -> Iterator[Checked]:
    if not len(candidates.ids):
        return
    texts = earlier.texts(candidates.ids).unique(ID, keep="first", maintain_order=True)
    found = candidates.ids.join(texts, on=ID, how="left", maintain_order="left")["text"]
    there, start = found.is_not_null().to_numpy(), 0
    for part in sketches(matching, found):
        rows = slice(start, start + len(part.sizes))
        yield Checked(candidates, rows, part, there[rows])
        start = rows.stop
