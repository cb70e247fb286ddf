"""A Polars String column as the Arrow buffers that compiled kernels read and write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

BLOCK_ROWS = 2_000  # 1.5 MB of usual texts

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Offsets = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class TextBuffers:
    """Texts in UTF-8, end to end.

    Attributes:
        data: All bytes, uint8.
        offsets: int64, one more than rows: row i is `data[offsets[i]:offsets[i + 1]]`; a null row is empty.
    """

    data: Bytes
    offsets: Offsets

    @classmethod
    def of(cls, column: pl.Series) -> TextBuffers:
        """Return the buffers of a String column; they share memory with what Arrow made of it."""
        column = column.cast(pl.String)
        if column.null_count():
            column = column.fill_null("")  # there may be bytes under a null
        array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        _, offsets, data = array.buffers()
        start = np.frombuffer(offsets, np.int64, len(array) + 1, offset=8 * array.offset)
        octets = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
        return cls(octets, start)

    @classmethod
    def blocks(cls, column: pl.Series) -> Iterator[tuple[int, TextBuffers]]:
        """Yield the number of the first row and the buffers, BLOCK_ROWS at a time: they stay in the cache."""
        for first in range(0, max(1, len(column)), BLOCK_ROWS):
            yield first, cls.of(column.slice(first, BLOCK_ROWS))

    @property
    def rows(self) -> int:
        """Texts."""
        return len(self.offsets) - 1

    def series(self, like: pl.Series) -> pl.Series:
        """Return a String column of these texts with the name and the nulls of `like`; the bytes are not copied."""
        array = pa.LargeStringArray.from_buffers(self.rows, pa.py_buffer(self.offsets), pa.py_buffer(self.data))
        texts = pl.from_arrow(array)
        assert isinstance(texts, pl.Series)
        if like.null_count():
            frame = pl.DataFrame({"text": texts, "there": like.is_not_null()})
            texts = frame.select(pl.when("there").then("text"))["text"]
        return texts.alias(like.name)
