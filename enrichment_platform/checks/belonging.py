"""Belonging: every answer is the answer to its own row, as the row is now."""

from __future__ import annotations

import polars as pl

from enrichment_platform.checks.findings import sample_ids
from enrichment_platform.checks.inputs import OK, ROW_ID, PartitionTables, UnusableInputError, require_columns
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec

KEY, SAME = "request_key", "same_answer"


def answers_belong(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Compare the key that each staged answer carries with the key that its row gives rise to now; none may differ.

    The key is a hash of the fingerprint and of all that is sent, so an answer that stands beside another row, an answer
    to an earlier text of the row, and one that was prepared by another cleaning all differ. A row that cannot be asked
    must not have an answer. Where `asked` has `same_answer`, the values must be those that the ledger holds under the
    key; it is null where the ledger holds nothing, of which the key alone is known.

    Raises:
        UnusableInputError: nobody reckoned the keys; staged or asked lacks a column; asked lacks staged rows, or has
            a row twice; staged is empty where cleaned is not.
    """
    staged, asked = tables.staged, tables.asked
    require_columns("staged", staged, {ROW_ID: pl.String, KEY: pl.String, "status": pl.String})
    if staged.is_empty() and not tables.cleaned.is_empty():
        raise UnusableInputError(f"staged is empty, cleaned has {tables.cleaned.height:,} rows")
    if asked is None:
        raise UnusableInputError("asked is missing: nobody reckoned the keys of the requests")
    require_columns("asked", asked, {ROW_ID: pl.String, KEY: pl.String})
    if asked.get_column(ROW_ID).is_duplicated().any():
        raise UnusableInputError("asked has a row_id more than once")
    absent = staged.join(asked, on=ROW_ID, how="anti", nulls_equal=True).height
    if absent:
        raise UnusableInputError(f"asked lacks {absent:,} of {staged.height:,} staged rows")
    wanted = asked.select(ROW_ID, pl.col(KEY).alias("wanted"))
    rows = staged.select(ROW_ID, KEY, "status").join(
        wanted, on=ROW_ID, how="left", nulls_equal=True, maintain_order="left"
    )
    strange = rows.filter(pl.col("wanted").is_not_null() & pl.col(KEY).ne_missing(pl.col("wanted")))
    other = pl.DataFrame(schema=rows.schema)
    if SAME in asked.columns:
        require_columns("asked", asked, {SAME: pl.Boolean})
        changed = asked.filter(~pl.col(SAME)).select(ROW_ID)
        other = rows.join(changed, on=ROW_ID, how="semi").join(strange, on=ROW_ID, how="anti")
    unasked = rows.filter(pl.col("wanted").is_null() & pl.col("status").eq_missing(pl.lit(OK)))
    every = pl.concat([strange, unasked, other]).unique(ROW_ID, maintain_order=True)
    return CheckResult(
        name=definition.name,
        passed=every.is_empty(),
        blocking=definition.blocking,
        failed_rows=every.height,
        total_rows=staged.height,
        threshold=0.0,
        description=definition.description,
        message=_message(spec, rows, strange, unasked, other),
        row_ids=sample_ids(every.get_column(ROW_ID)),
    )


def _message(
    spec: EnrichmentSpec, rows: pl.DataFrame, strange: pl.DataFrame, unasked: pl.DataFrame, other: pl.DataFrame
) -> str:
    if rows.is_empty():
        return "No row reached this check."
    if strange.is_empty() and unasked.is_empty() and other.is_empty():
        return f"All {rows.height:,} answers carry the request key of their own row."
    present = rows.get_column("wanted").drop_nulls().unique()
    elsewhere = strange.filter(pl.col(KEY).is_in(present.implode())).height
    counts = {
        "carry the request key of another row": elsewhere,
        "carry a key that no row of the partition has now": strange.height - elsewhere,
        "have other values than the ledger holds under their key": other.height,
        "have an answer though their row cannot be asked": unasked.height,
    }
    what = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
    return (
        f"Of {rows.height:,} staged rows {what}. Nothing is published; materialize {spec.name}/cleaned and"
        f" {spec.name}/classified of this partition again."
    )
