"""Delta tables: one atomic replace a partition, whoever else writes; schemas that grow."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest

from enrichment_platform.errors import EnrichmentError, TableNotFoundError
from enrichment_platform.lake.content import content_version
from enrichment_platform.lake.tables import Lake

TABLE = "letters/raw"


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


def part(key: str, *ids: str, **columns: object) -> pl.DataFrame:
    count = len(ids)
    return pl.DataFrame(
        {"row_id": list(ids), "partition_key": [key] * count, **{n: [v] * count for n, v in columns.items()}},
        schema_overrides={"row_id": pl.String, "partition_key": pl.String},
    )


def ids(lake: Lake, key: str | None = None) -> list[str]:
    return sorted(lake.read(TABLE, key)["row_id"])


def test_replacing_a_partition_leaves_the_others_as_they_were(lake: Lake) -> None:
    lake.replace_partition(TABLE, "a", part("a", "1", "2"))
    lake.replace_partition(TABLE, "b", part("b", "3"))
    lake.replace_partition(TABLE, "a", part("a", "4"))
    assert (ids(lake, "a"), ids(lake, "b"), ids(lake)) == (["4"], ["3"], ["3", "4"])
    lake.replace_partition(TABLE, "a", part("a"))
    assert (ids(lake, "a"), ids(lake, "b")) == ([], ["3"])


def test_a_replace_is_one_commit_and_its_earlier_version_stays_readable(lake: Lake) -> None:
    lake.replace_partition(TABLE, "a", part("a", "1", "2"), notes={"about": "first"})
    lake.replace_partition(TABLE, "b", part("b", "3"))
    lake.replace_partition(TABLE, "a", part("a", "4"), notes={"about": "second"})
    newest, oldest = lake.commits(TABLE, "a")
    assert (newest.notes["about"], oldest.notes["about"]) == ("second", "first")
    assert newest.version - oldest.version == 2
    assert sorted(lake.read(TABLE, "a", version=oldest.version)["row_id"]) == ["1", "2"]


def test_a_part_of_a_partition_can_be_replaced(lake: Lake) -> None:
    for stage, row_id in (("raw", "1"), ("cleaned", "2"), ("raw", "3")):
        frame = part("a", row_id, stage=stage)
        lake.replace_partition(TABLE, "a", frame, where={"stage": stage})
    assert ids(lake, "a") == ["2", "3"]
    assert lake.read(TABLE, "a", where={"stage": "raw"})["row_id"].to_list() == ["3"]


@pytest.mark.parametrize("key", ["2026-01-01-00:00", "a b", "Ä/é %3A", "it's", "50%", "a=b", "*"])
def test_any_partition_key_is_stored_and_found(lake: Lake, key: str) -> None:
    lake.replace_partition(TABLE, "other", part("other", "0"))
    for row_id in ("1", "2"):
        lake.replace_partition(TABLE, key, part(key, row_id))
    assert ids(lake, key) == ["2"]
    assert ids(lake) == ["0", "2"]
    assert set(lake.read(TABLE)["partition_key"]) == {"other", key}


def test_new_columns_widen_the_table_and_missing_ones_are_null(lake: Lake) -> None:
    lake.replace_partition(TABLE, "a", part("a", "1", text="x"))
    lake.replace_partition(TABLE, "b", part("b", "2", size=3))
    stored = lake.read(TABLE).sort("row_id")
    assert stored["text"].to_list() == ["x", None]
    assert stored["size"].to_list() == [None, 3]


def test_a_column_of_nothing_but_null_can_be_filled_later_and_be_empty_again(lake: Lake) -> None:
    lake.replace_partition(TABLE, "a", part("a", "1", text=None))
    lake.replace_partition(TABLE, "b", part("b", "2", text="x"))
    lake.replace_partition(TABLE, "c", part("c", "3", text=None))
    assert lake.read(TABLE).sort("row_id")["text"].to_list() == [None, "x", None]


def test_values_that_fit_are_cast_and_others_are_one_error_without_the_value(lake: Lake) -> None:
    lake.replace_partition(TABLE, "a", part("a", "1", size=3))
    lake.replace_partition(TABLE, "b", part("b", "2", size="4"))
    assert lake.read(TABLE, "b")["size"].to_list() == [4]
    with pytest.raises(EnrichmentError) as clash:
        lake.replace_partition(TABLE, "c", part("c", "3", size="a secret"))
    assert "column 'size' of letters/raw is stored as Int64 and now comes as String" in str(clash.value)
    assert "a secret" not in str(clash.value)
    assert ids(lake) == ["1", "2"], "nothing was written"


def test_a_table_that_was_never_written_is_an_error_that_names_it(lake: Lake) -> None:
    with pytest.raises(TableNotFoundError, match=r"table letters/raw does not exist .*; materialize that stage first"):
        lake.read(TABLE, "a")
    assert not lake.exists(TABLE)
    assert lake.tables() == []


WRITER = """
import sys
import polars as pl
from enrichment_platform.lake.tables import Lake
lake, worker = Lake.from_environment(), sys.argv[1]
for turn in range(2):
    for key in (f"{worker}-0", f"{worker}-1"):
        frame = pl.DataFrame({"row_id": [f"{key}-{n}" for n in range(3)], "partition_key": key, f"own_{worker}": turn})
        lake.replace_partition("letters/raw", key, frame)
"""


def test_eight_processes_create_and_widen_a_table_at_once_and_lose_nothing(lake: Lake) -> None:
    commands = [[sys.executable, "-c", WRITER, str(worker)] for worker in range(8)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    outcomes = [(writer.communicate(timeout=120)[1], writer.returncode) for writer in writers]
    assert [code for _, code in outcomes] == [0] * 8, outcomes
    stored = lake.read(TABLE)
    assert sorted(stored["row_id"]) == sorted(f"{w}-{p}-{n}" for w in range(8) for p in range(2) for n in range(3))
    for worker in range(8):
        own = stored.filter(pl.col("row_id").str.starts_with(f"{worker}-"))[f"own_{worker}"]
        assert own.to_list() == [1] * 6, "the last turn"


def test_the_process_ends_after_a_query_that_did_not_read_everything(lake: Lake) -> None:
    for number in range(6):
        lake.replace_partition(TABLE, str(number), part(str(number), *(f"{number}-{n}" for n in range(500))))
    reader = (
        "from enrichment_platform.lake.query import query; from enrichment_platform.lake.tables import Lake;"
        "print(query(Lake.from_environment(), 'select * from letters.raw limit 1').num_rows)"
    )
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", reader], capture_output=True, text=True, timeout=60)
        assert (done.stdout.strip(), done.returncode) == ("1", 0), done.stderr


def test_a_number_that_would_lose_its_fraction_is_refused_and_the_table_stays(lake: Lake) -> None:
    whole = pl.DataFrame({"row_id": ["1"], "partition_key": ["a"], "n": [100]})
    lake.replace_partition("t/raw", "a", whole)
    with pytest.raises(EnrichmentError, match="'n' of t/raw is stored as Int64"):
        lake.replace_partition("t/raw", "b", whole.with_columns(partition_key=pl.lit("b"), n=pl.lit(99.5)))
    lake.replace_partition("t/raw", "b", whole.with_columns(partition_key=pl.lit("b"), n=pl.lit(99.0)))
    assert sorted(lake.read("t/raw")["n"].to_list()) == [99, 100]


def test_types_that_delta_lacks_are_stored_as_the_nearest_and_hashed(lake: Lake) -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    odd = pl.DataFrame(
        {
            "row_id": ["1"],
            "partition_key": ["a"],
            "nanoseconds": pl.Series([moment]).cast(pl.Datetime("ns", "UTC")),
            "duration": pl.Series([timedelta(seconds=1)]),
            "time": pl.Series([time(12, 30)]),
            "bytes": pl.Series([b"\x00\xff"]),
            "small": pl.Series([7], dtype=pl.UInt8),
        }
    )
    lake.replace_partition("t/raw", "a", odd)
    stored = lake.read("t/raw", "a")
    assert stored["nanoseconds"].to_list() == [moment]
    assert stored.row(0, named=True)["small"] == 7
    assert content_version(stored) != content_version(stored.with_columns(bytes=pl.lit(b"\x00")))
