"""The head of an HTTP/1.1 request, made once and sent many times."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from yarl import URL

_TARGET = re.compile(r"[\x21-\x7e]+", re.ASCII)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)  # a token of RFC 9110


def request_head(method: str, url: URL, headers: Mapping[str, str]) -> bytes:
    """Request line and headers with their line ends, without the empty line: more headers may follow.

    Raises:
        ValueError: a part holds a line break or another character that would make it something else. The message
            does not hold the part.
    """
    target, host = url.raw_path_qs, url.host_port_subcomponent or ""
    if not _TARGET.fullmatch(target) or not _TARGET.fullmatch(host):
        raise ValueError("the URL's path, query or host holds a character that no request line may hold")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    for name, value in headers.items():
        if not is_header(name, value):
            raise ValueError("a header holds a character that no header may hold")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, ""]).encode()


def is_header(name: str, value: str) -> bool:
    """Whether name and value can be sent as one header."""
    return bool(_HEADER_NAME.fullmatch(name)) and value.isprintable()


def with_credentials(url: URL, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, and with them the user and password of a URL; an Authorization among them goes before."""
    if url.raw_user is None or any(name.lower() == "authorization" for name in headers):
        return dict(headers)
    credentials = f"{url.user or ''}:{url.password or ''}".encode()
    return {**headers, "Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
