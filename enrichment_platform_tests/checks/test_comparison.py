"""Comparison of two fingerprints: exact on the golden rows they share, honest about what cannot be compared."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.checks.comparison import (
    FlipRate,
    comparison_sentence,
    flip_rate,
    mcnemar,
    shown_p,
)
from enrichment_platform.checks.history import CANARY_SCHEMA
from enrichment_platform.checks.inputs import UnusableInputError


def golden(correct: list[bool], key: str = "2026-01-01", field: str = "category") -> pl.DataFrame:
    rows = [(key, "f", f"g{n:04}", field, value) for n, value in enumerate(correct)]
    return pl.DataFrame(rows, schema=CANARY_SCHEMA, orient="row")


def labels(values: list[str | None]) -> pl.DataFrame:
    ids = [f"r{n}" for n in range(len(values))]
    return pl.DataFrame({"row_id": ids, "category": values}, schema={"row_id": pl.String, "category": pl.String})


def test_ten_repaired_and_two_broken_rows_have_the_p_value_of_the_exact_test() -> None:
    before = golden([True] * 100 + [False] * 20)
    after = golden([True] * 98 + [False] * 2 + [True] * 10 + [False] * 10)
    found = mcnemar(before, after)
    assert (found.rows, found.right_before, found.right_after) == (120, 100, 108)
    assert (found.repaired, found.broken) == (10, 2)
    assert found.p_value == pytest.approx(2 * (1 + 12 + 66) / 2**12)


def test_a_row_is_right_only_where_all_its_fields_are() -> None:
    before = pl.concat([golden([True, True]), golden([True, False], field="amount")])
    after = pl.concat([golden([True, True]), golden([True, True], field="amount")])
    found = mcnemar(before, after)
    assert (found.rows, found.right_before, found.right_after, found.repaired) == (2, 1, 2, 1)


def test_the_latest_answer_of_a_golden_row_counts() -> None:
    before = pl.concat([golden([False], "2026-01-02"), golden([True], "2026-01-01")])
    assert mcnemar(before, golden([True])).repaired == 1


def test_rows_and_fields_that_are_not_in_both_are_left_out() -> None:
    assert mcnemar(golden([True] * 5), golden([True] * 3)).rows == 3
    assert mcnemar(golden([True]), golden([True], field="other")).rows == 0


def test_nothing_in_common_is_said_and_is_no_improvement() -> None:
    empty = pl.DataFrame(schema=CANARY_SCHEMA)
    found = mcnemar(empty, golden([True]))
    assert (found.rows, found.p_value) == (0, 1.0)
    told = comparison_sentence(found, flip_rate(labels([]), labels([])))
    assert "cannot be compared" in told
    assert "not known" in told


def test_a_table_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="no column correct"):
        mcnemar(golden([True]).drop("correct"), golden([True]))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_the_p_value_is_the_same_in_both_directions(pairs: list[tuple[bool, bool]]) -> None:
    before, after = golden([one for one, _ in pairs]), golden([other for _, other in pairs])
    there, back = mcnemar(before, after), mcnemar(after, before)
    assert there.p_value == pytest.approx(back.p_value)
    assert 0 < there.p_value <= 1


def test_flipped_labels_are_counted_and_null_is_a_label() -> None:
    found = flip_rate(labels(["a", "b", None, None]), labels(["a", "c", None, "d"]))
    assert (found.flipped, found.rows) == (2, 4)
    assert found.low < 0.5 < found.high


def test_a_doubled_row_or_no_common_label_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="twice"):
        flip_rate(pl.concat([labels(["a"]), labels(["a"])]), labels(["a"]))
    with pytest.raises(UnusableInputError, match="no label column"):
        flip_rate(labels(["a"]), labels(["a"]).rename({"category": "kind"}))


def test_the_sentence_says_accuracy_rows_p_value_and_flips() -> None:
    before = golden([True] * 109 + [False] * 11)
    after = golden([True] * 113 + [False] * 7)
    told = comparison_sentence(mcnemar(before, after), FlipRate(14, 200, 0.042, 0.114))
    assert told == (
        "accuracy 91% -> 94% on 120 golden rows (4 repaired, 0 broken), McNemar p = .12;"
        " 7% of labels flipped (4% to 11%, 200 rows)"
    )


@pytest.mark.parametrize(
    ("p_value", "shown"), [(1.0, "1"), (0.999, "1"), (0.5, ".5"), (0.0312, ".031"), (1e-7, "below .0001")]
)
def test_p_values_are_short(p_value: float, shown: str) -> None:
    assert shown_p(p_value) == shown
