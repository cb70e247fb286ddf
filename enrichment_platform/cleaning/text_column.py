"""A text column on its way through the cleaning steps: what an engine does with it, and how the CPU does."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import polars as pl

from enrichment_platform.cleaning.feature import Feature, Flags, features
from enrichment_platform.cleaning.guard import replaced
from enrichment_platform.cleaning.plan import PlannedStep

Rows = np.ndarray[Any, np.dtype[np.int64]]


class TextColumn(Protocol):
    """A text column, wherever it is; steps are applied to it in order."""

    def transform(self, step: PlannedStep) -> pl.Series:
        """Apply a transform; returns which rows it changed (Boolean, no nulls)."""

    def details(self, step: PlannedStep) -> pl.Series:
        """Apply a filter; returns why a row goes (String), null where it stays."""

    def series(self) -> pl.Series:
        """Return the texts as they are now (String)."""


class HostText:
    """A text column in memory, and the features of its texts: a step sees the rows alone that it may change."""

    def __init__(self, column: pl.Series) -> None:
        self._column = column
        self._features: Flags | None = None
        self._unread: list[Rows] = []  # rows that changed since their features were found

    def transform(self, step: PlannedStep) -> pl.Series:
        """Apply a transform to the rows that may need it; returns which ones it changed."""
        rows = self._rows_for(step)
        if rows is None:
            new = _applied(self._column, step)
            differs = new.ne_missing(self._column)
            at = differs.to_numpy().nonzero()[0]
        elif not len(rows):
            return pl.Series([False]).new_from_index(0, len(self._column))
        else:
            texts = self._column.gather(rows)
            changed = _applied(texts, step)
            among = changed.ne_missing(texts)
            at = rows[among.to_numpy()]
            marks = np.zeros(len(self._column), np.bool_)
            marks[at] = True
            differs = pl.Series(marks)
            new = replaced(self._column, at, changed.filter(among)) if len(at) else self._column
        if self._features is not None and len(at) and step.operation.gains:
            self._unread.append(at)
        self._column = new
        return differs

    def details(self, step: PlannedStep) -> pl.Series:
        """Apply a filter to the rows that may be filtered."""
        rows = self._rows_for(step)
        if rows is None:
            return _applied(self._column, step)
        nothing = pl.Series(self._column.name, [None], dtype=pl.String).new_from_index(0, len(self._column))
        return replaced(nothing, rows, _applied(self._column.gather(rows), step)) if len(rows) else nothing

    def series(self) -> pl.Series:
        """Return the texts as they are now."""
        return self._column

    def _rows_for(self, step: PlannedStep) -> Rows | None:
        """Rows with a feature that the operation needs; None where it has to see all."""
        needs = step.operation.needs
        if needs is Feature.NONE:
            return None
        if self._features is None:
            self._features = features(self._column)
        elif self._unread:
            rows = np.unique(np.concatenate(self._unread))
            self._features[rows] = features(self._column.gather(rows))
        self._unread = []
        return np.flatnonzero(self._features & np.uint16(needs))


def _applied(texts: pl.Series, step: PlannedStep) -> pl.Series:
    result = step.operation.kernel(texts, **step.parameters)
    if len(result) != len(texts) or result.dtype not in (pl.String, pl.Null):
        raise TypeError(
            f"cleaning operation {step.operation.name!r} must return a String column of {len(texts)} rows,"
            f" it returned {result.dtype} of {len(result)}"
        )
    return result.cast(pl.String).alias(texts.name)
