"""Consistency: rows with the same text and another answer are named, the rarer answer's."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.consistency import same_text_same_answer
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform_tests.checks.tables import make_partition, make_spec, with_value

CLEAN = make_partition(300)
SAME = CLEAN.cleaned.with_columns(
    body=pl.when(pl.int_range(pl.len()) < 100).then(pl.lit("My parcel  is late")).otherwise("body")
)
STAGED = CLEAN.staged.with_columns(
    category=pl.lit("other"), amount=pl.lit(1.0), due=None, quantity=pl.lit(1, pl.Int64), refund=pl.lit(value=True)
).cast({"due": pl.Date})
DEFINITION = CheckDefinition("same_text_same_answer", "", blocking=False)


def consistency(cleaned: pl.DataFrame = SAME, staged: pl.DataFrame = STAGED) -> CheckResult:
    tables = PartitionTables(*CLEAN._replace(cleaned=cleaned, staged=staged))
    return same_text_same_answer(DEFINITION, make_spec(), tables)


def test_the_same_answers_pass_and_are_counted() -> None:
    found = consistency()
    assert (found.passed, found.failed_rows, found.total_rows) == (True, 0, 100)


@pytest.mark.parametrize("values", [{"category": "billing"}, {"amount": 2.0}, {"quantity": None}, {"refund": False}])
def test_the_rarer_answer_is_named_in_every_comparable_field(values: dict[str, object]) -> None:
    staged = STAGED
    for row in (3, 20, 50, 70, 99):
        staged = with_value(staged, row, **values)
    found = consistency(staged=staged)
    assert (found.passed, found.row_ids) == (False, ("t000003", "t000020", "t000050", "t000070", "t000099"))


def test_two_of_a_hundred_are_within_the_limit() -> None:
    found = consistency(staged=with_value(with_value(STAGED, 3, category="billing"), 4, category="billing"))
    assert (found.passed, found.failed_rows) == (True, 2)


def twins(pairs: int, different: int) -> CheckResult:
    """Pairs of rows with one text; the second row of some of them has another answer."""
    number = pl.int_range(pl.len())
    shared = pl.when(number < 2 * pairs).then(pl.format("Text {}", number // 2)).otherwise("body")
    odd = (number < 2 * different) & (number % 2 == 1)
    label = pl.when(odd).then(pl.lit("billing")).otherwise("category").alias("category")
    return consistency(CLEAN.cleaned.with_columns(shared.alias("body")), STAGED.with_columns(label))


@pytest.mark.parametrize(("pairs", "different"), [(1, 1), (2, 2), (10, 2), (50, 3), (50, 4)])
def test_one_pair_or_a_share_that_chance_explains_does_not_fail(pairs: int, different: int) -> None:
    found = twins(pairs, different)
    assert (found.passed, found.failed_rows, found.total_rows) == (True, different, 2 * pairs)
    assert len(found.row_ids) == different
    assert "too few" in found.message


@pytest.mark.parametrize(("pairs", "different"), [(3, 3), (10, 3), (50, 5)])
def test_three_rows_and_more_than_chance_explains_fail(pairs: int, different: int) -> None:
    found = twins(pairs, different)
    assert (found.passed, found.failed_rows) == (False, different)


def test_case_and_white_space_make_no_other_text_and_words_do() -> None:
    cleaned = with_value(CLEAN.cleaned, 0, body="MY  parcel is\nlate")
    other = with_value(STAGED, 0, category="billing")
    assert consistency(with_value(cleaned, 1, body="my parcel is late"), other).failed_rows == 1
    assert consistency(with_value(cleaned, 1, body="my parcel is later"), other).failed_rows == 0


def test_free_text_may_differ() -> None:
    assert consistency(staged=with_value(STAGED, 3, vendor="Globex Ltd")).failed_rows == 0


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["billing", "delivery", "other"]), min_size=100, max_size=100))
def test_named_are_all_but_the_most_frequent_answer(labels: list[str]) -> None:
    staged = STAGED.with_columns(category=pl.Series(labels + ["other"] * 200))
    assert consistency(staged=staged).failed_rows == 100 - max(map(labels.count, labels))


@pytest.mark.parametrize(
    "changes",
    [
        {"staged": STAGED.clear()},
        {"staged": STAGED.drop("refund")},
        {"cleaned": SAME.drop("body")},
        {"staged": STAGED.with_columns(status=pl.lit("failed"))},
    ],
)
def test_missing_input_is_unusable(changes: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(UnusableInputError):
        consistency(**changes)
