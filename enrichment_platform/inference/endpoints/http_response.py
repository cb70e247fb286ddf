"""An HTTP response that was read to its end."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from multidict import CIMultiDict

# Far above any chat completion or list of models, and low enough that a server gone wrong fills no memory.
MAX_BODY_BYTES = 64 * 1024 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS  # what some servers mean by "deflate"
_DEFLATED = frozenset({b"gzip", b"x-gzip", b"deflate"})


@dataclass(slots=True)
class Response:
    """Status, headers as they came (names in lower case), body."""

    status: int
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers by name, in any case; of several with one name, `get` gives the first.

        Built at each call: the one response in thousands that is no answer is asked for them.
        """
        return CIMultiDict(
            (name.decode("ascii", "replace"), value.decode("utf-8", "surrogateescape"))
            for name, value in self.raw_headers
        )


def decoded(body: bytes, raw_headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The body without its content encoding, which only a proxy adds: none is asked for.

    Returns:
        None where the encoding is not known, the data are damaged, or they would grow beyond `MAX_BODY_BYTES`.
    """
    encodings = [value.strip().lower() for name, value in raw_headers if name == b"content-encoding"]
    encoding = b",".join(value for value in encodings if value not in (b"", b"identity"))
    if not encoding or not body:
        return body
    if encoding not in _DEFLATED:
        return None
    inflated = _inflated(body, _GZIP_OR_ZLIB)
    return _inflated(body, _RAW_DEFLATE) if inflated is None and encoding == b"deflate" else inflated


def _inflated(body: bytes, window: int) -> bytes | None:
    inflater = zlib.decompressobj(window)
    try:
        data = inflater.decompress(body, MAX_BODY_BYTES)
    except zlib.error:
        return None
    return data if inflater.eof else None
