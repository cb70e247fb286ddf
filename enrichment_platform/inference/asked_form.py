"""A duplicate is asked in the words of its original: the same request, so that one answer serves both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import polars as pl

from enrichment_platform.cleaning_spec import ASKED_AS


def asked_form(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a cleaned row with the text columns of its original, where it is a duplicate that shares the answer."""
    original = row.get(ASKED_AS)
    if not original:
        return row
    return {**row, **orjson.loads(original), ASKED_AS: None}


def asked_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Return cleaned rows as they are asked: what `asked_form` does, for a table."""
    if ASKED_AS not in rows.columns or rows[ASKED_AS].null_count() == rows.height:
        return rows
    at = rows[ASKED_AS].is_not_null()
    originals = [orjson.loads(text) for text in rows[ASKED_AS].filter(at)]
    positions = at.arg_true()
    columns = {
        name: rows[name].cast(pl.String).scatter(positions, [original[name] for original in originals])
        for name in originals[0]
    }
    return rows.with_columns(pl.Series(name, values) for name, values in columns.items()).with_columns(
        pl.lit(None, pl.String).alias(ASKED_AS)
    )
