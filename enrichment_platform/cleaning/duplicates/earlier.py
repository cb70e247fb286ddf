"""The rows of earlier partitions that could be what a row of this partition duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import polars as pl

from enrichment_platform.cleaning.duplicates.matching import Matching
from enrichment_platform.cleaning.duplicates.sketches import sketches
from enrichment_platform.cleaning.duplicates.store import Numbers, Store

_TEXTS = 4096  # asked for at a time

ID = ["partition_key", "row_id"]


class EarlierTexts(Protocol):
    """What earlier partitions kept of their texts."""

    def signatures(self) -> Iterator[pl.DataFrame]:
        """Yield batches of partition_key, row_id (String), content, exact (Binary, 16 bytes), bands (List(Int64)).

        The earliest first: of two with the same content the first counts.
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
        self._sorted = []
        for number, keys in enumerate(columns):
            ordered = np.sort(keys)
            kept = store.column(f"sorted-{number}", np.uint64)
            kept.append(ordered)
            self._sorted.append(kept.read())
            kept.close()

    def shared(self, number: int, keys: Numbers) -> Numbers:
        """Return which of the keys are in column `number`; 0 never is."""
        ordered = self._sorted[number]
        if not len(ordered):
            return np.zeros(len(keys), bool)
        at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
        return np.asarray((ordered[at] == keys) & (keys != 0))


class Candidate:
    """Rows of one batch of signatures that share a key with this partition."""

    def __init__(self, known: KnownKeys, batch: pl.DataFrame, matching: Matching, bands: int) -> None:
        exact, content = halves(batch["exact"]), halves(batch["content"])
        keys = np.zeros((bands, len(batch)), np.uint64)
        full = (batch["bands"].list.len() == bands).fill_null(False).to_numpy()
        if bands and full.any():
            keys[:, full] = (
                batch["bands"].filter(pl.Series(full)).explode(empty_as_null=True).to_numpy().view(np.uint64).reshape(-1, bands).T
            )
        identity = exact if matching.match == "exact" else content
        same = known.shared(0, identity[:, 0])
        near = np.zeros(len(batch), bool)
        for band in range(bands):
            near |= known.shared(1 + band, keys[band])
        near &= ~same  # its text would be read for nothing: what is like it is like the row with its content
        chosen = same | near
        self.ids = batch.filter(pl.Series(chosen)).select(ID)
        self.exact, self.content, self.bands = exact[chosen], content[chosen], keys[:, chosen]
        self.near = (same | near)[chosen]


def sets_of(earlier: EarlierTexts, matching: Matching, ids: pl.DataFrame) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield (sizes, shingles) of the texts of these rows, in order; size 0 where the text is not kept."""
    for start in range(0, len(ids), _TEXTS):
        wanted = ids.slice(start, _TEXTS)
        texts = earlier.texts(wanted).unique(ID, keep="first", maintain_order=True)
        found = wanted.join(texts, on=ID, how="left", maintain_order="left")
        for part in sketches(matching, found["text"]):
            yield part.sizes, part.shingles
