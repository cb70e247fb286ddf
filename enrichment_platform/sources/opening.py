"""Opens a file as a stream of bytes, decompressed, with every failure as one clear message."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

import aiohttp
import pyarrow as pa

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.listing import File, compression_of

CHUNK = 1 << 20
READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, aiohttp.ClientError, pa.ArrowException)


@contextmanager
def opened(file: File, *, seekable: bool) -> Iterator[Any]:
    """A binary stream of the file's decompressed bytes.

    Args:
        file: What to open.
        seekable: The reader jumps in the file (Parquet): what cannot jump is copied to a temporary file
            first.

    Raises:
        SourceError: The file cannot be opened or read to its end, also while the caller is reading.
    """
    try:
        with ExitStack() as stack:
            web = file.url.startswith(("http://", "https://"))
            options = {"block_size": 0} if web else {}  # 0: one request, read as it comes, without ranges
            stream = stack.enter_context(file.filesystem.open(file.path, "rb", **options))
            compression = compression_of(file.name)
            if compression is not None:
                stream = stack.enter_context(_decompressed(stream, compression))
            if seekable and (web or compression is not None):
                copy = stack.enter_context(tempfile.TemporaryFile())
                while chunk := stream.read(CHUNK):
                    copy.write(chunk)
                copy.seek(0)
                stream = copy
            yield stream
    except READ_ERRORS as error:
        what = str(error).replace(file.path, file.url) or "it ends too early or cannot be reached"
        raise SourceError(f"{file.url} cannot be read: {type(error).__name__}: {what}") from error


def _decompressed(stream: Any, compression: str) -> IO[bytes] | pa.NativeFile:
    if compression == "gzip":
        return gzip.GzipFile(fileobj=stream)
    if compression == "bz2":
        return bz2.BZ2File(stream)
    if compression == "xz":
        return lzma.LZMAFile(stream)
    return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), compression)
