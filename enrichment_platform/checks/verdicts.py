"""Verdicts of the check suite, stored in the lake as `platform.checks` and looked up before publication."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from enrichment_platform.checks.results import Verdict
from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.lake.tables import Lake

TABLE = "platform/checks"
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "enrichment": pl.String,
    "partition_key": pl.String,
    "staged_version": pl.String,
    "suite_version": pl.String,
    "check": pl.String,
    "passed": pl.Boolean,
    "blocking": pl.Boolean,
    "failed_rows": pl.Int64,
    "total_rows": pl.Int64,
    "threshold": pl.Float64,
    "message": pl.String,
    "row_ids": pl.List(pl.String),
    "checked_at": pl.Datetime("us", "UTC"),
}


def store_verdict(
    lake: Lake, enrichment: str, partition_key: str, staged_version: str, suite_version: str, verdict: Verdict
) -> None:
    """Add one row a check, all in one commit, so that a verdict is there whole or not at all."""
    checked_at = datetime.now(UTC)
    rows = [
        {
            "enrichment": enrichment,
            "partition_key": partition_key,
            "staged_version": staged_version,
            "suite_version": suite_version,
            "check": result.name,
            "passed": result.passed,
            "blocking": result.blocking,
            "failed_rows": result.failed_rows,
            "total_rows": result.total_rows,
            "threshold": result.threshold,
            "message": result.message,
            "row_ids": list(result.row_ids),
            "checked_at": checked_at,
        }
        for result in verdict.results
    ]
    lake.append(TABLE, pl.DataFrame(rows, schema=_SCHEMA), partition_by=["enrichment", "partition_key"])


def latest_verdict(lake: Lake, enrichment: str, partition_key: str) -> pl.DataFrame:
    """Rows of the newest verdict of a partition; no rows when it was never checked."""
    try:
        stored = lake.read(TABLE, partition_key, where={"enrichment": enrichment})
    except TableNotFoundError:
        return pl.DataFrame(schema=_SCHEMA)
    return stored.filter(pl.col("checked_at") == pl.col("checked_at").max()).sort("check")


def refusal(
    lake: Lake,
    enrichment: str,
    partition_key: str,
    staged_version: str,
    suite_version: str,
    expected: set[str],
) -> str | None:
    """Why a staged version may not be published; None when its newest verdict passed, whole, under these settings."""
    verdict = latest_verdict(lake, enrichment, partition_key)
    again = f"materialize {enrichment}/classified with its checks for {partition_key}"
    if verdict.is_empty():
        return f"the staged version {staged_version} was never checked; {again}"
    if verdict["staged_version"][0] != staged_version:
        return f"the staged version {staged_version} was never checked, only {verdict['staged_version'][0]}; {again}"
    if verdict["suite_version"][0] != suite_version:
        return f"the check settings changed since the staged version {staged_version} was checked; {again}"
    missing = expected - set(verdict["check"])
    if missing:
        return f"checks {', '.join(sorted(missing))} have no result for {staged_version}; {again}"
    failed = verdict.filter(pl.col("blocking") & ~pl.col("passed"))
    if failed.height:
        return "blocking checks failed: " + "; ".join(
            f"{row['check']} ({row['message']})" for row in failed.iter_rows(named=True)
        )
    return None
