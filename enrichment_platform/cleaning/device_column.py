"""A text column on its way through the cleaning steps, on the GPU."""

from __future__ import annotations

import polars as pl

from enrichment_platform.cleaning.device import DeviceText
from enrichment_platform.cleaning.plan import PlannedStep


class DeviceColumn:
    """As `HostText`, with the texts in the GPU's memory; each kernel finds the rows that it needs by itself."""

    def __init__(self, column: pl.Series) -> None:
        self._name = column.name
        self._text = DeviceText.from_series(column)

    def transform(self, step: PlannedStep) -> pl.Series:
        """Apply a transform; returns which rows it changed."""
        new = _applied(self._text, step)
        differs = new.differs(self._text).to_series()
        self._text = new
        return differs

    def details(self, step: PlannedStep) -> pl.Series:
        """Apply a filter; returns why a row goes, null where it stays."""
        return _applied(self._text, step).to_series(self._name)

    def series(self) -> pl.Series:
        """Return the texts as they are now."""
        return self._text.to_series(self._name)


def _applied(text: DeviceText, step: PlannedStep) -> DeviceText:
    kernel = step.operation.gpu
    if kernel is None:
        raise TypeError(
            f"cleaning operation {step.operation.name!r} has no GPU kernel; choose_engine keeps it off the GPU"
        )
    new: DeviceText = kernel(text, **step.parameters)
    if len(new) != len(text):
        raise TypeError(
            f"the GPU kernel of {step.operation.name!r} must return {len(text)} rows, it returned {len(new)}"
        )
    return new
