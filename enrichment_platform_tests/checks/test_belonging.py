"""Belonging: an answer that is not its own row's is found; nobody having looked is a failure."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.belonging import answers_belong
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform_tests.checks.tables import make_partition, make_spec, with_value

CLEAN = make_partition(2000)
ASKED = CLEAN.staged.select("row_id", "request_key")
DEFINITION = CheckDefinition("answers_belong", "", blocking=True)


def belong(staged: pl.DataFrame = CLEAN.staged, asked: pl.DataFrame | None = ASKED) -> CheckResult:
    return answers_belong(DEFINITION, make_spec(), PartitionTables(*CLEAN._replace(staged=staged), asked=asked))


def test_every_answer_with_its_own_key_passes_in_any_order() -> None:
    assert belong().passed
    assert belong(CLEAN.staged.reverse()).passed


def test_two_answers_beside_each_others_rows_are_both_named() -> None:
    keys = CLEAN.staged.get_column("request_key").to_list()
    keys[7], keys[8] = keys[8], keys[7]
    found = belong(CLEAN.staged.with_columns(request_key=pl.Series(keys)))
    assert not found.passed
    assert found.row_ids == ("t000007", "t000008")
    assert "2 carry the request key of another row" in found.message
    assert "materialize" in found.message


@settings(max_examples=50)
@given(st.integers(1, 1999))
def test_answers_moved_by_any_number_of_rows_all_fail(places: int) -> None:
    keys = CLEAN.staged.get_column("request_key")
    assert belong(CLEAN.staged.with_columns(request_key=pl.concat([keys[places:], keys[:places]]))).failed_rows == 2000


@pytest.mark.parametrize("key", ["stale", "", None])
def test_a_stale_or_missing_key_is_named(key: str | None) -> None:
    found = belong(with_value(CLEAN.staged, 11, request_key=key))
    assert found.row_ids == ("t000011",)
    assert "no row of the partition has now" in found.message


def test_a_row_that_cannot_be_asked_must_not_have_an_answer() -> None:
    asked = with_value(ASKED, 11, request_key=None)
    assert belong(asked=asked).row_ids == ("t000011",)
    assert belong(with_value(CLEAN.staged, 11, status="failed", request_key=""), asked).passed


@pytest.mark.parametrize(
    "asked",
    [
        None,
        ASKED.clear(),
        ASKED.slice(1),
        pl.concat([ASKED, ASKED[:1]]),
        ASKED.drop("request_key"),
        ASKED.drop("row_id"),
    ],
)
def test_unreckoned_keys_are_unusable(asked: pl.DataFrame | None) -> None:
    with pytest.raises(UnusableInputError):
        belong(asked=asked)


@pytest.mark.parametrize(
    "staged", [CLEAN.staged.clear(), CLEAN.staged.drop("request_key"), CLEAN.staged.drop("status")]
)
def test_missing_answers_are_unusable(staged: pl.DataFrame) -> None:
    with pytest.raises(UnusableInputError):
        belong(staged)
