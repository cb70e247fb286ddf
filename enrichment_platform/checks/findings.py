"""Findings of the row checks: which rows fail and why, turned into a result and into rows for quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from enrichment_platform.checks.catalogue import JUDGED_TEXT
from enrichment_platform.checks.inputs import ROW_ID
from enrichment_platform.checks.results import MAX_ROW_IDS, CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec

SCHEMA = {ROW_ID: pl.String, "detail": pl.String}
FAILURES_SCHEMA = {ROW_ID: pl.String, "partition_key": pl.String, "reason": pl.String, "detail": pl.String}


def finding(row_ids: pl.DataFrame, detail: str) -> pl.DataFrame:
    """Frame (row_id, detail) that gives every row of `row_ids` the same static detail."""
    return row_ids.select(pl.col(ROW_ID), pl.lit(detail).alias("detail"))


def together(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All findings in one frame (row_id, detail), in the order given."""
    return pl.concat([pl.DataFrame(schema=SCHEMA), *parts])


def sample_ids(row_ids: pl.Series) -> tuple[str, ...]:
    """Up to 100 ids, in order, without repeats."""
    return tuple(row_ids.drop_nulls().unique(maintain_order=True).head(MAX_ROW_IDS).to_list())


def share_result(
    definition: CheckDefinition,
    findings: pl.DataFrame,
    total_rows: int,
    threshold: float,
    spec: EnrichmentSpec,
) -> CheckResult:
    """Result of a row check: it fails where the share of failing rows is above the threshold."""
    failed = findings.get_column(ROW_ID).n_unique()
    passed = failed == 0 or (total_rows > 0 and failed / total_rows <= threshold)
    return CheckResult(
        name=definition.name,
        passed=passed,
        blocking=definition.blocking,
        failed_rows=failed,
        total_rows=total_rows,
        threshold=threshold,
        description=definition.description,
        message=_summary(findings, failed, total_rows) + _consequence(definition, failed, passed, threshold, spec),
        row_ids=sample_ids(findings.get_column(ROW_ID)),
    )


def unusable_result(
    definition: CheckDefinition, problem: str, total_rows: int, threshold: float | None, spec: EnrichmentSpec
) -> CheckResult:
    """Failed result of a check that could not run; `problem` names tables and columns."""
    own = any(check.name == definition.name for check in spec.checks.custom)
    cure = f"Mend `checks.custom`, {definition.name}" if own else "Materialize the stages of this partition again"
    return CheckResult(
        name=definition.name,
        passed=False,
        blocking=definition.blocking,
        failed_rows=total_rows,
        total_rows=total_rows,
        threshold=threshold,
        description=definition.description,
        message=f"Could not run, so it fails: {problem}. {cure}.",
        row_ids=(),
    )


def failures(findings: Mapping[str, pl.DataFrame], staged: pl.DataFrame) -> pl.DataFrame:
    """Rows to quarantine at publication.

    Args:
        findings: (row_id, detail) by check name, the most severe check first.
        staged: gives the partition keys.

    Returns:
        Frame (row_id, partition_key, reason, detail), one row an id: the first check that failed and its
        first detail, then the other details after "; also".
    """
    parts = [frame.with_columns(pl.lit(name).alias("reason")) for name, frame in findings.items()]
    if not parts or "partition_key" not in staged.columns or ROW_ID not in staged.columns:
        return pl.DataFrame(schema=FAILURES_SCHEMA)
    said = (
        pl.when(pl.col("reason") == pl.col("reason").first().over(ROW_ID))
        .then(pl.col("detail"))
        .otherwise(pl.format("{}: {}", "reason", "detail"))
    )
    rows = (
        pl.concat(parts)
        .unique(maintain_order=True)
        .with_columns(said.alias("detail"))
        .group_by(ROW_ID, maintain_order=True)
        .agg(pl.col("reason").first(), pl.col("detail").str.join("; also "))
    )
    keys = staged.select(ROW_ID, "partition_key").unique(ROW_ID, keep="first", maintain_order=True)
    return rows.join(keys, on=ROW_ID, how="left", maintain_order="left").select(*FAILURES_SCHEMA)


def percent(share: float) -> str:
    """The share for a person: 0.0005 -> 0.05%."""
    return f"{100 * share:.4g}%"


def _summary(findings: pl.DataFrame, failed: int, total: int) -> str:
    if failed == 0:
        return f"None of {total:,} rows fails." if total else "No row was left after cleaning, so none fails."
    counts = findings.group_by("detail").agg(pl.col(ROW_ID).n_unique().alias("rows"))
    top = counts.sort(["rows", "detail"], descending=[True, False]).head(3)
    what = ", ".join(f"{detail} ({rows:,})" for detail, rows in top.iter_rows())
    more = f", and {counts.height - 3} other reasons" if counts.height > 3 else ""
    share = percent(failed / total) if total else "all"
    return f"{failed:,} of {total:,} rows ({share}) fail: {what}{more}."


def _consequence(definition: CheckDefinition, failed: int, passed: bool, threshold: float, spec: EnrichmentSpec) -> str:
    if failed == 0:
        return ""
    limit = percent(threshold)
    if passed:
        aside = "they go to quarantine, the rest is published" if definition.blocking else "they are published too"
        return f" Within the limit of {limit}: {aside}."
    own = any(check.name == definition.name for check in spec.checks.custom)
    setting = f"checks.custom.{definition.name}.max_failed_share" if own else f"checks.thresholds.{definition.name}"
    if definition.name in JUDGED_TEXT and definition.blocking:
        setting += f"; where such text is ordinary, set checks.severity.{definition.name}: warn or off"
    held = ", so nothing is published" if definition.blocking else ""
    return (
        f" Over the limit of {limit}{held}. Look the row ids up in {spec.name}.classified, then change the prompt or"
        f" the field, or raise {setting}."
    )
