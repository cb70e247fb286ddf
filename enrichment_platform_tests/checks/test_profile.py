"""A profile counts every row once, names categories and never texts, and stays fast at 20,000 rows."""

from __future__ import annotations

import time
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.history import PROFILE_SCHEMA, History
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.profile import comparable, input_counts, label_counts, null_counts, profile, series
from enrichment_platform_tests.checks.histories import LABELS, partition, spec_of
from enrichment_platform_tests.checks.tables import make_partition, make_spec

TOPICS = {"name": "topics", "type": "list", "labels": ["late", "broken"], "required": False}


def counted(frame: pl.DataFrame, metric: str, field: str = "") -> dict[str, int]:
    rows = frame.filter((pl.col("metric") == metric) & (pl.col("field") == field))
    return dict(rows.select("value", "count").iter_rows())


def made(rows: int) -> PartitionTables:
    return PartitionTables(*make_partition(rows))


def test_labels_with_null_and_without_the_texts_of_the_model() -> None:
    tables = partition("2026-03-01", {"category": ["billing", "billing", None, "a secret of the row"]})
    counts = profile(spec_of(), tables, "2026-03-01", "f1")
    assert counted(counts, "label", "category") == {"(null)": 1, "(other)": 1, "billing": 2}
    assert "secret" not in str(counts.to_dicts())
    assert counts.schema == pl.Schema(PROFILE_SCHEMA)


def test_items_count_once_a_row_and_out_of_all_rows() -> None:
    items = [["late", "late"], ["late", "broken"], [], None, ["other thing"]]
    tables = partition("2026-03-01", {"topics": pl.Series(items, dtype=pl.List(pl.String)).to_list()})
    counts = label_counts(spec_of(TOPICS), tables)
    assert counted(counts, "item", "topics") == {"(empty)": 1, "(null)": 1, "(other)": 1, "broken": 1, "late": 2}
    assert set(counts["total"]) == {5}


def test_attempts_of_rows_that_share_an_answer_count_as_one() -> None:
    tables = partition("2026-03-01", {"category": ["billing"] * 6}, attempts=[0, 1, None, 2, 3, 9])
    assert counted(profile(spec_of(), tables, "k", "f"), "attempts") == {"1": 3, "2": 1, "3+": 2}


def test_a_column_that_is_not_there_is_no_metric() -> None:
    tables = partition("2026-03-01", {"category": ["billing"] * 6})
    assert set(profile(spec_of(), tables, "k", "f")["metric"]) == {"label", "status", "length", "script", "set_aside"}


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("My parcel is late", "Latin"),
        ("Wo ist mein Päckchen?", "Latin"),
        ("Где моя посылка, DHL", "Cyrillic"),
        ("我的包裹在哪里", "Han"),
        ("أين الطرد", "Arabic"),
        ("택배가 어디에", "Hangul"),
        ("ფოსტა სად არის", "other"),
        ("123 !!", "none"),
        ("", "none"),
    ],
)
def test_the_script_is_that_of_most_letters(text: str, script: str) -> None:
    tables = partition("2026-03-01", {"category": ["billing"]}, texts=[text])
    assert counted(input_counts(spec_of(), tables), "script") == {script: 1}


@pytest.mark.parametrize(
    ("characters", "bucket"), [(0, "0"), (1, "1-1"), (2, "2-3"), (63, "32-63"), (64, "64-127"), (4096, "4096-8191")]
)
def test_lengths_double_from_bucket_to_bucket(characters: int, bucket: str) -> None:
    spec = spec_of(prompt={"columns": ["body"]})
    tables = partition("2026-03-01", {"category": ["billing"]}, texts=["x" * characters])
    assert counted(input_counts(spec, tables), "length") == {bucket: 1}


@settings(max_examples=30)
@given(st.lists(st.sampled_from([*LABELS, None, "odd"]), min_size=1, max_size=40))
def test_every_row_is_in_one_category(labels: list[str | None]) -> None:
    tables = partition("2026-03-01", {"category": pl.Series(labels, dtype=pl.String).to_list()})
    tables = replace(tables, staged=tables.staged.with_columns(pl.col("category").cast(pl.String)))
    counts = profile(spec_of(), tables, "k", "f")
    sums = (
        counts.filter(pl.col("metric") != "set_aside")
        .group_by("metric", "field")
        .agg(pl.col("count").sum(), pl.col("total").first())
    )
    assert (sums["count"] == sums["total"]).all()
    assert (sums["total"] == len(labels)).all()


def test_an_empty_partition_has_no_rows_in_its_profile() -> None:
    empty = made(3)
    empty = PartitionTables(
        empty.raw_ids.clear(), empty.quarantined.clear(), empty.cleaned.clear(), empty.staged.clear()
    )
    assert profile(make_spec(), empty, "k", "f").is_empty()


@pytest.mark.parametrize("column", ["category", "topics", "vendor", "status"])
def test_a_missing_column_is_refused(column: str) -> None:
    tables = made(30)
    with pytest.raises(UnusableInputError, match=column):
        profile(make_spec(), replace(tables, staged=tables.staged.drop(column)), "k", "f")


def test_a_partition_without_an_answer_is_refused() -> None:
    tables = made(30)
    failed = tables.staged.with_columns(pl.lit("failed").alias("status"))
    with pytest.raises(UnusableInputError, match="no staged row"):
        profile(make_spec(), replace(tables, staged=failed), "k", "f")


def test_a_partition_is_not_compared_with_its_own_earlier_profile() -> None:
    tables, spec = made(60), make_spec()
    stored = profile(spec, tables, "2026-01-01", "f1")
    stored = pl.concat([stored, stored.with_columns(pl.lit("2025-12-31").alias("partition_key"))])
    again = replace(tables, history=History(profiles=stored))
    found = series(again, null_counts(spec, again))
    assert {one.keys for one in found} == {("2025-12-31",)}
    assert comparable(found, "daily") == ([], "1 of 7 partitions")


def test_twenty_thousand_rows_take_half_a_second() -> None:
    tables, spec = made(20_000), make_spec()
    profile(spec, tables, "k", "f")
    best = min(_seconds(spec, tables) for _ in range(3))
    assert best < 0.5


def _seconds(spec: object, tables: PartitionTables) -> float:
    began = time.process_time()
    profile(spec, tables, "k", "f")  # type: ignore[arg-type]
    return time.process_time() - began
