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
VALUE_ELSEWHERE = "the value is in the text quoted for another field, not in its own"
QUOTE_TOO_SHORT = "the quoted text is too short to tell of the value, and has it not"
VALUE_CUT = "the value and its quote break off within a word or number of the source"
VALUE_ABSENT = "the value is neither in the quoted text nor in the source"
NUMBER_ABSENT = "the number is not in the quoted text"
DATE_ABSENT = "the date is not in the quoted text"
SHORT_QUOTE = 3  # letters or digits; fewer stand in every text
_SCRIPTS_OF_FEW = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"


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
    others = [_quote(other, spec) for other in spec.output if other.evidence and is_free_text(other) and other != field]
    table = rows.filter(given).select(
        ROW_ID,
        value.alias("value"),
        _quote(field, spec).alias("evidence"),
        "source",
        pl.concat_list(*others, pl.lit("")).alias("others"),
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
    value, evidence = pl.col("value"), pl.col("evidence")
    whole = ~(evidence.str.starts_with(value) | evidence.str.ends_with(value)) | _found_whole("value", "source")
    unclear = items.filter(~(_found_whole("value", "evidence") & whole)).with_columns(
        _is_short(evidence).alias("short")
    )
    columns = ("value", "evidence", "others", "source", "short")
    problems = pl.Series([_problem(*row) for row in unclear.select(columns).iter_rows()], dtype=pl.String)
    kinds = (VALUE_CUT, VALUE_ELSEWHERE, QUOTE_TOO_SHORT, VALUE_ABSENT)
    return [_finding(field, unclear.filter(problems == kind), kind) for kind in kinds]


def _problem(value: str, evidence: str, others: list[str], source: str, short: bool) -> str | None:
    """What is wrong with a value that is not plainly in its quote; the source may have it where no other quote does."""
    if contains(value, evidence):
        return VALUE_CUT if _breaks_off(value, evidence, source) else None
    if any(contains(value, quote) for quote in others):
        return VALUE_ELSEWHERE
    if not contains(value, source):
        return VALUE_ABSENT
    return QUOTE_TOO_SHORT if short else None


def _breaks_off(value: str, evidence: str, source: str) -> bool:
    """True where nothing beside the value in its quote shows that it is whole, and the source has it in pieces only."""
    wanted, quoted = value.casefold(), evidence.casefold()
    at_edge = quoted.startswith(wanted) or quoted.endswith(wanted)
    return at_edge and wanted in source.casefold() and not contains(value, source)


def _is_short(quote: pl.Expr) -> pl.Expr:
    return (quote.str.count_matches(r"[\p{L}\p{N}]") < SHORT_QUOTE) & ~quote.str.contains(_SCRIPTS_OF_FEW)


def _failing(located: pl.DataFrame, holds: Callable[[str, Any], bool]) -> pl.DataFrame:
    wrong = [not holds(evidence, value) for evidence, value in located.select("evidence", "value").iter_rows()]
    return located.filter(pl.Series(wrong, dtype=pl.Boolean))


def _states_date(evidence: str, value: date) -> bool:
    return states_date(evidence, value)


def _found(needle: str, text: str) -> pl.Expr:
    """True where the text has the needle and no number can be cut: the rest is for Python to decide."""
    return pl.col(text).str.contains(pl.col(needle), literal=True) & ~_has_number_at_edge(needle)


def _found_whole(needle: str, text: str) -> pl.Expr:
    """True where the text plainly has the needle between spaces, commas and full stops, so that no word is cut."""
    padded = pl.lit(" ") + pl.col(text) + pl.lit(" ")
    wanted = (pl.lit(" ") + pl.col(needle) + pl.lit(after) for after in " ,.")
    return pl.any_horizontal(padded.str.contains(text, literal=True) for text in wanted) & ~_has_number_at_edge(needle)


def _has_number_at_edge(needle: str) -> pl.Expr:
    return pl.col(needle).str.contains(r"^[\d.,'’]|[\d.,'’]$")


def _quote(field: OutputField, spec: EnrichmentSpec) -> pl.Expr:
    return _without_column_name(collapsed(pl.col(field.evidence_column)), spec).fill_null("")


def _without_column_name(evidence: pl.Expr, spec: EnrichmentSpec) -> pl.Expr:
    # The prompt shows `name: value` lines, and models quote the name along with the value.
    names = "|".join(name.replace("_", "[_ ]") for name in spec.prompt.columns if name.replace("_", "a").isalnum())
    return evidence.str.replace(rf"(?is)^(?:{names})\s*:\s*(\S.*)$", "$1") if names else evidence


def _finding(field: OutputField, rows: pl.DataFrame, problem: str) -> pl.DataFrame:
    return finding(rows, f"{field.name}: {problem}")
