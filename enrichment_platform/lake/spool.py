"""A table on its way into the lake that may not fit into memory: batches in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import polars as pl
import pyarrow as pa


class Spool:
    """Batches of rows of one schema, written once and read as often as a commit needs; a context manager.

    The file (Arrow IPC, compressed) is in the system's temporary folder (TMPDIR) and goes with the spool.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.empty = pl.DataFrame(schema=dict(schema))
        self.rows = 0
        self._schema = self.empty.to_arrow().schema
        self._file = tempfile.NamedTemporaryFile(prefix="enrichment-", suffix=".arrow")  # noqa: SIM115 - closed by __exit__
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
        self._writer.write_table(frame.to_arrow().cast(self._schema))
        self.rows += frame.height

    def batches(self) -> Iterator[pl.DataFrame]:
        """All batches, in order."""
        self._end()
        with pa.OSFile(self._file.name) as source, pa.ipc.open_stream(source) as reader:
            for batch in reader:
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield frame

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._file.flush()
            self._writer = None
