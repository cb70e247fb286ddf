"""One mechanism places, identifies and deduplicates the rows of every reader."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from enrichment_platform.errors import SourceError
from enrichment_platform.sources import read_partition
from enrichment_platform.spec import PartitionsSpec, PartitionWindow
from enrichment_platform_tests.sources.reads import DATA, day, file, read, real

GOOD = "id,at,text\n1,2026-01-05,one\n2,2026-01-05T23:59:59Z,two\n3,2026-01-06,three\n"


def test_rows_of_the_window_come_in_source_order_with_id_and_key_first(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    rows = read(tmp_path, "a.csv").rows
    assert rows.columns == ["row_id", "partition_key", "id", "at", "text"]
    assert rows.rows()[0] == ("1", "2026-01-05", "1", "2026-01-05", "one")
    assert rows["row_id"].to_list() == ["1", "2"]
    assert set(rows.dtypes) == {pl.String}


def test_a_row_without_key_is_rejected_in_its_own_partition_only(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,at\n ,2026-01-05\n2,2026-01-05\n")
    here, there = read(tmp_path, "a.csv"), read(tmp_path, "a.csv", "2026-01-06")
    assert here.rejected.select("row_id", "partition_key", "stage", "reason").rows() == [
        ("a.csv:2", "2026-01-05", "raw", "missing_key")
    ]
    assert there.rejected.is_empty()
    assert there.rows.is_empty()
    assert there.rows.columns == ["row_id", "partition_key", "id", "at"]


def test_the_first_of_two_rows_with_one_key_stays(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,at,text\n1,2026-01-05,first\n 1 ,2026-01-05,second\n1,2026-01-06,third\n")
    got = read(tmp_path, "a.csv")
    assert got.rows["text"].to_list() == ["first"]
    assert got.rejected.select("row_id", "reason").rows() == [("a.csv:3", "duplicate_key")]


def test_a_row_without_a_readable_time_is_unplaced_in_every_partition_with_the_same_id(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_text("id,at,text\n1,never,private words\n2,2026-01-05,x\n3,,y\n")
    here, there = read(tmp_path, "a.csv"), read(tmp_path, "a.csv", "2026-01-06")
    assert here.unplaced.select("row_id", "partition_key", "reason").rows() == [
        ("a.csv:2", "unplaced", "bad_timestamp"),
        ("a.csv:4", "unplaced", "bad_timestamp"),
    ]
    assert_frame_equal(here.unplaced, there.unplaced)
    assert "private" not in str(here.unplaced.rows())
    assert "never" not in str(here.unplaced.rows())


def test_rows_outside_all_partitions_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,at\n1,1970-01-01\n2,2026-01-05\n3,2030-01-01\n4,2026-01-07\n")
    partitions = PartitionsSpec(start="2026-01-01", end="2027-01-01")
    got = read_partition(file("a.csv"), partitions, day("2026-01-05"), tmp_path)
    assert (got.rows.height, got.outside, got.unplaced.height) == (1, 2, 0)


def test_reading_twice_gives_identical_frames(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD + "bad\n4,x,y\n1,2026-01-05,again\n")
    first, second = read(tmp_path, "a.csv"), read(tmp_path, "a.csv")
    for name in ("rows", "rejected", "unplaced"):
        assert_frame_equal(getattr(first, name), getattr(second, name))


def test_static_partitions_go_by_the_value_of_a_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,team\n1,red\n2,blue\n3,green\n4,\n")
    partitions = PartitionsSpec(type="static", keys=["red", "blue"], column="team")
    got = read_partition(file("a.csv", timestamp=None), partitions, PartitionWindow("red"), tmp_path)
    assert got.rows["row_id"].to_list() == ["1"]
    assert got.unplaced.select("row_id", "reason").rows() == [
        ("a.csv:4", "unknown_partition"),
        ("a.csv:5", "unknown_partition"),
    ]


def test_partition_key_in_the_path_puts_the_whole_file_into_the_partition(tmp_path: Path) -> None:
    (tmp_path / "d=2026-01-05").mkdir()
    (tmp_path / "d=2026-01-05" / "part.csv").write_text("id,text\n1,a\nbad\n2,b\n")
    got = read(tmp_path, "d={partition_key}/part.csv", timestamp=None)
    assert got.rows["row_id"].to_list() == ["1", "2"]
    assert got.rejected["row_id"].to_list() == ["d=2026-01-05/part.csv:3"]
    assert got.unplaced.is_empty()
    with pytest.raises(SourceError, match=r"d=2026-01-06/part\.csv"):
        read(tmp_path, "d={partition_key}/part.csv", "2026-01-06", timestamp=None)


def test_columns_are_renamed_and_key_and_time_are_always_kept(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Ticket,at,Body,junk\n1,2026-01-05,hello,x\n")
    got = read(tmp_path, "a.csv", columns={"id": "Ticket", "text": "Body"})
    assert got.rows.rows() == [("1", "2026-01-05", "1", "2026-01-05", "hello")]
    assert got.rows.columns == ["row_id", "partition_key", "id", "at", "text"]


def test_columns_that_have_been_renamed_already_are_found_by_our_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,at,text\n1,2026-01-05,hello\n")
    got = read(tmp_path, "a.csv", columns={"id": "Ticket", "text": "Body"})
    assert got.rows["text"].to_list() == ["hello"]


def test_the_platforms_column_names_in_a_source_are_kept_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("row_id,at,partition_key\n7,2026-01-05,z\n")
    got = read(tmp_path, "a.csv", key="row_id")
    assert got.rows.columns == ["row_id", "partition_key", "source_row_id", "at", "source_partition_key"]
    assert got.rows.rows() == [("7", "2026-01-05", "7", "2026-01-05", "z")]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json", "parquet"])
def test_every_missing_column_is_named_with_those_that_are_there(tmp_path: Path, suffix: str) -> None:
    record = {"id": "1", "day": "2026-01-05"}
    if suffix == "csv":
        (tmp_path / "a.csv").write_text("id,day\n1,2026-01-05\n")
    elif suffix == "parquet":
        pl.DataFrame([record]).write_parquet(tmp_path / "a.parquet")
    else:
        (tmp_path / f"a.{suffix}").write_text(json.dumps([record] if suffix == "json" else record))
    with pytest.raises(SourceError) as error:
        read(tmp_path, f"a.{suffix}", columns=["id", "text"])
    for part in ("'at'", "'text'", "id, day", f"a.{suffix}"):
        assert part in str(error.value)


def test_a_header_with_one_name_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,at,text,text\n1,2026-01-05,a,b\n")
    with pytest.raises(SourceError, match="more than one column called 'text'"):
        read(tmp_path, "a.csv")


@pytest.mark.parametrize(("name", "text"), [("a.csv", ""), ("a.csv", "id,at\n"), ("a.jsonl", "\n\n"), ("a.json", "[]")])
def test_a_source_without_any_row_is_an_error(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match="no rows at all"):
        read(tmp_path, name)


def test_days_are_those_of_the_partitions_time_zone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,at\n1,2026-01-04T23:30:00Z\n2,2026-01-05T00:30:00\n3,2026-01-05T23:30:00Z\n")
    partitions = PartitionsSpec(start="2026-01-01", timezone="Europe/Vienna")
    got = read_partition(file("a.csv"), partitions, day("2026-01-05", "Europe/Vienna"), tmp_path)
    assert got.rows["row_id"].to_list() == ["1", "2"]


def test_the_real_complaints_of_a_day_are_exactly_that_days_rows() -> None:
    path = real("complaints/complaints.csv")
    with (DATA / path).open(newline="", encoding="utf-8") as stream:
        wanted = [row for row in csv.DictReader(stream) if row["date_received"] == "2019-03-01"]
    partitions = PartitionsSpec(start="2019-01-01")
    source = file(path, key="complaint_id", timestamp="date_received")
    got = read_partition(source, partitions, day("2019-03-01"), DATA)
    assert got.rows.drop("row_id", "partition_key").to_dicts() == wanted
    assert len(wanted) > 0
    assert got.rejected.is_empty()
    assert got.unplaced.is_empty()


def test_every_planted_bad_time_and_key_of_the_dirty_texts_is_found() -> None:
    path = real("dirty_text/texts.jsonl")
    planted = [json.loads(line) for line in (DATA / "dirty_text/defects.jsonl").read_text().split("\n") if line]
    unreadable = [
        f"texts.jsonl:{defect['line'] + 1}"
        for defect in planted
        if defect["defect"] == "bad_timestamp" and defect["value"][:4] not in ("1970", "2099")
    ]
    source = file(path, key="row_id", timestamp="received_at")
    partitions = PartitionsSpec(type="monthly", start="2026-01-01", end="2026-02-01")
    got = read_partition(source, partitions, day("2026-01-01", days=31), DATA)
    assert sorted(got.unplaced["row_id"]) == sorted(unreadable)
    assert got.outside + got.unplaced.height == 25
    assert got.rejected["reason"].to_list() == ["duplicate_key"] * 10
    total = sum(1 for line in (DATA / path).read_bytes().split(b"\n") if line)
    assert got.rows.height + got.rejected.height + 25 == total
