"""The version of a table is that of its content: it changes with any value, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.lake.content import content_version
from enrichment_platform.lake.tables import Lake

frames = st.lists(
    st.tuples(st.text(max_size=6), st.one_of(st.none(), st.integers(-5, 5)), st.booleans()), min_size=1, max_size=6
).map(
    lambda rows: pl.DataFrame(
        [(str(number), *row) for number, row in enumerate(rows)],
        schema={"row_id": pl.String, "text": pl.String, "size": pl.Int64, "flag": pl.Boolean},
        orient="row",
    )
)


@settings(max_examples=60)
@given(frame=frames, seed=st.integers(0, 1000))
def test_the_content_version_ignores_the_order_of_rows_and_columns(frame: pl.DataFrame, seed: int) -> None:
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed).select(reversed(frame.columns))
    assert content_version(shuffled) == content_version(frame)


@settings(max_examples=60)
@given(frame=frames, other=st.text(max_size=6), data=st.data())
def test_the_content_version_sees_any_change(frame: pl.DataFrame, other: str, data: st.DataObject) -> None:
    version = content_version(frame)
    row = data.draw(st.integers(0, frame.height - 1))
    column = data.draw(st.sampled_from(["row_id", "text", "size", "flag"]))
    value = frame[column][row]
    changed = {"size": 9, "flag": value is not True, "text": f"{value}{other}!", "row_id": f"{value}-"}[column]
    here = pl.int_range(pl.len()) == row
    edited = frame.with_columns(pl.when(here).then(pl.lit(changed)).otherwise(pl.col(column)).alias(column))
    assert content_version(edited) != version
    assert content_version(frame.filter(~here)) != version
    assert content_version(pl.concat([frame, frame[row : row + 1]])) != version
    empty = frame[column].null_count() == frame.height
    assert (content_version(frame.drop(column)) == version) is empty
    assert (content_version(frame.rename({column: f"{column}_"})) == version) is empty


@pytest.mark.parametrize(
    "dtype",
    [pl.Null, pl.String, pl.Float64, pl.Binary, pl.List(pl.Binary), pl.Struct({"of": pl.String}), pl.Datetime("us")],
)
def test_a_column_that_is_null_throughout_is_no_content(dtype: pl.DataType) -> None:
    rows = pl.DataFrame({"row_id": ["1", "2"], "text": ["one", None]})
    assert content_version(rows.with_columns(pl.lit(None, dtype).alias("added"))) == content_version(rows)
    assert content_version(rows.with_columns(added=pl.lit("value"))) != content_version(rows)


def test_columns_that_another_partition_adds_to_the_table_leave_a_partition_what_it_was(home: Path) -> None:
    lake = Lake.from_environment()
    before = pl.DataFrame({"row_id": ["1"], "partition_key": ["a"], "text": ["one"]})
    lake.replace_partition("t/cleaned", "a", before)
    versions = [content_version(lake.read("t/cleaned", key)) for key in ("a", "c")]
    other = before.with_columns(partition_key=pl.lit("b"), duplicate_of=pl.lit("1"), similarity=pl.lit(0.9))
    lake.replace_partition("t/cleaned", "b", other)
    assert "similarity" in lake.read("t/cleaned", "a").columns
    assert [content_version(lake.read("t/cleaned", key)) for key in ("a", "c")] == versions


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([b"\xff", None], [b"\xfe", None]),
        ({"of": b"\xff", "n": 1}, {"of": b"\xff", "n": 2}),
        ([{"of": [b"\xff"]}], [{"of": [b""]}]),
    ],
)
def test_bytes_in_lists_and_structs_are_hashed(one: object, other: object) -> None:
    first, second = (pl.DataFrame({"row_id": ["1", "2"], "nested": [value, None]}) for value in (one, other))
    assert content_version(first) == content_version(first.reverse())
    assert content_version(first) != content_version(second)
