"""What a check says of one partition: definitions known beforehand, results and the verdict afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

MAX_ROW_IDS = 100


@dataclass(frozen=True)
class CheckDefinition:
    """A check as it is known before any data exists."""

    name: str
    description: str
    blocking: bool


@dataclass(frozen=True)
class Signal:
    """What a statistical detector found in one partition, before all of them are judged together.

    Args:
        p_value: Chance of something as strange in a partition like those of the history; in [0, 1]. Where there is
            too little to compare with, 1.
        matters: Whether the effect is large enough to bother a person with, whatever its significance.
        message: What moved, from where to where, since when; counts and categories, never the text of a row.
        learning: Why there is nothing to compare with yet (`2 of 7 partitions`); empty where there is.
        row_ids: Rows to look at first, the most suspicious first.
        failed_rows: How many rows it is about, as far as that can be said; else 0.
    """

    p_value: float
    matters: bool
    message: str
    learning: str = ""
    row_ids: tuple[str, ...] = ()
    failed_rows: int = 0


@dataclass(frozen=True)
class CheckResult:
    """What one check found in one partition; it holds counts and row ids, never the text of a row.

    Args:
        name: public name of the check, e.g. `evidence_in_source`.
        passed: false where more rows fail than the threshold allows, or where the check could not run.
        blocking: a failure stops the publication.
        failed_rows: rows that fail; all of them where the check could not run.
        total_rows: rows the failed ones are a share of.
        threshold: share of rows (0 to 1) that may fail; None where the check does not count rows.
        description: what it checks, the same for every partition.
        message: one line for a person: what, how many, what to do next.
        row_ids: up to 100 ids of failing rows.
        since: the first partition of the row of partitions in which it failed; empty where it passed.
        learning: why there is nothing to compare with yet; empty where there is.
    """

    name: str
    passed: bool
    blocking: bool
    failed_rows: int
    total_rows: int
    threshold: float | None
    description: str
    message: str
    row_ids: tuple[str, ...]
    since: str = ""
    learning: str = ""


@dataclass(frozen=True)
class Verdict:
    """The suite's answer for one partition.

    Args:
        passed: every blocking check passed, so the staged version may be published.
        results: one result a check, in the order of `check_names`.
        failures: frame (row_id, partition_key, reason, detail), all String: the rows to quarantine at
            publication, one row each; reason names the first check that failed, detail says what is wrong.
    """

    passed: bool
    results: tuple[CheckResult, ...]
    failures: pl.DataFrame
