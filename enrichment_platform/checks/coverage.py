"""Coverage: what the model saw of a row was enough, and all of it."""

from __future__ import annotations

import polars as pl

from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.findings import percent, sample_ids
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, require_columns
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec

LEAST_SIGNS = 3  # letters or digits; "ok" and "no" are no text to label. Chosen: banking77's shortest of 13,083 has 8
MOST = 0.01  # share of rows that were labelled from nothing, or were cut; chosen, CHECKS.md has them "flagged"
FEWEST = 3  # rows; fewer are told and do not warn, or a small partition would for a single row
CUT = r"\[\.\.\. \d+ characters cut \.\.\.\]"  # the marker of the operation truncate_text
_ENOUGH = "(?s)" + ".*?".join([r"[\p{L}\p{N}]"] * LEAST_SIGNS)  # found at a text's start: most need no counting
_DENSE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"  # one character is a word or a syllable


def enough_input(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Warn where over 1% of the rows are labelled though the model saw next to nothing, or have a text that is cut.

    A few such rows are named without a warning. Labelled is a row with a whole answer in
    which some required field has a value. Rows without a cleaned row count as seen by nobody.

    Raises:
        UnusableInputError: an output column or a column of the prompt is missing or mistyped; staged is empty where
            cleaned is not, or no row has a whole answer.
    """
    answered = tables.answered
    fields = [field for field in spec.output if field.required] or spec.output
    require_columns("staged", answered, {field.name: DTYPES[field.type] for field in fields})
    sources = tables.sources(spec)
    labelled = answered.filter(pl.any_horizontal(pl.col(field.name).is_not_null() for field in fields))
    rows = answered.select(ROW_ID).join(sources, on=ROW_ID, how="left", maintain_order="left")
    text = pl.col("source").fill_null("")
    unseen = rows.filter(~text.str.contains(_ENOUGH)).filter(_signs(text) < LEAST_SIGNS)
    tiny = unseen.join(labelled.select(ROW_ID), on=ROW_ID, how="semi", maintain_order="left")
    cut = rows.filter(text.str.contains(CUT))
    too_tiny, too_cut = (found.height >= FEWEST and found.height > MOST * rows.height for found in (tiny, cut))
    named = pl.concat([tiny, cut])
    failed = pl.concat([tiny.filter(too_tiny), cut.filter(too_cut)])
    return CheckResult(
        name=definition.name,
        passed=not (too_tiny or too_cut),
        blocking=definition.blocking,
        failed_rows=failed.get_column(ROW_ID).n_unique(),
        total_rows=rows.height,
        threshold=None,
        description=definition.description,
        message=_message(spec, rows.height, tiny.height, cut.height, too_cut),
        row_ids=sample_ids(named.get_column(ROW_ID)),
    )


def _signs(text: pl.Expr) -> pl.Expr:
    return text.str.count_matches(r"[\p{L}\p{N}]") + (LEAST_SIGNS - 1) * text.str.count_matches(_DENSE)


def _message(spec: EnrichmentSpec, total: int, tiny: int, cut: int, too_cut: bool) -> str:
    said = []
    if tiny:
        said.append(
            f"{tiny:,} of {total:,} rows have a label though their text has fewer than {LEAST_SIGNS} letters or digits."
            f" Look them up in {spec.name}.classified; add the cleaning step `min_length`, or make the field"
            " `required: false`."
        )
    if too_cut:
        said.append(
            f"{cut:,} of {total:,} texts ({percent(cut / total)}) were cut, more than {percent(MOST)}: the model"
            " did not see all of them. Raise `max_chars` of the cleaning step `truncate_text`."
        )
    elif tiny and cut:
        said.append(f"{cut:,} texts were cut.")
    return " ".join(said) or f"The model saw enough of all {total:,} rows; {cut:,} texts were cut."
