"""A partition never mixes fingerprints unnoticed: its answers come from one prompt, schema and model, or it is told."""

from __future__ import annotations

import polars as pl

from enrichment_platform.checks.findings import sample_ids
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, UnusableInputError, require_columns
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec


def one_fingerprint(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Fail where staged rows carry more than one fingerprint, or none; the rarer ones are named.

    It blocks where a row has none, and where `checks.mixed_models` says so; else it warns.

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
    blocking = definition.blocking and (spec.checks.mixed_models == "block" or without > 0)
    if others.is_empty():
        message = f"One fingerprint for {staged.height:,} rows." if staged.height else "No row reached this check."
    else:
        message = (
            f"{counts.height:,} fingerprints among {staged.height:,} rows: {others.height:,} differ from the"
            f" usual one, {without:,} have none. "
        )
        message += (
            f"Nothing is published; materialize {spec.name}/classified of this partition again: answers stored"
            " under the present fingerprint are not asked again."
            if blocking
            else "Another endpoint of the pool answered these; the columns fingerprint, model and endpoint say which."
            " `checks.mixed_models: block` would not publish them."
        )
    return CheckResult(
        name=definition.name,
        passed=others.is_empty(),
        blocking=blocking,
        failed_rows=others.height,
        total_rows=staged.height,
        threshold=0.0,
        description=definition.description,
        message=message,
        row_ids=sample_ids(others.get_column(ROW_ID)),
    )
