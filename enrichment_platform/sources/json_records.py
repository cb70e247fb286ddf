"""JSON lines and JSON documents as records of text: strings as they are, everything else as JSON."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any, Never

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.lines import line_encoding, physical_lines
from enrichment_platform.sources.records import BATCH_CHARACTERS, BATCH_ROWS, Batch, TextValues, rejection
from enrichment_platform.sources.rejection import Reason, Rejection

Fields = dict[str, str | None]


def jsonl_batches(stream: Any, origin: str, encoding: str) -> Iterator[Batch]:
    """Batches of a JSON lines file; a line that is not an object is rejected, a blank one passed over."""
    return _batched(_line_records(stream, origin, encoding), origin, "line")


def json_batches(stream: Any, origin: str, encoding: str, records: str | None, record: str | None) -> Iterator[Batch]:
    """Batches of a JSON document, which is read as a whole.

    Args:
        stream: The document's bytes.
        origin: Name of the file.
        encoding: Of the document.
        records: Dotted path to the list of records; a document that is a list itself needs none.
        record: Dotted path to the fields inside one record.

    Raises:
        SourceError: Not JSON, or no list at the path.
    """
    data = stream.read()
    if not data.strip():
        return iter(())
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode(encoding)
        document = parsed(text)
    except UnicodeDecodeError as error:
        raise SourceError(f"{origin}: byte {error.start + 1} is not {encoding}; correct source.encoding") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{origin} is not a JSON document: {_what(error)}") from error
    found = document if isinstance(document, list) else records_at(document, records or "", origin)
    return record_batches(found, origin, record)


def record_batches(records: Iterable[Any], origin: str, record: str | None, first: int = 1) -> Iterator[Batch]:
    """Batches of parsed JSON records; one that is not an object (at the path `record`) is rejected.

    Args:
        records: Parsed with `parsed`.
        origin: A file name, or http.
        record: Dotted path to the fields inside one record.
        first: Number of the first one.
    """
    numbered = enumerate(records, start=first)
    return _batched(
        ((number, _fields(item, record, origin, "record", number)) for number, item in numbered),
        origin,
        "record",
    )


def parsed(text: str) -> Any:
    """A JSON value in which a number remembers how it was written.

    Raises:
        ValueError: Not JSON (NaN and Infinity are not).
        RecursionError: Nested too deeply.
    """
    return json.loads(text, parse_float=_Float, parse_constant=_no_constant)


def records_at(document: Any, path: str, name: str) -> list[Any]:
    """The list at a dotted path.

    Raises:
        SourceError: There is none; the message names the keys that are there.
    """
    found = value_at(document, path)
    if isinstance(found, list):
        return found
    if isinstance(document, dict):
        there = "its keys are " + (", ".join(_paths(document)) or "none")
    else:
        there = f"it is a {type(document).__name__}"
    raise SourceError(f"{name} has no list at {path!r}: {there}. Correct source.records")


def value_at(document: Any, path: str) -> Any:
    """The value at a dotted path of keys and list positions, None where there is none."""
    for part in path.split(".") if path else ():
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def json_text(value: Any) -> str | None:
    """A value as text: strings as they are, null as None, everything else as its JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, _Float):
        return value.text
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Float(float):
    """A number that keeps its text: 1.10 stays 1.10, and an amount of 20 digits keeps all of them."""

    text: str

    def __new__(cls, text: str) -> _Float:
        number = super().__new__(cls, text)
        number.text = text
        return number


def _no_constant(_: str) -> Never:
    raise ValueError("NaN and Infinity are not JSON")


def _line_records(stream: Any, origin: str, encoding: str) -> Iterator[tuple[int, Fields | Rejection]]:
    read_as = line_encoding(encoding, origin)
    for number, line in physical_lines(stream, origin, encoding):
        if not line.strip():
            continue
        try:
            item = parsed(line.decode(read_as))
        except UnicodeDecodeError as error:
            what = f"byte {error.start + 1} of the line is not {read_as}"
            yield number, rejection(origin, "line", number, Reason.WRONG_ENCODING, what)
        except (ValueError, RecursionError) as error:
            yield number, rejection(origin, "line", number, Reason.MALFORMED_LINE, _what(error))
        else:
            yield number, _fields(item, None, origin, "line", number)


def _fields(item: Any, record: str | None, origin: str, unit: str, number: int) -> Fields | Rejection:
    item = value_at(item, record) if record else item
    if not isinstance(item, dict):
        where = f" at {record}" if record else ""
        return rejection(origin, unit, number, Reason.MALFORMED_LINE, f"no JSON object{where}")
    try:
        fields = {name: json_text(value) for name, value in item.items()}
        for text in (*fields, *fields.values()):
            if text is not None and not text.isascii():
                text.encode()
    except UnicodeEncodeError:
        return rejection(origin, unit, number, Reason.WRONG_ENCODING, "half of a surrogate pair is no character")
    except (ValueError, RecursionError):
        return rejection(origin, unit, number, Reason.MALFORMED_LINE, "a number too long or nested too deeply")
    return fields


def _batched(records: Iterable[tuple[int, Fields | Rejection]], origin: str, unit: str) -> Iterator[Batch]:
    good: list[tuple[int, Fields]] = []
    bad: list[Rejection] = []
    characters = 0
    for number, record in records:
        if isinstance(record, Rejection):
            bad.append(record)
        else:
            good.append((number, record))
            characters += sum(len(text) for text in record.values() if text is not None)
        if len(good) + len(bad) >= BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield _batch(good, bad, origin, unit)
            good, bad, characters = [], [], 0
    if good or bad:
        yield _batch(good, bad, origin, unit)


def _batch(good: list[tuple[int, Fields]], bad: list[Rejection], origin: str, unit: str) -> Batch:
    columns = tuple(dict.fromkeys(name for _, record in good for name in record))
    rows = [[record.get(name) for name in columns] for _, record in good]
    numbers = [number for number, _ in good]
    return Batch(origin, unit, columns, numbers, TextValues(columns, rows), bad, varying=True)


def _what(error: Exception) -> str:
    """What was wrong with a text, without the text."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON at character {error.pos + 1}: {error.msg}"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number that is not JSON or too long"


def _paths(document: dict[str, Any]) -> list[str]:
    """Keys of a document, those of nested objects with a dot; names only, never values."""
    inner = [f"{key}.{name}" for key, value in document.items() if isinstance(value, dict) for name in value]
    return [*document, *inner][:40]
