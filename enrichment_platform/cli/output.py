"""What commands print: tables for people, values for JSON."""

from __future__ import annotations

import math
import sys
from datetime import UTC, date, datetime
from typing import Any

from enrichment_platform.printable import printable


def finite(value: Any) -> Any:
    """NaN and infinity as null: JSON has neither."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [finite(item) for item in value]
    return {key: finite(item) for key, item in value.items()} if isinstance(value, dict) else value


def plain(value: Any) -> Any:
    """What JSON has no type for: times in ISO 8601, the rest as text (the `default` of `json.dumps`)."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def cell(value: Any) -> str:
    """A value as the text of a table's cell, at most 80 characters."""
    text = "" if value is None else printable(str(value))
    return text if len(text) <= 80 else text[:77] + "..."


def table(columns: list[str], rows: list[list[str]]) -> None:
    """Print a table, 160 columns wide where it is not a terminal that is printed to."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    grid = Table(*(escape(printable(column)) for column in columns))
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160).print(grid)


def moment(value: datetime) -> str:
    """A time of the ledger in ISO 8601, UTC, to the second; SQLite gives it back without its zone."""
    known = value if value.tzinfo else value.replace(tzinfo=UTC)
    return known.astimezone(UTC).isoformat(timespec="seconds")
