"""Parquet keeps its native types."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from enrichment_platform.errors import SourceError
from enrichment_platform_tests.sources.reads import read


def test_native_types_are_kept_and_native_times_place_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "id": [1, 2, 3, None],
            "at": [
                datetime(2026, 1, 5, 1, tzinfo=UTC),
                datetime(2026, 1, 6, tzinfo=UTC),
                None,
                datetime(2026, 1, 5, tzinfo=UTC),
            ],
            "amount": [1.5, 2.5, 3.5, 4.5],
            "none": [None] * 4,
            "tags": [["a"], [], None, []],
            "kind": pl.Series(["x", "y", "x", "y"], dtype=pl.Categorical),
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    got = read(tmp_path, "a.parquet")
    assert got.rows["row_id"].to_list() == ["1"]
    assert got.rows.schema["amount"] == pl.Float64
    assert got.rows.schema["tags"] == pl.List(pl.String)
    assert (got.rows.schema["none"], got.rows.schema["kind"]) == (pl.String, pl.String)
    assert got.unplaced["row_id"].to_list() == ["a.parquet:3"]
    assert got.rejected["row_id"].to_list() == ["a.parquet:4"]


def test_files_whose_types_differ_are_read_as_one(tmp_path: Path) -> None:
    at = [date(2026, 1, 5)]
    pl.DataFrame({"id": [1], "at": at, "value": [1]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"id": [2], "at": at, "value": [1.5]}).write_parquet(tmp_path / "b.parquet")
    pl.DataFrame({"id": ["x"], "at": at}).write_parquet(tmp_path / "c.parquet")
    rows = read(tmp_path, "*.parquet").rows
    assert rows.select("row_id", "id", "value").rows() == [("1", "1", 1.0), ("2", "2", 1.5), ("x", "x", None)]


def test_a_file_that_is_not_parquet_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"not parquet")
    with pytest.raises(SourceError, match=r"a\.parquet cannot be read"):
        read(tmp_path, "a.parquet")
