"""Files as a source: which ones a path means, and which reader each of them needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.csv_records import csv_batches
from enrichment_platform.sources.environment import expand_path
from enrichment_platform.sources.json_records import json_batches, jsonl_batches
from enrichment_platform.sources.listing import File, format_of, listed
from enrichment_platform.sources.opening import opened
from enrichment_platform.sources.parquet_records import parquet_batches
from enrichment_platform.sources.records import Batch, Reading
from enrichment_platform.spec import FileSource, PartitionWindow

PARTITION_KEY = "{partition_key}"


def read_files(source: FileSource, window: PartitionWindow, root: Path, record: str | None = None) -> Reading:
    """The records of the files that `source.path` means.

    With `{partition_key}` in the path the files of the partition are read, and all their rows belong to it.

    Args:
        source: Where the files are and what is in them.
        window: The partition that is read.
        root: Folder that a relative path starts from.
        record: json: dotted path to the fields inside one record.

    Raises:
        SourceError: No file matches, or a file has no known format.
    """
    path = expand_path(source.path, "source.path")
    placed = PARTITION_KEY in path
    files = listed(path, window.key, root, source.format)
    formats = [(file, _format(source, file)) for file in files]
    name = files[0].url if len(files) == 1 else f"{path.replace(PARTITION_KEY, window.key)} ({len(files)} files)"
    return Reading(name, _batches(source, formats, record), whole=not placed, placed=placed)


def _batches(source: FileSource, files: list[tuple[File, str]], record: str | None) -> Iterator[Batch]:
    for file, file_format in files:
        with opened(file, seekable=file_format == "parquet") as stream:
            if file_format == "csv":
                yield from csv_batches(stream, file.name, source.delimiter, source.encoding)
            elif file_format == "jsonl":
                yield from jsonl_batches(stream, file.name, source.encoding)
            elif file_format == "json":
                yield from json_batches(stream, file.name, source.encoding, source.records, record)
            else:
                yield from parquet_batches(stream, file.name)


def _format(source: FileSource, file: File) -> str:
    found = source.format or format_of(file.name)
    if found is None:
        raise SourceError(
            f"{file.url}: the name does not say what the file holds; set source.format to csv, jsonl, json or parquet"
        )
    return found
