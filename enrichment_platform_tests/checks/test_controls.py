"""Rows that are asked again: other answers are counted against earlier partitions, and silence is no pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from enrichment_platform.checks.controls import control_profile, label_order, stored_answers
from enrichment_platform.checks.family import judge
from enrichment_platform.checks.history import PROFILE_SCHEMA, History
from enrichment_platform.checks.inputs import CONTROL_COLUMNS, PartitionTables, UnusableInputError
from enrichment_platform_tests.checks.histories import KEYS
from enrichment_platform_tests.checks.tables import KEY, LABELS, make_partition, make_spec

CLEAN = make_partition(2000)
SPEC = make_spec(checks={"reask_share": 0.01, "reorder_share": 0.02})


def asked_again(kind: str, number: int, other: int = 0, **changes: Any) -> pl.DataFrame:
    """The first rows of the partition with the same answers, the first of them with another category."""
    rows = CLEAN.staged.head(number).with_row_index("n")
    another = pl.when(pl.col("category") == LABELS[-1]).then(pl.lit(LABELS[0])).otherwise(pl.lit(LABELS[-1]))
    return rows.with_columns(
        of_row_id=pl.col("row_id"),
        row_id=pl.format("again:{}", "row_id"),
        kind=pl.lit(kind),
        expected=pl.lit(None, pl.String),
        model=pl.lit("m"),
        endpoint=pl.lit("e"),
        category=pl.when(pl.col("n") < other).then(another).otherwise("category"),
        **{name: pl.lit(value, pl.String) for name, value in changes.items()},
    ).select(*CONTROL_COLUMNS, *[field.name for field in SPEC.output])


def profiles(metric: str, other: int, total: int, days: int = 10) -> pl.DataFrame:
    rows = [
        (f"2025-12-{day + 1:02}", "f1", metric, "", value, count, total)
        for day in range(days)
        for value, count in (("same", total - other), ("other", other))
    ]
    return pl.DataFrame(rows, schema=PROFILE_SCHEMA, orient="row")


def tables(controls: pl.DataFrame | None, past: pl.DataFrame | None = None, rows: int = 2000) -> PartitionTables:
    cut = CLEAN._replace(staged=CLEAN.staged.head(rows), cleaned=CLEAN.cleaned.head(rows))
    history = History(profiles=past if past is not None else pl.DataFrame(schema=PROFILE_SCHEMA))
    return PartitionTables(**cut._asdict(), controls=controls, history=history)


def test_answers_that_stand_are_no_signal() -> None:
    found = stored_answers(SPEC, tables(asked_again("reasked", 20), profiles("reasked", 0, 20)))
    assert (found.matters, found.failed_rows) == (False, 0)
    assert found.p_value >= 0.5


def test_a_stale_cache_is_found_and_its_rows_are_named() -> None:
    found = stored_answers(SPEC, tables(asked_again("reasked", 20, 20), profiles("reasked", 0, 20)))
    assert found.p_value < 1e-6
    assert found.matters
    assert found.failed_rows == 20
    assert found.row_ids[0] == "t000000"
    assert "without the cache" in found.message


def test_as_many_other_answers_as_usual_are_no_signal() -> None:
    found = stored_answers(SPEC, tables(asked_again("reasked", 20, 3), profiles("reasked", 2, 20)))
    assert found.p_value > 0.1


def test_a_history_that_varies_much_makes_the_same_count_less_surprising() -> None:
    past = profiles("reasked", 0, 20)
    wild = pl.concat([past.filter(pl.col("partition_key") > "2025-12-02"), profiles("reasked", 10, 20, 2)])
    even = profiles("reasked", 2, 20)
    signal = tables(asked_again("reasked", 20, 8), even), tables(asked_again("reasked", 20, 8), wild)
    assert stored_answers(SPEC, signal[0]).p_value < stored_answers(SPEC, signal[1]).p_value


def test_free_text_is_worded_anew_and_does_not_count() -> None:
    controls = asked_again("reasked", 20).with_columns(vendor=pl.lit("another"))
    assert stored_answers(SPEC, tables(controls, profiles("reasked", 0, 20))).failed_rows == 0


def test_one_more_flip_than_usual_is_learned_from_before_it_is_judged() -> None:
    found = stored_answers(SPEC, tables(asked_again("reasked", 20, 20)))
    assert (found.p_value, found.matters) == (1.0, False)
    assert "0 of 7 partitions" in found.learning


@pytest.mark.parametrize(
    ("days", "total", "learning"),
    [(6, 20, "6 of 7 partitions, 120 of 30 rows"), (7, 4, "7 of 7 partitions, 28 of 30 rows"), (7, 5, "")],
)
def test_a_baseline_takes_seven_partitions_and_thirty_rows(days: int, total: int, learning: str) -> None:
    found = stored_answers(SPEC, tables(asked_again("reasked", 20, 20), profiles("reasked", 0, total, days)))
    assert found.learning == learning


def test_a_partition_is_not_compared_with_itself_when_it_runs_again() -> None:
    itself = profiles("reasked", 20, 20, 1).with_columns(pl.lit(KEY).alias("partition_key"))
    past = pl.concat([profiles("reasked", 0, 20), itself])
    assert (
        "usual: 0% of 200 rows in 10 partitions"
        in stored_answers(SPEC, tables(asked_again("reasked", 20, 20), past)).message
    )


@pytest.mark.parametrize("days", [7, 60])
def test_clean_days_that_differ_by_three_points_are_left_alone_however_long_the_history(days: int) -> None:
    random = np.random.default_rng(days)
    alarms = 0
    for _ in range(200):
        counts = random.binomial(400, random.beta(9.9, 89.1, days + 1))  # 10%, sd 3 points between days
        past = pl.concat(
            [
                profiles("reordered", int(count), 400, 1).with_columns(pl.lit(key).alias("partition_key"))
                for key, count in zip(KEYS[1:], counts[:-1], strict=False)
            ]
        )
        found = label_order(SPEC, tables(asked_again("reordered", 400, int(counts[-1])), past))
        alarms += judge({"label_order": found}, q=0.0005)["label_order"]  # the level that one of ten is held to
    assert alarms <= 1


@pytest.mark.parametrize(
    ("check", "kind"), [(stored_answers, "reasked"), (label_order, "reordered")], ids=["reasked", "reordered"]
)
def test_rows_that_were_not_asked_again_though_they_should_are_unusable(check: Any, kind: str) -> None:
    for controls in (None, asked_again(kind, 0), asked_again("canary", 40), asked_again(kind, 40, status="error")):
        with pytest.raises(UnusableInputError, match="controls"):
            check(SPEC, tables(controls))
    with pytest.raises(UnusableInputError, match="no column category"):
        check(SPEC, tables(asked_again(kind, 40).drop("category")))


@pytest.mark.parametrize("check", [stored_answers, label_order])
def test_a_small_partition_or_a_share_of_0_asks_nothing(check: Any) -> None:
    assert check(SPEC, tables(None, rows=199)).learning
    without = make_spec(checks={"reask_share": 0, "reorder_share": 0})
    assert check(without, tables(None)).learning


def test_labels_that_follow_their_order_are_found_and_the_first_one_is_told() -> None:
    found = label_order(SPEC, tables(asked_again("reordered", 40, 20), profiles("reordered", 1, 40)))
    assert found.p_value < 1e-4
    assert found.matters
    assert "new labels are the one that was shown first" in found.message


def test_flips_within_five_points_of_the_baseline_do_not_matter() -> None:
    past = profiles("reordered", 4, 40)
    assert not label_order(SPEC, tables(asked_again("reordered", 40, 5), past)).matters


def test_the_profile_counts_what_later_partitions_compare_with() -> None:
    controls = pl.concat([asked_again("reasked", 20), asked_again("reordered", 40, 40)])
    found = control_profile(SPEC, tables(controls))
    assert found.schema == PROFILE_SCHEMA
    assert found.select("partition_key", "metric", "field", "value", "count", "total").rows() == [
        (KEY, "reasked", "", "same", 20, 20),
        (KEY, "reasked", "", "other", 0, 20),
        (KEY, "reordered", "", "same", 0, 40),
        (KEY, "reordered", "", "other", 40, 40),
    ]
    assert control_profile(SPEC, tables(None, rows=100)).is_empty()
