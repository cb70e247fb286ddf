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
        UnusableInputError: staged lacks row_id, fingerprint, model or status, or is empty where cleaned is not.
    """
    staged = tables.staged
    text = dict.fromkeys((ROW_ID, "fingerprint", "model", "status"), pl.String)
    require_columns("staged", staged, text)
    if staged.is_empty() and not tables.cleaned.is_empty():
        raise UnusableInputError(f"staged is empty, cleaned has {tables.cleaned.height:,} rows")
    # Behind one name a provider may serve another model from one request to the next; it says so in the answer. Rows
    # that nobody answered have no model; an answer without one, among others that name theirs, may be of any.
    served = pl.col("model").replace("", None).alias("served")
    known = staged.with_columns(served).filter(pl.col("fingerprint").fill_null("") != "")
    by = ["fingerprint", "served"]
    counts = known.filter(pl.col("served").is_not_null()).group_by(by).len().sort(["len", *by], descending=True)
    if counts.is_empty():
        counts = known.group_by(by).len().sort(["len", *by], descending=True)
    usual = counts.row(0, named=True) if counts.height else {"fingerprint": None, "served": None}
    same = pl.col("fingerprint").eq_missing(pl.lit(usual["fingerprint"], pl.String)) & (
        (pl.col("served").is_null() & (pl.col("status").fill_null("ok") != "ok"))
        | pl.col("served").eq_missing(pl.lit(usual["served"], pl.String))
    )
    others = known.filter(~same) if counts.height else staged
    without = staged.height - known.height
    if without and counts.height:
        others = pl.concat([others.select(ROW_ID), staged.join(known, on=ROW_ID, how="anti").select(ROW_ID)])
    blocking = definition.blocking and (spec.checks.mixed_models == "block" or without > 0)
    if others.is_empty():
        message = f"One fingerprint for {staged.height:,} rows." if staged.height else "No row reached this check."
    else:
        message = (
            f"{counts.height:,} combinations of fingerprint and served model among {staged.height:,} rows:"
            f" {others.height:,} differ from the usual one, {without:,} have no fingerprint. "
        )
        message += (
            f"Nothing is published; materialize {spec.name}/classified of this partition again: answers stored"
            " under the present fingerprint are not asked again."
            if blocking
            else "Another endpoint of the pool answered these, or the provider served another model; the columns"
            " fingerprint, model and endpoint say which. `checks.mixed_models: block` would not publish them."
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
