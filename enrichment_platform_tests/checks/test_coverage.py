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


@pytest.mark.parametrize("text", ["", None, "?!", " - ", "ok", "a 1", "\u200b…"])
def test_a_label_for_next_to_nothing_is_named(text: str | None) -> None:
    found = coverage(cleaned=with_value(CLEAN.cleaned, 11, subject=text, body=""))
    assert (found.passed, found.blocking, found.row_ids) == (False, False, ("t000011",))


@pytest.mark.parametrize("text", ["why", "退款", "환불", "404"])
def test_short_words_are_enough(text: str) -> None:
    assert coverage(cleaned=with_value(CLEAN.cleaned, 11, subject=text, body=None)).passed


def test_a_row_that_was_left_unlabelled_is_right() -> None:
    spec = make_spec(output=[{"name": "vendor", "type": "string"}])
    cleaned = with_value(CLEAN.cleaned, 11, subject="", body="")
    assert coverage(spec, cleaned=cleaned, staged=with_value(CLEAN.staged, 11, vendor=None)).passed
    assert not coverage(spec, cleaned=cleaned).passed


def test_a_row_that_was_not_answered_is_not_this_checks_matter() -> None:
    cleaned = with_value(CLEAN.cleaned, 11, subject="", body="")
    assert coverage(cleaned=cleaned, staged=with_value(CLEAN.staged, 11, status="refused")).passed


def test_an_answer_without_a_cleaned_row_was_seen_by_nobody() -> None:
    assert coverage(cleaned=CLEAN.cleaned.slice(1)).row_ids == ("t000000",)


@pytest.mark.parametrize(("rows", "passed"), [(20, True), (21, False)])
def test_texts_cut_in_more_than_one_row_of_a_hundred_are_named(rows: int, passed: bool) -> None:
    cut = REGISTRY["truncate_text"].kernel(pl.Series(["long " * 100]), max_chars=200)[0]
    first = pl.int_range(pl.len()) < rows
    cleaned = CLEAN.cleaned.with_columns(pl.when(first).then(pl.lit(cut)).otherwise("body").alias("body"))
    found = coverage(cleaned=cleaned)
    assert found.passed is passed
    assert len(found.row_ids) == (0 if passed else rows)


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
