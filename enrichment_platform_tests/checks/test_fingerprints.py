"""A partition has one fingerprint; a single row of another one, or of none, blocks."""

from __future__ import annotations

import polars as pl
import pytest

from enrichment_platform_tests.checks.tables import failed, make_partition, result, run, with_value

CLEAN = make_partition()


@pytest.mark.parametrize("other", ["f2", None, ""])
def test_one_row_of_another_fingerprint_in_2000_blocks_and_is_named(other: str | None) -> None:
    verdict = run(CLEAN, staged=with_value(CLEAN.staged, 1999, fingerprint=other))
    assert failed(verdict) == {"one_fingerprint"}
    assert result(verdict, "one_fingerprint").row_ids == ("t001999",)
    assert not verdict.passed


def test_no_fingerprint_at_all_blocks() -> None:
    verdict = run(CLEAN, staged=CLEAN.staged.with_columns(fingerprint=pl.lit(None, pl.String)))
    assert result(verdict, "one_fingerprint").failed_rows == 2000
