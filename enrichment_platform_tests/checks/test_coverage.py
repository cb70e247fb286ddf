"""Coverage: labels for next to nothing, and texts that are cut too often, are warned of."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from enrichment_platform.checks.coverage import enough_input
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform_tests.checks.tables import make_partition, make_spec, with_value

CLEAN = make_partition(2000)
DEFINITION = CheckDefinition("enough_input", "", blocking=False)


def coverage(spec: Any = None, **tables: pl.DataFrame) -> CheckResult:
    return enough_input(DEFINITION, spec or make_spec(), PartitionTables(*CLEAN._replace(**tables)))


def test_a_partition_that_was_seen_whole_passes() -> None:
    assert coverage().passed


def tiny(rows: int, text: str | None = "") -> pl.DataFrame:
    first = pl.int_range(pl.len()) < rows
    return CLEAN.cleaned.with_columns(
        pl.when(first).then(pl.lit(text)).otherwise("subject").alias("subject"),
        pl.when(first).then(pl.lit("")).otherwise("body").alias("body"),
    )


@pytest.mark.parametrize("text", ["", None, "?!", " - ", "ok", "a 1", "\u200b…"])
def test_labels_for_next_to_nothing_are_named(text: str | None) -> None:
    found = coverage(cleaned=tiny(21, text))
    assert (found.passed, found.blocking, found.failed_rows, found.row_ids[0]) == (False, False, 21, "t000000")


def test_a_few_are_named_and_hold_nothing_back() -> None:
    found = coverage(cleaned=tiny(20))
    assert (found.passed, found.failed_rows, len(found.row_ids)) == (True, 0, 20)
    assert "20 of 2,000 rows have a label" in found.message
    small = make_partition(10)
    for rows, passed in ((2, True), (3, False)):
        cleaned = small.cleaned.with_columns(
            pl.when(pl.int_range(pl.len()) < rows).then(pl.lit("")).otherwise(name).alias(name)
            for name in ("subject", "body")
        )
        assert coverage(**small._replace(cleaned=cleaned)._asdict()).passed is passed


@pytest.mark.parametrize("text", ["why", "退款", "환불", "404"])
def test_short_words_are_enough(text: str) -> None:
    assert coverage(cleaned=with_value(CLEAN.cleaned, 11, subject=text, body=None)).passed


def test_a_row_that_was_left_unlabelled_is_right() -> None:
    spec = make_spec(output=[{"name": "vendor", "type": "string"}])
    unlabelled = pl.when(pl.int_range(pl.len()) < 50).then(None).otherwise("vendor").alias("vendor")
    assert coverage(spec, cleaned=tiny(50), staged=CLEAN.staged.with_columns(unlabelled)).passed
    assert not coverage(spec, cleaned=tiny(50)).passed


def test_a_row_that_was_not_answered_is_not_this_checks_matter() -> None:
    refused = pl.when(pl.int_range(pl.len()) < 50).then(pl.lit("refused")).otherwise("status").alias("status")
    assert coverage(cleaned=tiny(50), staged=CLEAN.staged.with_columns(refused)).passed


def test_an_answer_without_a_cleaned_row_was_seen_by_nobody() -> None:
    assert coverage(cleaned=CLEAN.cleaned.slice(1)).row_ids == ("t000000",)


@pytest.mark.parametrize(("rows", "passed"), [(20, True), (21, False)])
def test_texts_cut_in_more_than_one_row_of_a_hundred_are_named(rows: int, passed: bool) -> None:
    cut = REGISTRY["truncate_text"].kernel(pl.Series(["long " * 100]), max_chars=200)[0]
    first = pl.int_range(pl.len()) < rows
    cleaned = CLEAN.cleaned.with_columns(pl.when(first).then(pl.lit(cut)).otherwise("body").alias("body"))
    found = coverage(cleaned=cleaned)
    assert found.passed is passed
    assert (len(found.row_ids), found.failed_rows) == (rows, 0 if passed else rows)


@pytest.mark.parametrize(
    "tables",
    [
        {"staged": CLEAN.staged.clear()},
        {"staged": CLEAN.staged.drop("category")},
        {"cleaned": CLEAN.cleaned.drop("body")},
        {"staged": CLEAN.staged.with_columns(status=pl.lit("failed"))},
    ],
)
def test_missing_input_is_unusable(tables: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(UnusableInputError):
        coverage(**tables)
