"""Coverage: what the model saw of a row was enough, and all of it."""

from __future__ import annotations

import polars as pl

from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.findings import percent, sample_ids
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, require_columns, source_texts
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec

LEAST_SIGNS = 3  # letters or digits; "ok" and "no" are no text to label. Chosen: banking77's shortest of 13,083 has 8
MOST_CUT = 0.01  # share of rows whose text is cut; chosen, no figure in CHECKS.md: a limit fits where few rows reach it
CUT = r"\[\.\.\. \d+ characters cut \.\.\.\]"  # the marker of the operation truncate_text
_ENOUGH = "(?s)" + ".*?".join([r"[\p{L}\p{N}]"] * LEAST_SIGNS)  # found at a text's start: most need no counting
_DENSE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"  # one character is a word or a syllable


def enough_input(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Warn of rows that were labelled though the model saw next to nothing, and of texts that were cut too often.

    Labelled is a row with a whole answer in which some required field has a value. Rows without a cleaned row count as
    seen by nobody.

    Raises:
        UnusableInputError: an output column or a column of the prompt is missing or mistyped; staged is empty where
            cleaned is not, or no row has a whole answer.
    """
    answered = tables.answered
    fields = [field for field in spec.output if field.required] or spec.output
    require_columns("staged", answered, {field.name: DTYPES[field.type] for field in fields})
    sources = source_texts(spec, tables.cleaned)
    labelled = answered.filter(pl.any_horizontal(pl.col(field.name).is_not_null() for field in fields))
    rows = answered.select(ROW_ID).join(sources, on=ROW_ID, how="left", maintain_order="left")
    text = pl.col("source").fill_null("")
    unseen = rows.filter(~text.str.contains(_ENOUGH)).filter(_signs(text) < LEAST_SIGNS)
    tiny = unseen.join(labelled.select(ROW_ID), on=ROW_ID, how="semi", maintain_order="left")
    cut = rows.filter(text.str.contains(CUT))
    share = cut.height / rows.height if rows.height else 0.0
    too_often = share > MOST_CUT
    every = pl.concat([tiny, cut]) if too_often else tiny
    return CheckResult(
        name=definition.name,
        passed=every.is_empty(),
        blocking=definition.blocking,
        failed_rows=every.get_column(ROW_ID).n_unique(),
        total_rows=rows.height,
        threshold=None,
        description=definition.description,
        message=_message(spec, rows.height, tiny.height, cut.height, too_often),
        row_ids=sample_ids(every.get_column(ROW_ID)),
    )


def _signs(text: pl.Expr) -> pl.Expr:
    return text.str.count_matches(r"[\p{L}\p{N}]") + (LEAST_SIGNS - 1) * text.str.count_matches(_DENSE)


def _message(spec: EnrichmentSpec, total: int, tiny: int, cut: int, too_often: bool) -> str:
    said = []
    if tiny:
        said.append(
            f"{tiny:,} of {total:,} rows have a label though their text has fewer than {LEAST_SIGNS} letters or digits."
            f" Look them up in {spec.name}.classified; add the cleaning step `min_length`, or make the field"
            " `required: false`."
        )
    if too_often:
        said.append(
            f"{cut:,} of {total:,} texts ({percent(cut / total)}) were cut, more than {percent(MOST_CUT)}: the model"
            " did not see all of them. Raise `max_chars` of the cleaning step `truncate_text`."
        )
    return " ".join(said) or f"The model saw enough of all {total:,} rows; {cut:,} texts were cut."
