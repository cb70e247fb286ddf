"""The rows of earlier partitions that could be what a row of this partition duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import polars as pl

from enrichment_platform.cleaning.duplicates.grouping import CROWD
from enrichment_platform.cleaning.duplicates.matching import Matching
from enrichment_platform.cleaning.duplicates.sketches import sketches
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


class Candidate:
    """Rows of one batch of signatures that share a key with this partition."""

    def __init__(self, known: KnownKeys, batch: pl.DataFrame, matching: Matching, bands: int) -> None:
        exact, content = halves(batch["exact"]), halves(batch["content"])
        keys = np.zeros((bands + 1, len(batch)), np.uint64)
        full = (batch["bands"].list.len() == bands + 1).fill_null(False).to_numpy()
        if bands and full.any():
            listed = batch["bands"].filter(pl.Series(full)).explode(empty_as_null=True).to_numpy()
            keys[:, full] = listed.view(np.uint64).reshape(-1, bands + 1).T
        identity = exact if matching.match == "exact" else content
        chosen = known.shared(0, [np.ascontiguousarray(identity[:, 0])], 1)
        if bands:
            chosen |= known.shared(1, list(keys[:bands]), CROWD)
        self.ids = batch.filter(pl.Series(chosen)).select(ID)
        self.exact, self.content = exact[chosen], content[chosen]
        self.bands, self.fences = keys[:bands, chosen], keys[bands, chosen]


def sets_of(earlier: EarlierTexts, matching: Matching, ids: pl.DataFrame) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield (sizes, shingles) of the texts of these rows, in order; size 0 where the text is not kept."""
    for start in range(0, len(ids), _TEXTS):
        wanted = ids.slice(start, _TEXTS)
        texts = earlier.texts(wanted).unique(ID, keep="first", maintain_order=True)
        found = wanted.join(texts, on=ID, how="left", maintain_order="left")
        for part in sketches(matching, found["text"]):
            yield part.sizes, part.shingles
