"""Answers as a provider gave them, and what a generator of faults may look at."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from enrichment_platform.spec import EnrichmentSpec, OutputField

MAX_QUOTE = 300  # characters of evidence and
MAX_ITEM = 200  # of a list's item: what the JSON schema of an answer allows


@dataclass(frozen=True)
class Answered:
    """One row and what the provider answered to it.

    Args:
        row_id: Of the row.
        source_text: The text that the model saw, as the checks read it.
        columns: The prompt's columns of the row.
        text: Body of the answer, a JSON object where it is a good one.
        finish_reason: What the provider says of its end.
        model: The served model.
        attempts: Requests that it took.
    """

    row_id: str
    source_text: str
    columns: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    finish_reason: str = "stop"
    model: str = ""
    attempts: int = 1


@dataclass(frozen=True)
class Row:
    """A row with a good answer, and its values."""

    index: int
    good: Answered
    values: dict[str, Any]

    def answer(self, changes: Mapping[str, Any]) -> Answered:
        """The same answer with other values."""
        text = json.dumps({**self.values, **changes}, ensure_ascii=False, separators=(",", ":"))
        return replace(self.good, text=text)

    def says(self, text: str) -> bool:
        """Whether the row's own text has this, whatever its case and spaces."""
        return " ".join(text.casefold().split()) in self.source

    @cached_property
    def source(self) -> str:
        """The row's text in lower case, whitespace collapsed."""
        return " ".join(self.good.source_text.casefold().split())


@dataclass(frozen=True)
class Scene:
    """A partition of good answers that a fault is about to befall.

    Args:
        spec: The enrichment.
        rows: Rows with a whole, well-formed answer, in request order.
        order: Indices of `rows` in the order in which they are to be befallen.
        wanted: How many rows are to be faulty.
        rng: For choices that hold for the whole partition.
    """

    spec: EnrichmentSpec
    rows: Sequence[Row]
    order: Sequence[int]
    wanted: int
    rng: random.Random

    def fields(self, *types: str) -> list[OutputField]:
        """Output fields of these types."""
        return [one for one in self.spec.output if one.type in types]

    @cached_property
    def seen(self) -> dict[str, list[Any]]:
        """By column: the distinct values of the partition that are not null, in order of appearance."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.rows:
            for name, value in row.values.items():
                if value is not None:
                    found.setdefault(name, {}).setdefault(json.dumps(value), value)
        return {name: list(values.values()) for name, values in found.items()}


Corrupt = Callable[[Row, random.Random], Answered | None]
"""The faulty answer of a row; None where this row cannot have the fault."""


def rows_of(answers: Sequence[Answered], spec: EnrichmentSpec) -> list[Row]:
    """The rows whose answer is whole and keeps to the spec; only good answers can be made faulty."""
    rows = []
    for index, one in enumerate(answers):
        values = values_of(one.text)
        if values is not None and one.finish_reason != "length" and fits(spec, values):
            rows.append(Row(index, one, values))
    return rows


def values_of(text: str) -> dict[str, Any] | None:
    """The values of an answer; None where it is not a JSON object."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def fits(spec: EnrichmentSpec, values: Mapping[str, Any]) -> bool:
    """Whether an answer keeps to the schema that constrained it: such a fault no schema sees."""
    for one in spec.output:
        value = values.get(one.name)
        if (one.required if value is None else not _fits(one, value)) or one.name not in values:
            return False
        if one.evidence:
            quote = values.get(one.evidence_column)
            if one.required if quote is None else not (isinstance(quote, str) and 0 < len(quote) <= MAX_QUOTE):
                return False
    return len(values) == sum(1 + one.evidence for one in spec.output)


def _fits(one: OutputField, value: Any) -> bool:
    match one.type:
        case "label":
            return isinstance(value, str) and value in one.labels
        case "string":
            return isinstance(value, str) and _fits_string(one, value)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and _in_bounds(one, value)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and _in_bounds(one, value)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            items = isinstance(value, list) and len(value) <= one.max_length
            return items and all(isinstance(item, str) and _fits_item(one, item) for item in value)
        case "date":
            return isinstance(value, str) and is_date(value)


def _fits_string(one: OutputField, value: str) -> bool:
    matches = one.pattern is None or re.fullmatch(one.pattern, value) is not None
    return matches and bool(value.strip()) and len(value) <= one.max_length


def _fits_item(one: OutputField, item: str) -> bool:
    return item in one.labels if one.labels else bool(item.strip()) and len(item) <= MAX_ITEM


def _in_bounds(one: OutputField, value: float) -> bool:
    low = -math.inf if one.minimum is None else one.minimum
    high = math.inf if one.maximum is None else one.maximum
    return abs(value) < 2**63 and math.isfinite(value) and low <= value <= high


def is_date(value: str) -> bool:
    """Whether it is a day of the calendar, as YYYY-MM-DD."""
    try:
        return bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False
