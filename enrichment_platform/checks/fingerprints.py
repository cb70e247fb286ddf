"""A partition never mixes fingerprints: all of its answers come from one prompt, schema and model."""

from __future__ import annotations

import polars as pl

from enrichment_platform.checks.findings import sample_ids
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, UnusableInputError, require_columns
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec


def one_fingerprint(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Fail where staged rows carry more than one fingerprint, or none; the rarer ones are named.

    Raises:
        UnusableInputError: staged lacks row_id or fingerprint, or is empty where cleaned is not.
    """
    staged = tables.staged
    require_columns("staged", staged, {ROW_ID: pl.String, "fingerprint": pl.String})
    if staged.is_empty() and not tables.cleaned.is_empty():
        raise UnusableInputError(f"staged is empty, cleaned has {tables.cleaned.height:,} rows")
    known = staged.filter(pl.col("fingerprint").is_not_null() & (pl.col("fingerprint") != ""))
    counts = known.get_column("fingerprint").value_counts().sort(["count", "fingerprint"], descending=True)
    usual = counts.get_column("fingerprint").first()
    others = staged.filter(pl.col("fingerprint").ne_missing(pl.lit(usual, pl.String))) if counts.height else staged
    without = staged.height - known.height
    if others.is_empty():
        message = f"One fingerprint for {staged.height:,} rows." if staged.height else "No row reached this check."
    else:
        message = (
            f"{counts.height:,} fingerprints among {staged.height:,} rows: {others.height:,} differ from the"
            f" usual one, {without:,} have none. Nothing is published; materialize {spec.name}/classified of"
            " this partition again: answers stored under the present fingerprint are not asked again."
        )
    return CheckResult(
        name=definition.name,
        passed=others.is_empty(),
        blocking=definition.blocking,
        failed_rows=others.height,
        total_rows=staged.height,
        threshold=0.0,
        description=definition.description,
        message=message,
        row_ids=sample_ids(others.get_column(ROW_ID)),
    )
