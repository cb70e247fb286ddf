"""Answers that did not arrive whole: refused, failed, malformed, or cut off at the token limit."""

from __future__ import annotations

import polars as pl

from enrichment_platform.checks.findings import SCHEMA
from enrichment_platform.checks.inputs import (
    OK,
    ROW_ID,
    PartitionTables,
    UnusableInputError,
    is_answered,
    is_cut_off,
    require_columns,
)
from enrichment_platform.spec import EnrichmentSpec

DETAILS = {
    "malformed": "the answer is not the JSON that was asked for",
    "truncated": "the answer was cut off at the token limit; raise model.max_output_tokens",
    "refused": "the model refused to answer",
    "failed": "no endpoint gave an answer; materialize again to retry",
    "prompt": "prompt.template fails on this row, so it was not asked",
}
NO_STATUS = "the row has no known status"


def answer_status(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:  # noqa: ARG001
    """Rows without a whole answer; a finish reason like `length`, or none, is never ok.

    Returns:
        Findings (row_id, detail).

    Raises:
        UnusableInputError: staged lacks row_id, status or finish_reason, or is empty where cleaned is not.
    """
    staged = tables.staged
    require_columns("staged", staged, {ROW_ID: pl.String, "status": pl.String, "finish_reason": pl.String})
    if staged.is_empty() and not tables.cleaned.is_empty():
        raise UnusableInputError(f"staged is empty, cleaned has {tables.cleaned.height:,} rows")
    status = (
        pl.when(pl.col("status").eq(OK) & is_cut_off())
        .then(pl.lit("truncated"))
        .when(pl.col("status").eq("failed") & pl.col("finish_reason").eq("prompt"))
        .then(pl.lit("prompt"))
        .otherwise(pl.col("status"))
    )
    detail = status.replace_strict(DETAILS, default=NO_STATUS, return_dtype=pl.String).fill_null(NO_STATUS)
    return staged.filter(~is_answered()).select(ROW_ID, detail.alias("detail")).cast(SCHEMA)  # type: ignore[arg-type]
