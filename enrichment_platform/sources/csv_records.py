"""CSV as a stream of records, in which a malformed record costs itself and nothing after it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.lines import line_encoding, physical_lines
from enrichment_platform.sources.records import BATCH_CHARACTERS, BATCH_ROWS, Batch, TextValues, rejection
from enrichment_platform.sources.rejection import Reason, Rejection

LONGEST_RECORD = 8 * 1024 * 1024


def csv_batches(stream: Any, origin: str, delimiter: str, encoding: str) -> Iterator[Batch]:
    r"""Batches of a CSV file; values are text exactly as written, an empty field is an empty string.

    A record may span lines inside quotes. Where one turns out malformed (quotes, number of fields, longer
    than 8 MiB), its first physical line is rejected and reading goes on with the next line, so that a quote
    that never closes takes no good rows with it. One case cannot be told apart: such a quote, in the last
    field, before a row whose quoted last field begins with a line break; the two read as one valid record.
    Blank lines are not records.

    Raises:
        SourceError: The first record, the header, is malformed, or the delimiter is not one character.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_RECORD))
    records = _Records(physical_lines(stream, origin, encoding), line_encoding(encoding, origin), delimiter, origin)
    header = records.next()
    if header is None:
        return
    if isinstance(header, Rejection):
        raise SourceError(f"the header of {header.detail}. Correct the file, source.delimiter or source.encoding")
    columns = tuple(header)
    records.width = len(columns)
    yield Batch(origin, "line", columns, (), TextValues(columns, ()))
    rows: list[list[str]] = []
    numbers: list[int] = []
    bad: list[Rejection] = []
    mark = records.characters
    while (record := records.next()) is not None:
        if isinstance(record, Rejection):
            bad.append(record)
        else:
            rows.append(record)
            numbers.append(records.number)
        if len(rows) + len(bad) >= BATCH_ROWS or records.characters - mark > BATCH_CHARACTERS:
            yield Batch(origin, "line", columns, numbers, TextValues(columns, rows), bad)
            rows, numbers, bad, mark = [], [], [], records.characters
    if rows or bad:
        yield Batch(origin, "line", columns, numbers, TextValues(columns, rows), bad)


@dataclass
class _Records:
    """The records that remain; `number` is the first line of the one that `next` gave."""

    lines: Iterator[tuple[int, bytes]]
    encoding: str
    delimiter: str
    origin: str
    width: int | None = None
    number: int = 0
    characters: int = 0
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)
    current: list[tuple[int, bytes]] = field(default_factory=list)
    undecodable: str = ""
    held: int = 0

    def __post_init__(self) -> None:
        self.reader = self._reader()

    def next(self) -> list[str] | Rejection | None:
        """The next record, its rejection, or None at the end."""
        while True:
            self.current.clear()
            self.held = 0
            self.undecodable = ""
            try:
                fields: list[str] = next(self.reader)
            except StopIteration:
                return None
            except csv.Error as error:
                return self._malformed(str(error))
            self.number = self.current[0][0]
            if not fields:
                continue
            if self.width is not None and len(fields) != self.width:
                return self._malformed(f"{len(fields)} fields where the header has {self.width}")
            if self.undecodable:
                return rejection(self.origin, "line", self.number, Reason.WRONG_ENCODING, self.undecodable)
            return fields

    def _malformed(self, what: str) -> Rejection:
        number = self.current[0][0]
        self.waiting.extendleft(reversed(self.current[1:]))
        self.reader = self._reader()
        return rejection(self.origin, "line", number, Reason.MALFORMED_LINE, what)

    def _reader(self) -> Any:
        try:
            return csv.reader(self._text(), delimiter=self.delimiter, strict=True)
        except (TypeError, ValueError) as error:
            raise SourceError(f"source.delimiter {self.delimiter!r}: {error}; write one character, e.g. ';'") from error

    def _text(self) -> Iterator[str]:
        """The lines of the current record, as the csv reader asks for them."""
        while True:
            if self.waiting:
                line = self.waiting.popleft()
            elif (found := next(self.lines, None)) is not None:
                line = found
            else:
                return
            self.current.append(line)
            self.held += len(line[1])
            self.characters += len(line[1])
            if self.held > LONGEST_RECORD:
                raise csv.Error(f"a record longer than {LONGEST_RECORD >> 20} MiB; is a quote never closed?")
            try:
                text = line[1].decode(self.encoding)
            except UnicodeDecodeError as error:
                self.undecodable = f"byte {error.start + 1} of line {line[0]} is not {self.encoding}"
                text = line[1].decode(self.encoding, errors="replace")
            yield text
