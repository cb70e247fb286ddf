"""Evidence: what a field quotes is in the row's own text, and its value is in what it quotes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from enrichment_platform.checks.catalogue import is_free_text
from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.dates import states_date
from enrichment_platform.checks.findings import finding, together
from enrichment_platform.checks.grounding import Grounding, contains, ground
from enrichment_platform.checks.inputs import (
    ROW_ID,
    PartitionTables,
    collapsed,
    require_columns,
)
from enrichment_platform.checks.numerals import states_number
from enrichment_platform.spec import EnrichmentSpec, OutputField

NO_EVIDENCE = "has a value without evidence"
NO_SOURCE = "has no cleaned row to compare with"
VALUE_ABSENT = "the value is neither in the quoted text nor in the source"
NUMBER_ABSENT = "the number is not in the quoted text"
DATE_ABSENT = "the date is not in the quoted text"


def evidence_in_source(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Rows whose evidence or value is not in their own text.

    Returns:
        Findings (row_id, detail), detail like `order_id: the quoted text is not in the source`.

    Raises:
        UnusableInputError: an output, evidence or prompt column is missing or mistyped.
    """
    answered = tables.answered
    fields = [field for field in spec.output if field.evidence]
    for field in fields:
        columns = {field.name: DTYPES[field.type], field.evidence_column: pl.String()}
        require_columns("staged", answered, columns)
    sources = tables.sources(spec)
    rows = answered.join(sources, on=ROW_ID, how="left", maintain_order="left")
    return together(part for field in fields for part in _of_field(spec, field, rows))


def _of_field(spec: EnrichmentSpec, field: OutputField, rows: pl.DataFrame) -> list[pl.DataFrame]:
    value = pl.col(field.name)
    given = (value.list.len() > 0).fill_null(False) if field.type == "list" else value.is_not_null()
    table = rows.filter(given).select(
        ROW_ID,
        value.alias("value"),
        _without_column_name(collapsed(pl.col(field.evidence_column)), spec).fill_null("").alias("evidence"),
        "source",
    )
    unquoted = pl.col("evidence") == ""
    excused = ~pl.col("value") if field.type == "boolean" else pl.lit(False)  # nothing to quote for a "no"
    quoted = table.filter(~unquoted & pl.col("source").is_not_null())
    states = _groundings(quoted)
    parts = [
        _finding(field, table.filter(unquoted & ~excused), NO_EVIDENCE),
        _finding(field, table.filter(~unquoted & pl.col("source").is_null()), NO_SOURCE),
        *(
            _finding(field, quoted.filter(states == state.name), state.value)
            for state in (Grounding.ABSENT, Grounding.NUMBER_DIFFERS)
        ),
    ]
    return [*parts, *_ungrounded_values(field, quoted.filter(states == Grounding.LOCATED.name))]


def _groundings(quoted: pl.DataFrame) -> pl.Series:
    """Names of `Grounding`, one a row: by expression where the span is there as it is, else row by row."""
    plain = quoted.select(_found("evidence", "source")).to_series()
    states = [Grounding.LOCATED.name] * quoted.height
    rest = quoted.with_row_index("index").filter(~plain)
    for index, span, source in rest.select("index", "evidence", "source").iter_rows():
        states[index] = ground(span, source).name
    return pl.Series("state", states, pl.String)


def _ungrounded_values(field: OutputField, located: pl.DataFrame) -> list[pl.DataFrame]:
    if field.type in ("number", "integer"):
        return [_finding(field, _failing(located, states_number), NUMBER_ABSENT)]
    if field.type == "date":
        return [_finding(field, _failing(located, _states_date), DATE_ABSENT)]
    if not is_free_text(field):
        return []  # labels are the model's words, not the text's
    items = located.explode("value", empty_as_null=False) if field.type == "list" else located
    items = items.with_columns(collapsed(pl.col("value")))
    # A blank value is the contract's finding, not this one's.
    items = items.filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
    unclear = items.filter(~(_found("value", "evidence") | _found("value", "source")))
    absent = [
        not (contains(value, evidence) or contains(value, source))
        for value, evidence, source in unclear.select("value", "evidence", "source").iter_rows()
    ]
    return [_finding(field, unclear.filter(pl.Series(absent, dtype=pl.Boolean)), VALUE_ABSENT)]


def _failing(located: pl.DataFrame, holds: Callable[[str, Any], bool]) -> pl.DataFrame:
    wrong = [not holds(evidence, value) for evidence, value in located.select("evidence", "value").iter_rows()]
    return located.filter(pl.Series(wrong, dtype=pl.Boolean))


def _states_date(evidence: str, value: date) -> bool:
    return states_date(evidence, value)


def _found(needle: str, text: str) -> pl.Expr:
    """True where the text has the needle and no number can be cut: the rest is for Python to decide."""
    return pl.col(text).str.contains(pl.col(needle), literal=True) & ~pl.col(needle).str.contains(
        r"^[\d.,'’]|[\d.,'’]$"
    )


def _without_column_name(evidence: pl.Expr, spec: EnrichmentSpec) -> pl.Expr:
    # The prompt shows `name: value` lines, and models quote the name along with the value.
    names = "|".join(name.replace("_", "[_ ]") for name in spec.prompt.columns if name.replace("_", "a").isalnum())
    return evidence.str.replace(rf"(?is)^(?:{names})\s*:\s*(\S.*)$", "$1") if names else evidence


def _finding(field: OutputField, rows: pl.DataFrame, problem: str) -> pl.DataFrame:
    return finding(rows, f"{field.name}: {problem}")
