"""The files that a path, glob, folder or URL means, in a stable order."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec

from enrichment_platform.errors import SourceError

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}
GLOB = re.compile(r"[*?\[]")
PARTITION_KEY = "{partition_key}"


@dataclass(frozen=True)
class File:
    """One file.

    Attributes:
        filesystem: fsspec filesystem that opens it.
        path: Path in that filesystem.
        url: How messages call it; without a query string, which may hold a signature.
        name: Path below the fixed part of the source's path; opens the ids of its rejected rows.
    """

    filesystem: Any
    path: str
    url: str
    name: str


def listed(pattern: str, partition_key: str, root: Path, wanted_format: str | None) -> list[File]:
    """The files that a path means, sorted by name.

    Args:
        pattern: Path, glob, folder or URL; `{partition_key}` in it is replaced.
        partition_key: The partition that is read.
        root: Folder that a relative local path starts from.
        wanted_format: source.format; in a folder, files of unknown format are left out unless it is given.

    Raises:
        SourceError: Nothing matches; the message names the pattern and the nearest folder that exists.
    """
    protocol, separator, _ = pattern.partition("://")
    if separator and protocol in ("http", "https"):
        return [_web_file(pattern.replace(PARTITION_KEY, partition_key), protocol)]
    if not separator:
        pattern, prefix = posixpath.join(root.absolute().as_posix(), pattern), ""
    else:
        pattern, prefix = pattern.removeprefix(f"{protocol}://"), f"{protocol}://"
    filesystem = _filesystem(protocol if separator else "file", prefix + pattern)
    path = pattern.replace(PARTITION_KEY, partition_key)
    found = sorted(_matches(filesystem, path, wanted_format, prefix + path))
    if not found:
        nearest = _nearest(filesystem, path)
        there = f"; {prefix}{nearest} exists" if nearest else ""
        raise SourceError(f"no file matches {prefix}{path}{there}. Correct source.path")
    moving = GLOB.search(path) or PARTITION_KEY in pattern
    fixed = path.rstrip("/") if not moving and found != [path] else _fixed_folder(pattern)
    return [File(filesystem, file, prefix + file, posixpath.relpath(file, fixed)) for file in found]


def format_of(name: str) -> str | None:
    """csv, jsonl, json or parquet, from a name with or without a compression suffix; else None."""
    stem, suffix = posixpath.splitext(name.lower())
    if suffix in COMPRESSIONS:
        suffix = posixpath.splitext(stem)[1]
    return FORMATS.get(suffix)


def compression_of(name: str) -> str | None:
    """gzip, bz2, xz or zstd, from the last suffix of a name; None when it is not compressed."""
    return COMPRESSIONS.get(posixpath.splitext(name.lower())[1])


def web_name(url: str) -> str:
    """The URL without user, password, query and fragment, any of which may hold a secret."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"://[^/@]*@", "://", bare)


def _web_file(url: str, protocol: str) -> File:
    return File(_filesystem(protocol, web_name(url)), url, web_name(url), posixpath.basename(web_name(url)) or "index")


def _filesystem(protocol: str, name: str) -> Any:
    # Listings are not cached: a file that appeared since the last read in this process must be seen.
    options = {} if protocol == "file" else {"use_listings_cache": False, "skip_instance_cache": True}
    try:
        return fsspec.filesystem(protocol, **options)
    except (ImportError, ValueError, TypeError) as error:
        raise SourceError(f"{name}: {protocol}:// cannot be read ({error}); use a path, s3:// or https://") from error


def _matches(filesystem: Any, path: str, wanted_format: str | None, name: str) -> list[str]:
    try:
        if filesystem.isfile(path):
            return [path]
        if GLOB.search(path):
            return [file for file in filesystem.glob(path) if filesystem.isfile(file)]
        files = filesystem.find(path) if filesystem.isdir(path) else []
    except Exception as error:  # each filesystem has its own errors, botocore's among them
        raise SourceError(f"{name} cannot be listed: {type(error).__name__}: {error}") from error
    shown = [file for file in files if not _hidden(posixpath.relpath(file, path))]
    return [file for file in shown if wanted_format is not None or format_of(file)]


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.split("/"))


def _fixed_folder(pattern: str) -> str:
    """The part of a path before its first glob or placeholder; without one, the folder of the file."""
    moving = [match.start() for match in (GLOB.search(pattern), re.search(re.escape(PARTITION_KEY), pattern)) if match]
    return posixpath.dirname(pattern[: min(moving)] if moving else pattern.rstrip("/"))


def _nearest(filesystem: Any, path: str) -> str:
    folder = posixpath.dirname(path.rstrip("/"))
    while folder and folder != "/":
        try:
            if filesystem.isdir(folder):
                return folder
        except Exception:  # noqa: BLE001 - only a hint in a message about another error
            return ""
        folder = posixpath.dirname(folder)
    return folder
