"""Physical lines of a stream of bytes, split at the newline byte and nowhere else."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from enrichment_platform.errors import SourceError

CHUNK = 1 << 20
LONGEST_LINE = 256 * 1024 * 1024
BOM = codecs.BOM_UTF8


def physical_lines(stream: Any, name: str, encoding: str) -> Iterator[tuple[int, bytes]]:
    """Number (from 1) and bytes of each line, its newline included; a UTF-8 byte order mark is taken off.

    Other separators that Unicode knows (U+2028, form feed, ...) are text. Encodings in which a newline is
    more than one byte (UTF-16, UTF-32) come out as UTF-8: read the lines with `line_encoding`.

    Raises:
        SourceError: The encoding is unknown, a line is longer than 256 MiB, or UTF-16 that is not.
    """
    chunks = _chunks(stream)
    if line_encoding(encoding, name) != encoding:
        chunks = _transcoded(chunks, name, encoding)
    parts: list[bytes] = []
    held = number = 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            parts.append(piece)
            number += 1
            line = b"".join(parts) + b"\n"
            yield number, line.removeprefix(BOM) if number == 1 else line
            parts, held = [], 0
        parts.append(rest)
        held += len(rest)
        if held > LONGEST_LINE:
            raise SourceError(f"{name}: line {number + 1} is longer than {LONGEST_LINE >> 20} MiB: not a file of lines")
    last = b"".join(parts)
    last = last.removeprefix(BOM) if number == 0 else last
    if last:
        yield number + 1, last


def line_encoding(encoding: str, name: str) -> str:
    """The encoding that the lines of `physical_lines` are in.

    Raises:
        SourceError: There is no such encoding.
    """
    try:
        return encoding if "\n".encode(encoding) == b"\n" else "utf-8"
    except LookupError:
        raise SourceError(f"{name}: there is no encoding {encoding!r}; write e.g. utf-8 or cp1252") from None


def _chunks(stream: Any) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield bytes(chunk)


def _transcoded(chunks: Iterator[bytes], name: str, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise SourceError(f"{name} is not {encoding}: correct source.encoding") from error
