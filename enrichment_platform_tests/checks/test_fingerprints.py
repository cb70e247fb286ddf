"""One fingerprint a partition: a row of another one is told or blocks, as the spec says; a row of none blocks."""

from __future__ import annotations

import polars as pl
import pytest

from enrichment_platform_tests.checks.tables import failed, make_partition, make_spec, result, run, with_value

CLEAN = make_partition()
BLOCKING = make_spec(checks={"mixed_models": "block"})


def with_another(fingerprint: str | None) -> pl.DataFrame:
    return with_value(CLEAN.staged, 1999, fingerprint=fingerprint)


def test_one_row_of_another_fingerprint_in_2000_is_named_and_does_not_block() -> None:
    verdict = run(CLEAN, staged=with_another("f2"))
    assert failed(verdict) == {"one_fingerprint"}
    found = result(verdict, "one_fingerprint")
    assert (found.passed, found.blocking, found.row_ids) == (False, False, ("t001999",))
    assert "Another endpoint of the pool answered these" in found.message
    assert "`checks.mixed_models: block`" in found.message
    assert verdict.passed


def test_where_mixed_models_block_one_row_of_another_fingerprint_in_2000_blocks_and_is_named() -> None:
    verdict = run(CLEAN, BLOCKING, staged=with_another("f2"))
    assert failed(verdict) == {"one_fingerprint"}
    found = result(verdict, "one_fingerprint")
    assert (found.passed, found.blocking, found.row_ids) == (False, True, ("t001999",))
    assert "Nothing is published; materialize support_tickets/classified of this partition again" in found.message
    assert not verdict.passed


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("other", [None, ""])
def test_a_row_without_a_fingerprint_blocks_whatever_the_spec_says(other: str | None, blocks: bool) -> None:
    verdict = run(CLEAN, BLOCKING if blocks else None, staged=with_another(other))
    assert failed(verdict) == {"one_fingerprint"}
    assert result(verdict, "one_fingerprint").row_ids == ("t001999",)
    assert not verdict.passed


@pytest.mark.parametrize("model", [None, ""])
def test_an_answer_that_names_no_model_among_others_that_do_is_named(model: str | None) -> None:
    found = result(run(CLEAN, staged=with_value(CLEAN.staged, 1999, model=model)), "one_fingerprint")
    assert (found.passed, found.row_ids) == (False, ("t001999",))


def test_no_model_by_name_anywhere_is_one_fingerprint() -> None:
    assert result(run(CLEAN, staged=CLEAN.staged.with_columns(model=pl.lit(""))), "one_fingerprint").passed


def test_rows_that_nobody_answered_need_no_model() -> None:
    staged = with_value(CLEAN.staged, 1999, model=None, status="failed")
    assert result(run(CLEAN, staged=staged), "one_fingerprint").passed


def test_no_fingerprint_at_all_blocks() -> None:
    verdict = run(CLEAN, staged=CLEAN.staged.with_columns(fingerprint=pl.lit(None, pl.String)))
    assert result(verdict, "one_fingerprint").failed_rows == 2000
    assert not verdict.passed


@pytest.mark.parametrize("blocks", [False, True])
def test_one_fingerprint_passes_either_way(blocks: bool) -> None:
    found = result(run(CLEAN, BLOCKING if blocks else None), "one_fingerprint")
    assert (found.passed, found.failed_rows) == (True, 0)
