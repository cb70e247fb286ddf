"""Verdicts of the check suite, stored in the lake as `platform.checks` and looked up before publication."""

from __future__ import annotations

from collections.abc import Sequence
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
    "since": pl.String,
    "learning": pl.String,
    "checked_at": pl.Datetime("us", "UTC"),
}
_FAILURES: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(["partition_key", "check", "since"], pl.String),
    "accepted": pl.Boolean,
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


def failed_for(lake: Lake, enrichment: str, partition_key: str, row_id: str) -> list[dict[str, str]]:
    """Check and message of the failed checks of the newest verdict that name a row among their first 100."""
    verdict = latest_verdict(lake, enrichment, partition_key)
    named = verdict.filter(~pl.col("passed") & pl.col("row_ids").list.contains(row_id))
    return named.select("check", "message").to_dicts()


def standing_failures(lake: Lake, enrichment: str, keys: Sequence[str], but: str = "") -> pl.DataFrame:
    """What failed in the newest verdict of each partition.

    Args:
        lake: The lake.
        enrichment: Its name.
        keys: Which partitions.
        but: A staged version whose verdicts do not count.

    Returns:
        Frame (partition_key, check, since, accepted): `accepted` where a person accepted it for the staged version of
        that verdict.
    """
    wanted = ["partition_key", "staged_version", "check", "passed", "since", "checked_at"]
    try:
        present = set(lake.columns(TABLE))
    except TableNotFoundError:
        return pl.DataFrame(schema=_FAILURES)
    stored = lake.read(
        TABLE, keys, where={"enrichment": enrichment}, columns=[column for column in wanted if column in present]
    ).filter(pl.col("staged_version") != but)
    if "since" not in present:  # of a lake that an earlier version wrote
        stored = stored.with_columns(pl.lit("").alias("since"))
    newest = pl.col("checked_at") == pl.col("checked_at").max().over("partition_key")
    failed = stored.filter(newest).filter(~pl.col("passed"))
    on = ["partition_key", "staged_version", "check"]
    fine = accepted(lake, enrichment, keys).select(*on, pl.lit(True).alias("accepted")).unique()
    return failed.join(fine, on=on, how="left").select(
        "partition_key",
        "check",
        pl.col("since").fill_null("").replace("", None).fill_null(pl.col("partition_key")),
        pl.col("accepted").fill_null(False),
    )


def failing_since(
    lake: Lake, enrichment: str, partition_key: str, *, ordered: bool = True, but: str = ""
) -> dict[str, str]:
    """The checks that failed in the verdict before, with the partition since which they do; not those accepted.

    Args:
        lake: The lake.
        enrichment: Its name.
        partition_key: Which partition is judged now.
        ordered: Partitions follow each other in time, so that the verdict before is that of the checked partition right
            before this one. Else it is this partition's own.
        but: The staged version that is judged now.
    """
    keys = [partition_key]
    if ordered:
        keys = [key for key in lake.partition_keys(TABLE, {"enrichment": enrichment}) if key < partition_key][-1:]
    standing = standing_failures(lake, enrichment, keys, "" if ordered else but).filter(~pl.col("accepted"))
    return dict(standing.select("check", "since").iter_rows())


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


def accepted(lake: Lake, enrichment: str, partition_key: str | Sequence[str]) -> pl.DataFrame:
    """What was accepted of a partition, or of several, of any of their staged versions."""
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
