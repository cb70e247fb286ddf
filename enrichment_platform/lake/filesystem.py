"""The filesystem that a table's files are read through: Arrow's own, free of Python."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import pyarrow.fs as pafs


def native_filesystem(uri: str) -> pafs.FileSystem | None:
    """Arrow's filesystem rooted at a table; None where Arrow has none for the scheme (deltalake's is used then).

    deltalake's own filesystem is Python behind Arrow's threads. Such a thread that is still reading when the
    interpreter ends (a query with LIMIT leaves one) aborts the process or keeps it from ever ending.
    """
    if "://" not in uri:
        return pafs.SubTreeFileSystem(uri, pafs.LocalFileSystem())
    if not uri.startswith("s3://"):
        return None
    options: dict[str, str] = {}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        parts = urlsplit(endpoint)
        options |= {"endpoint_override": parts.netloc, "scheme": parts.scheme}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region:
        options["region"] = region
    return pafs.SubTreeFileSystem(uri.removeprefix("s3://"), pafs.S3FileSystem(**options))
