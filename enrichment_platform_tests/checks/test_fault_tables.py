"""Faults of the table: as many rows as were asked for are lost, doubled or moved, and no other."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.fault_choice import FaultNotPossibleError, faulty_rows
from enrichment_platform.checks.fault_tables import TABLE_FAULTS, as_table_fault
from enrichment_platform_tests.checks.tables import make_partition


def test_a_fault_of_answers_is_not_one_of_the_table() -> None:
    with pytest.raises(ValueError, match="no fault of a table"):
        as_table_fault("row_swap", make_partition(10).staged, 0.1, 0)


@settings(max_examples=25)
@given(
    name=st.sampled_from(TABLE_FAULTS),
    rows=st.integers(5, 80),
    share=st.sampled_from([0.001, 0.05, 0.5]),
    seed=st.integers(0, 99),
    arrangement=st.sampled_from(["scattered", "contiguous"]),
)
def test_a_table_fault_touches_so_many_rows(name: str, rows: int, share: float, seed: int, arrangement: Any) -> None:
    staged = make_partition(rows).staged
    broken, ids = as_table_fault(name, staged, share, seed, arrangement)
    wanted = faulty_rows(share, rows)
    assert len(ids) == wanted
    untouched = ~pl.col("row_id").is_in(list(ids))
    assert broken.filter(untouched).equals(staged.filter(untouched))
    hit = broken.filter(~untouched)
    if name == "lost":
        assert hit.is_empty()
    elif name == "duplicated":
        assert hit.height == 2 * wanted
        assert hit.unique().sort("row_id").equals(staged.filter(~untouched))
    else:
        right = staged.filter(~untouched)
        assert hit.get_column("row_id").equals(right.get_column("row_id"))
        assert hit.get_column("order_id").ne(right.get_column("order_id")).all()
        moved = hit.get_column("request_key").ne(right.get_column("request_key"))
        assert moved.all() if name == "misaligned" else not moved.any()


def test_a_table_of_equal_rows_cannot_be_misaligned() -> None:
    staged = make_partition(5).staged.with_columns(request_key=pl.lit("k"))
    with pytest.raises(FaultNotPossibleError):
        as_table_fault("misaligned", staged, 0.1, 0)
