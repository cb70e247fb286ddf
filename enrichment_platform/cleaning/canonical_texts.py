"""The texts that duplicates are answered by, on disk: as many as there are originals, read a few at a time."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import polars as pl

_VARIABLES = 10_000  # of one statement; SQLite allows 32,766


class CanonicalTexts:
    """Key -> text, in a temporary database that goes with it; a context manager."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory(prefix="enrichment-") as folder:
            self._database = sqlite3.connect(Path(folder) / "texts.db")
            self._database.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;"
                " CREATE TABLE texts (key TEXT PRIMARY KEY, text TEXT);"
            )
        # Without a name from here on, the file goes with the process, however that ends: it holds rows.

    def __enter__(self) -> CanonicalTexts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, keys: Sequence[str], texts: Sequence[str]) -> None:
        """Add texts; of a key that is there already, the first one stays."""
        self._database.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", zip(keys, texts, strict=True))

    def get(self, keys: pl.Series) -> pl.Series:
        """Return the text of each key (String), null where there is none."""
        wanted = keys.unique().drop_nulls().to_list()
        found: dict[str, str] = {}
        for start in range(0, len(wanted), _VARIABLES):
            part = wanted[start : start + _VARIABLES]
            marks = ",".join("?" * len(part))
            found.update(self._database.execute(f"SELECT key, text FROM texts WHERE key IN ({marks})", part))  # noqa: S608
        return pl.Series("text", [found.get(key) for key in keys.to_list()], dtype=pl.String)
