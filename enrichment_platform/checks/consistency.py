"""Consistency: the same text has the same answer."""

from __future__ import annotations

import polars as pl

from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.findings import percent, sample_ids
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, require_columns
from enrichment_platform.checks.interval import wilson_interval
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec

MOST_DIFFERENT = 0.02  # of the rows whose text is there twice or more; shared CHECKS.md
LEAST_DIFFERENT = 3  # ours: an ambiguous text or two is no news, and two such days in a row would block
COMPARED = ("label", "number", "integer", "date", "boolean")  # free text may be worded in more than one way


def same_text_same_answer(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Compare the answers of rows with the same text, but for case and white space; the rarer answers are named.

    Where two answers are equally frequent, the one that comes first counts as the usual one. Of few rows a share says
    little: it fails where 3 rows differ and the 95% interval of the share lies above the limit.

    Raises:
        UnusableInputError: an output column or a column of the prompt is missing or mistyped; staged is empty where
            cleaned is not, or no row has a whole answer.
    """
    answered = tables.answered
    fields = [field for field in spec.output if field.type in COMPARED]
    require_columns("staged", answered, {field.name: DTYPES[field.type] for field in fields})
    text = pl.col("source").str.to_lowercase().hash().alias("text")
    sources = tables.sources(spec).select(ROW_ID, text)
    answer = pl.struct(field.name for field in fields).hash() if fields else pl.lit(0, pl.UInt64)
    rows = answered.select(ROW_ID, answer.alias("answer")).join(sources, on=ROW_ID, maintain_order="left")
    groups = rows.filter(pl.len().over("text") > 1)
    rarer = _rarer(groups)
    low, _ = wilson_interval(rarer.height, groups.height)
    passed = rarer.height < LEAST_DIFFERENT or low <= MOST_DIFFERENT
    return CheckResult(
        name=definition.name,
        passed=passed,
        blocking=definition.blocking,
        failed_rows=rarer.height,
        total_rows=groups.height,
        threshold=MOST_DIFFERENT,
        description=definition.description,
        message=_message(spec, groups, rarer, passed),
        row_ids=sample_ids(rarer.get_column(ROW_ID)),
    )


def _rarer(groups: pl.DataFrame) -> pl.DataFrame:
    counted = groups.with_row_index("at").with_columns(
        pl.len().over("text", "answer").alias("votes"), pl.col("at").min().over("text", "answer").alias("first")
    )
    usual = (
        counted.sort("votes", "first", descending=[True, False], maintain_order=True)
        .unique("text", keep="first", maintain_order=True)
        .select("text", pl.col("answer").alias("usual"))
    )
    joined = counted.join(usual, on="text", maintain_order="left")
    return joined.filter(pl.col("answer") != pl.col("usual")).select(ROW_ID)


def _message(spec: EnrichmentSpec, groups: pl.DataFrame, rarer: pl.DataFrame, passed: bool) -> str:
    if groups.is_empty():
        return "No two rows have the same text."
    texts = groups.get_column("text").n_unique()
    if rarer.is_empty():
        return f"The {groups.height:,} rows that share {texts:,} texts have the same answer as their twins."
    share = rarer.height / groups.height
    found = (
        f"{rarer.height:,} of {groups.height:,} rows ({percent(share)}) whose text is there more than once have another"
        " answer than most of their twins."
    )
    if passed and share > MOST_DIFFERENT:
        return f"{found} They are too few to say that it is more than the limit of {percent(MOST_DIFFERENT)}."
    if passed:
        return f"{found} Within the limit of {percent(MOST_DIFFERENT)}."
    return (
        f"{found} Over the limit of {percent(MOST_DIFFERENT)}: compare the row ids in {spec.name}.classified by the"
        " columns endpoint and model, then say in the prompt how such texts are to be labelled."
    )
