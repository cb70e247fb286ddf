"""CSV that a spreadsheet shows and does not obey: `--csv [FILE]` of the commands that list rows.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, which can start programs and send
other cells away. Such text gets a `'` in front, as https://owasp.org/www-community/attacks/CSV_Injection says.
"""

from __future__ import annotations

import json
import math
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click

from enrichment_platform.cli.output import finite, plain
from enrichment_platform.errors import InputError
from enrichment_platform.printable import printable

F = TypeVar("F", bound=Callable[..., Any])
STANDARD_OUTPUT = "-"
# The full-width and small ones too: spreadsheets set to Japanese or Chinese take them for the others.
FORMULA = "=+-@＝＋－＠﹦﹢﹣﹫"
# Where `;` or a tab separates cells, as it does in most of Europe, our quotes do not hold and a new cell begins inside.
_SEPARATORS = ";\t\r\n"
_FROM_SEPARATOR = re.compile(rf"[{_SEPARATORS}]\W*")  # whatever is skipped before a formula is no letter or digit

as_csv: Callable[[F], F] = click.option(
    "--csv",
    "csv_file",
    is_flag=False,
    flag_value=STANDARD_OUTPUT,
    metavar="[FILE]",
    help="Write all rows as CSV that is safe to open in a spreadsheet; to standard output without FILE. Comes last.",
)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], target: str) -> None:
    """Write rows with a header to a file, or to standard output where `target` is `-`; UTF-8.

    A terminal gets control characters as escapes.

    Raises:
        InputError: the file cannot be written.
    """
    lines = csv_lines(columns, rows)
    if target != STANDARD_OUTPUT:
        try:
            with Path(target).open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise InputError(f"--csv {target}: {error.strerror or error}") from error
    elif sys.stdout.isatty():
        for line in lines:
            click.echo(printable(line.removesuffix("\r\n")))
    else:
        for line in lines:
            sys.stdout.buffer.write(line.encode())
        sys.stdout.buffer.flush()


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of RFC 4180, ends included: text in quotes, null as nothing, lists and structs as JSON."""
    yield _line(columns)
    for values in rows:
        yield _line(values)


def only_one(*, json_output: bool, csv_file: str | None) -> None:
    """Refuse `--json` and `--csv` together.

    Raises:
        InputError: both are given.
    """
    if json_output and csv_file is not None:
        raise InputError("give --json or --csv, not both")


def harmless(text: str) -> str:
    """The text with a `'` before whatever a spreadsheet would take for the beginning of a formula."""
    inner = _FROM_SEPARATOR.sub(lambda match: _guarded(match.group()), text)
    return f"'{inner}" if _begins_formula(text) else inner


def _begins_formula(text: str) -> bool:
    if text[:1] in ("\t", "\r", "\n"):
        return True
    first = next((char for char in text if not _is_skipped(char)), "")
    return first != "" and first in FORMULA


def _guarded(text: str) -> str:
    """The text with a `'` before each formula that begins a cell in it; it begins with a separator."""
    guarded, begins = [], False
    for char in text:
        if begins and char in FORMULA:
            guarded.append("'")
        begins = char in _SEPARATORS or (begins and _is_skipped(char))
        guarded.append(char)
    return "".join(guarded)


def _is_skipped(char: str) -> bool:
    """True for what spreadsheets skip or drop before they look: spaces, invisible characters, the quote of a cell."""
    return char == '"' or char.isspace() or unicodedata.category(char) in ("Cc", "Cf")


def _line(values: Sequence[Any]) -> str:
    return ",".join(_cell(value) for value in values) + "\r\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal) and math.isfinite(value):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | dict):
        value = json.dumps(finite(value), default=plain, ensure_ascii=False)
    text = harmless(str(value)).replace('"', '""')
    return f'"{text}"'
