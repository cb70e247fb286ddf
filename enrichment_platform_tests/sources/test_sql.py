"""SQL: partitions are cut in the database, types are kept, passwords never shown."""

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from enrichment_platform.errors import SourceError
from enrichment_platform.sources import Ingested, read_partition
from enrichment_platform.sources.sql import read_sql
from enrichment_platform.spec import PartitionsSpec, PartitionWindow, SqlSource
from enrichment_platform_tests.servers.postgres import PASSWORD
from enrichment_platform_tests.sources.reads import DAILY, day

BOUNDED = "SELECT * FROM tickets WHERE at >= :partition_start AND at < :partition_end ORDER BY id"


@pytest.fixture
def sqlite(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.execute("CREATE TABLE tickets (id INTEGER, at TEXT, text TEXT, team TEXT)")
        connection.executemany(
            "INSERT INTO tickets VALUES (?, ?, ?, ?)",
            [
                (1, "2026-01-05", "date", "red"),
                (2, "2026-01-05 10:00:00", None, "red"),
                (3, "2026-01-05T23:59:59", "iso", "blue"),
                (4, "2026-01-06", "next", "blue"),
            ],
        )
    return tmp_path


@pytest.fixture
def tickets(postgres_url: str) -> str:
    engine = sa.create_engine(postgres_url.replace("postgresql:", "postgresql+pg8000:"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS tickets"))
        connection.execute(
            sa.text(
                "CREATE TABLE tickets (id bigint, at timestamptz, naive timestamp, day date, amount numeric(10,2),"
                " note text, late integer, more jsonb, flag boolean)"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO tickets SELECT n, timestamptz '2026-01-04 22:30:00Z' + n * interval '1 hour',"
                " timestamp '2026-01-04 23:30:00' + n * interval '1 hour', date '2026-01-05', n * 1.25,"
                " NULL, NULL, '{\"a\": 1}', n % 2 = 0 FROM generate_series(0, 30) AS n"
            )
        )
    return postgres_url


def source(url: str, query: str = BOUNDED, **settings: object) -> SqlSource:
    fixed = {"type": "sql", "url": url, "query": query, "key": "id", "timestamp": "at"}
    return SqlSource.model_validate({**fixed, **settings})


def read(url: str, root: Path = Path(), query: str = BOUNDED, partition: str = "2026-01-05") -> Ingested:
    return read_partition(source(url, query), DAILY, day(partition), root)


def test_sqlite_text_dates_of_every_form_are_within_the_bounds(sqlite: Path) -> None:
    got = read("sqlite:///t.db", sqlite)
    assert got.rows["row_id"].to_list() == ["1", "2", "3"]
    assert got.rows["text"].to_list() == ["date", None, "iso"]
    assert got.rows.schema["id"] == pl.Int64


def test_a_query_without_bounds_is_cut_by_the_timestamp(sqlite: Path) -> None:
    assert read("sqlite:///t.db", sqlite, "SELECT * FROM tickets").rows["row_id"].to_list() == ["1", "2", "3"]


def test_a_quiet_day_is_empty_and_an_empty_table_is_an_error(sqlite: Path) -> None:
    quiet = read("sqlite:///t.db", sqlite, partition="2026-03-01")
    assert quiet.rows.columns == ["row_id", "partition_key", "id", "at", "text", "team"]
    assert quiet.rows.is_empty()
    with pytest.raises(SourceError, match="no rows at all"):
        read("sqlite:///t.db", sqlite, "SELECT * FROM tickets WHERE id > 99")


def test_static_partitions_may_be_cut_in_the_query(sqlite: Path) -> None:
    partitions = PartitionsSpec(type="static", keys=["red", "blue"], column="team")
    spec = source("sqlite:///t.db", "SELECT * FROM tickets WHERE team = :partition_key", timestamp=None)
    got = read_partition(spec, partitions, PartitionWindow("blue"), sqlite)
    assert got.rows["row_id"].to_list() == ["3", "4"]


def test_a_rejected_row_is_named_by_its_place_in_the_result(sqlite: Path) -> None:
    got = read("sqlite:///t.db", sqlite, "SELECT 1 AS id, at FROM tickets ORDER BY tickets.id")
    assert got.rejected.select("row_id", "reason").rows() == [
        ("sql:2", "duplicate_key"),
        ("sql:3", "duplicate_key"),
    ]


def test_postgresql_keeps_types_and_reads_days_in_the_partitions_time_zone(tickets: str) -> None:
    partitions = PartitionsSpec(start="2026-01-01", timezone="Europe/Vienna")
    got = read_partition(source(tickets), partitions, day("2026-01-05", "Europe/Vienna"), Path())
    assert got.rows["row_id"].to_list() == [str(n) for n in range(1, 25)]
    row = got.rows.row(0, named=True)
    assert row["at"] == datetime(2026, 1, 4, 23, 30, tzinfo=UTC)
    assert (row["day"], row["amount"], row["note"], row["more"]) == (
        date(2026, 1, 5),
        Decimal("1.25"),
        None,
        '{"a":1}',
    )
    assert got.rows.schema["note"] == pl.String
    assert got.rows.schema["late"] == pl.Int64
    for column in ("naive", "day"):
        query = f"SELECT * FROM tickets WHERE {column} >= :partition_start AND {column} < :partition_end"
        rows = read_partition(
            source(tickets, query, timestamp=column), partitions, day("2026-01-05", "Europe/Vienna"), Path()
        ).rows
        assert rows.height == (31 if column == "day" else 24)


def test_postgresql_results_are_streamed(tickets: str) -> None:
    query = "SELECT n AS id, timestamptz '2026-01-05 00:00:00Z' AS at FROM generate_series(1, 12000) AS n"
    reading = read_sql(source(tickets, query), DAILY, day("2026-01-05"), Path())
    assert [len(batch.numbers) for batch in reading.batches] == [0, 5000, 5000, 2000]


def test_an_empty_day_of_postgresql_has_the_types_of_the_others(tickets: str) -> None:
    assert read(tickets, partition="2026-03-01").rows.schema == read(tickets).rows.schema


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("SELECT * FROM nothing_here", "nothing_here"),
        ("SELEC 1", "SELEC"),
        ("SELECT :partition_stat", "partition_stat"),
    ],
)
def test_a_wrong_query_is_one_error_without_the_password(tickets: str, query: str, wanted: str) -> None:
    with pytest.raises(SourceError, match=wanted) as error:
        read(tickets, query=query)
    assert PASSWORD not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace(PASSWORD, "wrong-s3cret"),
        lambda url: url.rsplit(":", 1)[0] + ":1/postgres",
        lambda url: url.rsplit("/", 1)[0] + "/no_such_database",
        lambda url: url + "?sslmode=require",
        lambda url: url.replace("postgresql:", "oracle:"),
        lambda url: url.replace("postgresql:", "nothing:"),
    ],
    ids=["password", "port", "database", "option", "driver", "dialect"],
)
def test_a_connection_that_fails_is_one_error_without_the_password(postgres_url: str, change: object) -> None:
    assert callable(change)
    with pytest.raises(SourceError) as error:
        read(change(postgres_url))
    assert "s3cret" not in str(error.value)


def test_a_url_that_is_none_and_a_sqlite_file_that_is_not_there_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a SQLAlchemy URL"):
        read("hunter2 is the password")
    with pytest.raises(SourceError, match="there is no SQLite file"):
        read("sqlite:///none.db", tmp_path)
    assert not (tmp_path / "none.db").exists()


def test_the_url_is_read_from_the_environment(sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETS_URL", "sqlite:///t.db")
    assert read("${TICKETS_URL}", sqlite).rows.height == 3
    monkeypatch.delenv("TICKETS_URL")
    with pytest.raises(SourceError, match="TICKETS_URL"):
        read("${TICKETS_URL}", sqlite)
