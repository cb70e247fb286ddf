"""How the pages of an API follow each other: the request after a page, as a pure function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.json_records import json_text, value_at
from enrichment_platform.spec import HttpPaging


@dataclass(frozen=True)
class Request:
    """One page that is asked for."""

    url: str
    params: dict[str, str]


def is_counted(paging: HttpPaging) -> bool:
    """Pages are asked for by a number that we count up, so that only an empty page or a 404 ends them.

    APIs cap the size of a page silently: a short page does not prove the end.
    """
    return paging.type in ("offset", "page")


def first_request(paging: HttpPaging, url: str, params: dict[str, str]) -> Request:
    """The request of the first page.

    Raises:
        SourceError: Cursor paging without the path to the cursor.
    """
    if paging.type == "cursor" and not paging.cursor:
        raise SourceError("source.paging.cursor is needed: the dotted path to the next cursor in the answer")
    sent = dict(params)
    if is_counted(paging):
        sent[paging.parameter] = str(paging.first)
    if paging.size_parameter and paging.type != "none":
        sent[paging.size_parameter] = str(paging.size)
    return Request(url, sent)


def next_request(paging: HttpPaging, request: Request, document: Any, records: int, link: str | None) -> Request | None:
    """The request after a page, None after the last one.

    Args:
        paging: How pages follow each other.
        request: The page's own request.
        document: The page's JSON.
        records: How many records the page holds.
        link: Address of the page's Link header with rel="next" (RFC 8288).
    """
    if is_counted(paging):
        if records == 0:
            return None
        step = records if paging.type == "offset" else 1
        following = str(int(request.params[paging.parameter]) + step)
        return Request(request.url, {**request.params, paging.parameter: following})
    if paging.type == "cursor":
        cursor = json_text(value_at(document, paging.cursor or ""))
        return Request(request.url, {**request.params, paging.parameter: cursor}) if cursor else None
    if paging.type == "link" and link is not None:
        return Request(urljoin(request.url, link), {})
    return None
