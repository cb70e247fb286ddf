"""A paged HTTP JSON API as batches of records."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.environment import expand, expand_path
from enrichment_platform.sources.files import read_files
from enrichment_platform.sources.http_get import Answer, get
from enrichment_platform.sources.json_records import parsed, record_batches, records_at
from enrichment_platform.sources.listing import format_of, web_name
from enrichment_platform.sources.paging import Request, first_request, is_counted, next_request
from enrichment_platform.sources.records import Batch, Reading
from enrichment_platform.sources.template import fill, partition_values, uses_placeholder
from enrichment_platform.spec import FileSource, HttpSource, PartitionsSpec, PartitionWindow


def read_http(source: HttpSource, partitions: PartitionsSpec, window: PartitionWindow) -> Reading:
    """The records of an API, or of the file that `override_env` names.

    The variable may hold a path (relative to the current folder) or URL of a .csv, .jsonl, .json or
    .parquet file, compressed or not, which is then read with the same key, timestamp and columns; or the
    URL of another API, which takes the place of `url`. Rejected rows are called `http:<n>`, counted over
    all pages.

    Raises:
        SourceError: The host, the status, the JSON, the records path or the paging is wrong.
    """
    values = partition_values(partitions, window)
    override = os.environ.get(source.override_env or "", "").strip()
    if override and not (_is_web(override) and format_of(web_name(override)) is None):
        return read_files(_file(source, override), window, Path.cwd(), source.record)
    url = fill(expand_path(override or source.url, "source.url"), values, "source.url")
    params = {
        name: fill(expand(text, f"source.params.{name}"), values, f"source.params.{name}")
        for name, text in source.params.items()
    }
    headers = {name: expand(text, f"source.headers.{name}") for name, text in source.headers.items()}
    part = uses_placeholder(override or source.url, *source.params.values())
    return Reading(web_name(url), _batches(source, url, params, headers), whole=not part)


def _batches(source: HttpSource, url: str, params: dict[str, str], headers: dict[str, str]) -> Iterator[Batch]:
    first = 1
    for records in _pages(source, url, params, headers):
        yield from record_batches(records, "http", source.record, first)
        first += len(records)


def _pages(source: HttpSource, url: str, params: dict[str, str], headers: dict[str, str]) -> Iterator[list[Any]]:
    """The records of each page; a page that comes twice is an error, so that reading always ends."""
    paging, name = source.paging, web_name(url)
    request: Request | None = first_request(paging, url, params)
    asked: set[str] = set()
    bodies: set[bytes] = set()
    with requests.Session() as session:
        while request is not None:
            asked.add(repr(request))
            # Secrets go to the host that they are meant for, wherever a next link leads.
            sent = headers if _host(request.url) == _host(url) else {}
            missing_is_end = is_counted(paging) and len(asked) > 1
            answer = get(session, request, sent, source.timeout_s, may_be_missing=missing_is_end)
            if answer is None:
                return
            document = _document(answer, name)
            records = records_at(document, source.records, name)
            digest = hashlib.sha256(answer.body).digest()
            if records and is_counted(paging) and digest in bodies:
                raise SourceError(
                    f"{name}: page {len(asked)} is the same as one before; does the API move with the"
                    f" parameter {paging.parameter!r}? Correct source.paging"
                )
            bodies.add(digest)
            yield records
            request = next_request(paging, request, document, len(records), answer.next_link)
            if request is not None and repr(request) in asked:
                raise SourceError(
                    f"{name}: page {len(asked)} leads to a page that was read before, so the paging would"
                    " never end. Correct source.paging"
                )


def _document(answer: Answer, name: str) -> Any:
    try:
        return parsed(answer.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SourceError(
            f"{name} answered {answer.status} with {answer.content_type or 'no content type'}, which is not JSON"
        ) from error


def _file(source: HttpSource, path: str) -> FileSource:
    return FileSource(
        path=path,
        key=source.key,
        timestamp=source.timestamp,
        timestamp_format=source.timestamp_format,
        columns=source.columns,
        records=source.records or None,
    )


def _is_web(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _host(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
