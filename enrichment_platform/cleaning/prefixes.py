"""Rows whose texts begin alike get one number: sent together, a server computes their common beginning once."""

from __future__ import annotations

import numpy as np
import polars as pl

from enrichment_platform.cleaning.tail import POSITION

PREFIX_CHARS = 64  # about one block of vLLM's prefix cache, 16 tokens


class PrefixGroups:
    """Collects the beginnings of the texts of a partition, 8 bytes each."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] = []

    def add(self, texts: pl.Series) -> None:
        """Add the texts of a batch."""
        self._parts.append(texts.fill_null("").str.slice(0, PREFIX_CHARS).hash(0).to_numpy())

    def groups(self) -> pl.DataFrame:
        """Return `~position`, `prefix_group` (Int64, from 1 by first appearance) of rows that share their beginning."""
        hashes = np.concatenate(self._parts) if self._parts else np.zeros(0, np.uint64)
        _, first, group, members = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
        numbers = np.zeros(len(first), np.int64)
        shared = np.flatnonzero(members > 1)
        numbers[shared[np.argsort(first[shared])]] = np.arange(1, len(shared) + 1)
        of_row = numbers[group] if len(hashes) else np.zeros(0, np.int64)
        rows = np.flatnonzero(of_row)
        return pl.DataFrame({POSITION: rows.astype(np.int64), "prefix_group": of_row[rows]})
