"""Verdicts of the check suite, stored in the lake as `platform.checks` and looked up before publication."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from enrichment_platform.checks.catalogue import ONE_FINGERPRINT
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
    "since": pl.String,
    "learning": pl.String,
    "checked_at": pl.Datetime("us", "UTC"),
}
ACCEPTANCES = "platform/acceptances"
_ACCEPTANCE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "enrichment": pl.String,
    "partition_key": pl.String,
    "staged_version": pl.String,
    "check": pl.String,
    "reason": pl.String,
    "accepted_at": pl.Datetime("us", "UTC"),
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
            "since": (result.since or partition_key) if not result.passed else "",
            "learning": result.learning,
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


def failing_since(lake: Lake, enrichment: str, partition_key: str) -> dict[str, str]:
    """The checks that failed in the checked partition right before this one, with the partition since which they do.

    A failure that a person accepted is none.
    """
    try:
        stored = lake.read(
            TABLE, where={"enrichment": enrichment}, columns=["partition_key", "check", "passed", "since", "checked_at"]
        )
    except TableNotFoundError:
        return {}
    earlier = stored.filter(pl.col("partition_key") < partition_key)
    last = earlier.filter(pl.col("partition_key") == pl.col("partition_key").max())
    newest = last.filter((pl.col("checked_at") == pl.col("checked_at").max()) & ~pl.col("passed"))
    if newest.is_empty():
        return {}
    previous = newest["partition_key"][0]
    fine = set(accepted(lake, enrichment, previous)["check"])
    since = newest.select("check", pl.col("since").fill_null("").replace("", previous))
    return {check: first for check, first in since.iter_rows() if check not in fine}


def doubtful_partitions(lake: Lake, enrichment: str) -> set[str]:
    """Partitions in whose newest verdict a check failed that nobody accepted: nothing is learnt there."""
    try:
        stored = lake.read(
            TABLE, where={"enrichment": enrichment}, columns=["partition_key", "check", "passed", "checked_at"]
        )
    except TableNotFoundError:
        return set()
    newest = stored.filter(pl.col("checked_at") == pl.col("checked_at").max().over("partition_key"))
    # A pool that falls back every day would never be learnt from; `mixed_models` says what that is worth.
    failed = newest.filter(~pl.col("passed") & (pl.col("check") != ONE_FINGERPRINT)).select("partition_key", "check")
    fine = accepted(lake, enrichment, None).select("partition_key", "check")
    return set(failed.join(fine, on=["partition_key", "check"], how="anti")["partition_key"])


def accept(lake: Lake, enrichment: str, partition_key: str, checks: Sequence[str], reason: str) -> str:
    """Note that a person has looked at what failed in the newest verdict of a partition, and that all is well.

    What is accepted already is not noted again; its first reason stays.

    Returns:
        The staged version that it holds for.
    """
    verdict = latest_verdict(lake, enrichment, partition_key)
    staged_version = str(verdict["staged_version"][0])
    before = accepted(lake, enrichment, partition_key).filter(pl.col("staged_version") == staged_version)
    rows = [
        {
            "enrichment": enrichment,
            "partition_key": partition_key,
            "staged_version": staged_version,
            "check": check,
            "reason": reason,
            "accepted_at": datetime.now(UTC),
        }
        for check in checks
        if check not in set(before["check"])
    ]
    if rows:
        lake.append(
            ACCEPTANCES, pl.DataFrame(rows, schema=_ACCEPTANCE_SCHEMA), partition_by=["enrichment", "partition_key"]
        )
    return staged_version


def accepted(lake: Lake, enrichment: str, partition_key: str | None) -> pl.DataFrame:
    """What was accepted of a partition, or of all, of any of their staged versions."""
    try:
        return lake.read(ACCEPTANCES, partition_key, where={"enrichment": enrichment})
    except TableNotFoundError:
        return pl.DataFrame(schema=_ACCEPTANCE_SCHEMA)


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
    fine = accepted(lake, enrichment, partition_key).filter(pl.col("staged_version") == staged_version)["check"]
    failed = verdict.filter(pl.col("blocking") & ~pl.col("passed") & ~pl.col("check").is_in(fine.implode()))
    if failed.height:
        return "blocking checks failed: " + "; ".join(
            f"{row['check']} ({row['message']})" for row in failed.iter_rows(named=True)
        )
    return None
