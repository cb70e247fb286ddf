"""SQL that a person types reaches the tables of the lake and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from enrichment_platform.errors import InputError
from enrichment_platform.lake.location import warehouse_path
from enrichment_platform.lake.query import query
from enrichment_platform.lake.tables import Lake


@pytest.fixture
def lake(home: Path) -> Lake:
    lake = Lake.from_environment()
    for key, count in (("a", 2), ("b", 1)):
        rows = pl.DataFrame({"row_id": [f"{key}{n}" for n in range(count)], "partition_key": key, "size": 1.5})
        lake.replace_partition("letters/raw", key, rows)
    return lake


def test_tables_join_group_and_filter(lake: Lake) -> None:
    lake.replace_partition("letters/enriched", "a", pl.DataFrame({"row_id": ["a0"], "partition_key": "a"}))
    sql = """select r.partition_key, count(*) as raw, count(e.row_id) as published
             from letters.raw r left join letters.enriched e using (row_id) group by 1 order by 1"""
    assert query(lake, sql).to_pylist() == [
        {"partition_key": "a", "raw": 2, "published": 1},
        {"partition_key": "b", "raw": 1, "published": 0},
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/etc/*')",
        "select * from '/etc/passwd'",
        "select * from glob('/*')",
        "select * from delta_scan('/tmp')",
        "select * from read_json('https://example.com/x.json')",
        "select * from 'http://127.0.0.1:9/x.parquet'",
        "attach '/tmp/other.duckdb' as other",
        "copy (select 1) to '/tmp/leak.csv'",
        "export database '/tmp/leak'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set memory_limit = '100GB'",
        "pragma enable_external_access",
        "create secret s (type s3)",
        "set enable_external_access = true; select * from read_text('/etc/passwd')",
    ],
)
def test_files_network_and_settings_are_out_of_reach(lake: Lake, sql: str) -> None:
    with pytest.raises(InputError):
        query(lake, sql)


def test_a_wrong_query_names_the_tables_that_there_are(lake: Lake) -> None:
    with pytest.raises(InputError, match=r"(?s)letters.*Tables: letters\.raw"):
        query(lake, "select * from letters.row")
    with pytest.raises(InputError, match=r"Tables: letters\.raw"):
        query(lake, "selekt")


def test_an_empty_lake_says_that_nothing_has_run_yet(home: Path) -> None:
    with pytest.raises(InputError, match="none yet; run an enrichment first"):
        query(Lake.from_environment(), "select * from letters.raw")


def test_any_duckdb_client_opens_the_warehouse_and_sees_new_tables_and_rows(lake: Lake) -> None:
    def counts(table: str) -> int:
        with duckdb.connect(str(warehouse_path()), read_only=True) as client:
            from duckdb_extensions import import_extension

            import_extension("delta", con=client)
            client.execute("load delta")
            return client.execute(f"select count(*) from {table}").fetchall()[0][0]

    assert counts("letters.raw") == 3
    lake.replace_partition("letters/raw", "c", pl.DataFrame({"row_id": ["c0"], "partition_key": "c", "size": 1.0}))
    assert counts("letters.raw") == 4, "a view reads the newest version"
    lake.replace_partition("letters/cleaned", "a", pl.DataFrame({"row_id": ["a0"], "partition_key": "a"}))
    assert counts("letters.cleaned") == 1, "a new table has a view"


def test_writers_go_on_while_a_reader_holds_the_warehouse_open(lake: Lake) -> None:
    with duckdb.connect(str(warehouse_path()), read_only=True):
        lake.replace_partition("letters/cleaned", "a", pl.DataFrame({"row_id": ["a0"], "partition_key": "a"}))
    assert "letters/cleaned" in lake.tables()
