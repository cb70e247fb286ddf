"""One GET with retries: three tries, then one message that names the host and the status."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.listing import web_name
from enrichment_platform.sources.paging import Request

TRIES = 3
BACKOFF_S = 1.0
LONGEST_WAIT_S = 120.0
RETRIED = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """What came back with a status below 400."""

    url: str
    status: int
    content_type: str
    body: bytes
    next_link: str | None


def get(
    session: requests.Session,
    request: Request,
    headers: dict[str, str],
    timeout_s: float,
    *,
    may_be_missing: bool = False,
) -> Answer | None:
    """The answer to a GET; None for a 404 that `may_be_missing`.

    429, 5xx and connection errors are tried again after 1 s and 2 s, or after what Retry-After asks for (at
    most 120 s).

    Raises:
        SourceError: No good answer; the message holds neither parameters nor headers, which may be secret.
    """
    name = web_name(request.url)
    failure = ""
    for attempt in range(1, TRIES + 1):
        wait = BACKOFF_S * 2 ** (attempt - 1)
        try:
            response = session.get(request.url, params=request.params, headers=headers, timeout=timeout_s)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            failure = f"cannot be reached ({type(error).__name__})"
        except requests.RequestException as error:
            raise SourceError(
                f"{name}: the request cannot be made ({type(error).__name__}); correct source.url"
            ) from None
        else:
            if response.status_code < 400:
                return _answer(response)
            if response.status_code == 404 and may_be_missing:
                return None
            failure = f"answered {response.status_code} {response.reason}".rstrip()
            if response.status_code not in RETRIED:
                raise SourceError(f"{name} {failure}: correct source.url, source.params or source.headers")
            wait = max(wait, min(_asked_wait(response.headers.get("Retry-After")), LONGEST_WAIT_S))
        if attempt < TRIES:
            time.sleep(wait)
    raise SourceError(f"{name} {failure}, {TRIES} times; try again later or check the host") from None


def _answer(response: requests.Response) -> Answer:
    return Answer(
        url=response.url,
        status=response.status_code,
        content_type=response.headers.get("Content-Type", ""),
        body=response.content,
        next_link=response.links.get("next", {}).get("url"),
    )


def _asked_wait(header: str | None) -> float:
    """Seconds of a Retry-After header: a number or an HTTP date (RFC 9110, 10.2.3)."""
    if not header:
        return 0.0
    try:
        return float(header)
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
