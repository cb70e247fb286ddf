"""Columns of numbers in temporary files, so that memory does not grow with a partition."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike

Numbers = np.ndarray[Any, Any]

_BUFFER = 1 << 20


class Store:
    """A folder in TMPDIR that is removed at the end; its files are mapped into memory to be read."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="duplicates-")
        self._scratch = 0

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def path(self, name: str) -> Path:
        """Return where the file of this name is."""
        return Path(self._folder.name) / name

    def column(self, name: str, dtype: DTypeLike, width: int = 1) -> Column:
        """Return a column that is still empty; `width` numbers a row."""
        return Column(self.path(name), np.dtype(dtype), width)

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> Numbers:
        """Return an array of zeros in a file of its own; pages that nothing was written to take no room."""
        self._scratch += 1
        if 0 in shape:
            return np.zeros(shape, dtype)
        mapped = np.memmap(self.path(f"scratch-{self._scratch}"), np.dtype(dtype), "w+", shape=shape)
        return np.asarray(mapped)


class Column:
    """Numbers that are appended, then read."""

    def __init__(self, path: Path, dtype: np.dtype[Any], width: int) -> None:
        self._path, self._dtype, self._width = path, dtype, width
        self._file: IO[bytes] = path.open("wb", buffering=_BUFFER)
        self._rows = 0

    def append(self, numbers: Numbers) -> None:
        """Add rows: (rows,) or (rows, width)."""
        self._file.write(np.ascontiguousarray(numbers, self._dtype).data)
        self._rows += len(numbers)

    def read(self) -> Numbers:
        """Return all rows, mapped; more may be added after, for the next call."""
        self._file.flush()
        shape = (self._rows,) if self._width == 1 else (self._rows, self._width)
        if not self._rows:
            return np.zeros(shape, self._dtype)
        return np.asarray(np.memmap(self._path, self._dtype, "r", shape=shape))

    def close(self) -> None:
        """Close the file; what was read stays."""
        self._file.close()
