"""A table on its way into the lake that may not fit into memory: batches in a temporary file."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import polars as pl
import pyarrow as pa

BATCH_BYTES = 16_000_000  # about, of a batch as it is read back


class _Reading(io.RawIOBase):
    """Reads a file from its beginning, at a place of its own: several may read at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = os.pread(self._descriptor, len(buffer), self._at)
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


class Spool:
    """Batches of rows of one schema, written once and read as often as a commit needs; a context manager.

    The file (Arrow IPC, compressed) is in the system's temporary folder (TMPDIR). It has no name there, so that it goes
    with the process, however that ends: it holds rows.

    Attributes:
        empty: Columns and types.
        rows: Rows so far.
        bytes: About how much memory they took.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.empty = pl.DataFrame(schema=dict(schema))
        self.rows = 0
        self._schema = self.empty.to_arrow().schema
        self.bytes = 0
        self._file = tempfile.TemporaryFile(prefix="enrichment-")  # noqa: SIM115 - closed by __exit__
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer: pa.ipc.RecordBatchStreamWriter | None = pa.ipc.new_stream(
            self._file, self._schema, options=options
        )

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            try:
                self._end()
            finally:
                self._file.close()  # flushes, so a full disk is told here too; the file is gone all the same
        except (OSError, pa.ArrowException):
            if error is None:  # else what went wrong first is what has to be told
                raise

    def append(self, frame: pl.DataFrame) -> None:
        """Add a batch; only before the first reading."""
        assert self._writer is not None
        size = frame.estimated_size()
        rows = max(1, frame.height * BATCH_BYTES // max(1, int(size)))
        self._writer.write_table(frame.to_arrow().cast(self._schema), max_chunksize=rows)
        self.rows += frame.height
        self.bytes += int(size)

    def batches(self) -> Iterator[pl.DataFrame]:
        """All batches, in order."""
        self._end()
        with pa.PythonFile(_Reading(self._file.fileno()), "r") as source, pa.ipc.open_stream(source) as reader:
            for batch in reader:
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield frame

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._file.flush()
            self._writer = None
