"""What is joined to a row is what was known at its time, whatever was learnt later."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.joined import (
    check_our_columns,
    joined_table,
    key_column,
    with_joined,
)
from enrichment_platform.cleaning.moments import moments, our_moments
from enrichment_platform.cleaning_spec import JoinSpec
from enrichment_platform.errors import InputError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec

START = datetime(2026, 1, 1, tzinfo=UTC)


def spec(join: dict[str, Any], timezone: str = "UTC", **source: Any) -> EnrichmentSpec:
    return EnrichmentSpec.model_validate(
        {
            "name": "tickets",
            "source": {"path": "x.csv", "key": "id", "timestamp": "at", **source},
            "partitions": {"start": "2026-01-01", "timezone": timezone},
            "cleaning": {"join": [join]},
            "prompt": {"columns": ["text"]},
            "output": [{"name": "topic", "type": "label", "labels": ["a", "b"]}],
        }
    )


def joined(tmp_path: Path, theirs: pl.DataFrame, ours: pl.DataFrame, **join: Any) -> pl.DataFrame:
    path = tmp_path / "theirs.parquet"
    theirs.write_parquet(path)
    one = spec({"path": str(path), **join})
    settings = one.cleaning.join[0]
    keys = ours.select(key_column(settings.on))["~key"]
    table = joined_table(Lake(str(tmp_path)), one, settings, keys, tmp_path)
    rows = ours.with_columns(keys, pl.int_range(ours.height).alias("~position"))
    if settings.known_at is not None:
        rows = rows.with_columns(our_moments(ours["at"], one).alias("~at"))
    found = [
        with_joined(rows.lazy(), table.lazy(), settings, as_of=as_of).sort("~position").drop("~position").collect()
        for as_of in (False, True)
    ]
    assert found[0].equals(found[1])
    return found[0]


def test_the_newest_value_that_was_known_is_joined_not_a_later_one(tmp_path: Path) -> None:
    tiers = pl.DataFrame(
        {
            "customer": ["c1", "c1", "c1", "c2"],
            "tier": ["basic", "gold", "lost", "basic"],
            "since": [START + timedelta(days=days) for days in (0, 5, 9, 8)],
        }
    )
    ours = pl.DataFrame(
        {
            "id": ["1", "2", "3", "4", "5"],
            "customer": ["c1", "c1", "c1", "c2", None],
            "at": ["2026-01-05T23:59:59Z", "2026-01-06T00:00:00Z", "2026-01-20", "2026-01-08", "2026-01-08"],
        }
    )
    found = joined(tmp_path, tiers, ours, on="customer", columns=["tier"], known_at="since")
    assert found["tier"].to_list() == ["basic", "gold", "lost", None, None]
    assert found["id"].to_list() == ours["id"].to_list()


def test_values_that_are_too_old_are_not_joined(tmp_path: Path) -> None:
    theirs = pl.DataFrame({"k": ["a"], "v": [1], "t": [START]})
    ours = pl.DataFrame({"id": ["1", "2"], "k": ["a", "a"], "at": ["2026-01-03", "2026-01-04"]})
    found = joined(tmp_path, theirs, ours, on="k", columns={"value": "v"}, known_at="t", max_age_days=2.5)
    assert found["value"].to_list() == [1, None]


def test_without_a_time_each_key_may_occur_once(tmp_path: Path) -> None:
    ours = pl.DataFrame({"id": ["1", "2"], "k": ["a", "z"], "l": ["b", "b"]})
    once = pl.DataFrame({"x": ["a", "c"], "y": ["b", "b"], "v": [1.5, 2.5]})
    assert joined(tmp_path, once, ours, on={"k": "x", "l": "y"}, columns=["v"])["v"].to_list() == [1.5, None]
    twice = pl.concat([once, once])
    with pytest.raises(InputError, match=r"1 keys occur more than once in x, y; name the column .* `known_at`"):
        joined(tmp_path, twice, ours, on={"k": "x", "l": "y"}, columns=["v"])


@pytest.mark.parametrize(
    ("join", "message"),
    [
        ({"path": "gone.csv"}, "gone.csv is not a file"),
        ({"path": "theirs.xlsx"}, "none of .csv, .jsonl"),
        ({"path": "theirs.csv", "columns": ["nothing"]}, "there are no columns nothing; it has k, v, t"),
        ({"table": "crm.customers"}, "the lake has no such table; materialize it first"),
        ({"path": "theirs.csv", "known_at": "t"}, "1 values of column 't' are no times; write them in ISO 8601"),
    ],
)
def test_what_does_not_fit_is_said_in_one_message(tmp_path: Path, join: dict[str, Any], message: str) -> None:
    (tmp_path / "theirs.csv").write_text("k,v,t\na,1,yesterday\n")
    (tmp_path / "theirs.xlsx").write_text("")
    one = spec({"on": "k", "columns": ["v"], **join})
    with pytest.raises(InputError, match=message):
        joined_table(Lake(str(tmp_path / "lake")), one, one.cleaning.join[0], pl.Series("~key", ["a"]), tmp_path)


def test_csv_and_json_lines_and_tables_of_the_lake_give_the_same(tmp_path: Path) -> None:
    theirs = pl.DataFrame({"k": ["a", "b"], "v": ["1", "2"], "partition_key": ["p", "q"]})
    theirs.write_csv(tmp_path / "t.csv")
    theirs.write_ndjson(tmp_path / "t.jsonl")
    lake = Lake(str(tmp_path / "lake"))
    lake.append("crm/customers", theirs, partition_by=["partition_key"])
    found = []
    for place in ({"path": "t.csv"}, {"path": "t.jsonl"}, {"table": "crm.customers"}):
        one = spec({"on": "k", "columns": ["v"], **place})
        found.append(joined_table(lake, one, one.cleaning.join[0], pl.Series("~key", ["b", "x"]), tmp_path).rows())
    assert found == [[("b", "2")]] * 3


def test_times_of_all_kinds_mean_the_same_moment() -> None:
    one = spec({"path": "x.csv", "on": "k", "columns": ["v"]})
    wanted = [datetime(2026, 1, 5, tzinfo=UTC), None]
    naive = [datetime(2026, 1, 5), None]
    for values in (
        pl.Series("at", ["2026-01-05T01:00:00+01:00", None]),
        pl.Series("at", ["2026-01-05", None]),
        pl.Series("at", naive).cast(pl.Date),
        pl.Series("at", naive),
        pl.Series("at", naive).dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"),
    ):
        assert moments(values, one, "x").to_list() == wanted
    seconds = spec({"path": "x.csv", "on": "k", "columns": ["v"]}, timestamp_format="epoch_s")
    assert our_moments(pl.Series("at", ["1767571200", None]), seconds).to_list() == wanted


JOIN = {"path": "x.csv", "on": "k", "columns": ["v"]}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"])
@given(
    local=st.datetimes(datetime(2026, 3, 28), datetime(2026, 4, 6))
    | st.datetimes(datetime(2026, 10, 3), datetime(2026, 10, 26))
    | st.datetimes(datetime(2011, 12, 29), datetime(2012, 1, 1))
    | st.just(datetime(2026, 3, 29, 2, 30))
)
@settings(max_examples=60)
def test_local_times_are_read_alike_from_columns_of_all_types_also_where_the_clock_is_changed(
    zone: str, local: datetime
) -> None:
    local = local.replace(fold=0)  # a column does not say which one it means
    one = spec(JOIN, timezone=zone)
    wanted = [local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), None]
    assert moments(pl.Series("t", [local, None]), one, "x").to_list() == wanted
    assert moments(pl.Series("t", [local, None]).cast(pl.Datetime("ns")), one, "x").to_list() == wanted
    assert moments(pl.Series("t", [local.isoformat(), None]), one, "x").to_list() == wanted
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert moments(pl.Series("t", [local.date()]), one, "x").to_list() == [midnight]


def test_a_time_that_utc_cannot_hold_counts_as_unreadable() -> None:
    outside = pl.Series("t", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026-01-05", None])
    with pytest.raises(InputError, match="x: 2 values of column 't' are no times") as raised:
        moments(outside, spec(JOIN), "x")
    assert "0001" not in str(raised.value)
    assert our_moments(outside.alias("at"), spec(JOIN)).is_null().to_list() == [True, True, False, True]


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64, pl.Decimal(20, 2)])
def test_numbers_are_no_times_of_other_tables(dtype: Any) -> None:
    with pytest.raises(InputError, match=r"column 't' is .*; a time is a date, a timestamp or text"):
        moments(pl.Series("t", [1767571200], dtype=pl.Int64).cast(dtype), spec(JOIN), "x")


@pytest.mark.parametrize(
    ("form", "values", "wanted"),
    [
        ("epoch_s", ["1767571200", "1767571200.5", " 1767571200 ", "soon", "inf", "1e300", "", None], "sfs-----"),
        ("epoch_ms", ["1767571200000", "1767571200500", "NaN", None], "sf--"),
        ("epoch_s", [1767571200, None, 2**62, -(2**62)], "s---"),
        ("epoch_ms", [1767571200000, 1767571200500, None, 2**62], "sf--"),
        ("epoch_s", [1767571200.0, 1767571200.5, float("nan"), float("-inf"), 1e300, None], "sf----"),
        ("epoch_s", [Decimal("1767571200.5"), None], "f-"),
        ("%d.%m.%Y", ["05.01.2026", "31.02.2026", "secret", None], "s---"),
        ("%Y%m%d", [20260105, 20261399, None], "s--"),
        (None, ["2026-01-05", "2026-01-05T00:00:00.5Z", "secret", None], "sf--"),
        (None, [None, None], "--"),
    ],
)
def test_our_timestamp_is_read_by_its_format_and_is_null_where_it_cannot_be(
    form: str | None, values: list[Any], wanted: str
) -> None:
    known = {"s": datetime(2026, 1, 5, tzinfo=UTC), "f": datetime(2026, 1, 5, 0, 0, 0, 500_000, UTC), "-": None}
    one = spec(JOIN, **({"timestamp_format": form} if form else {}))
    for column in (pl.Series("at", values), pl.Series("at", values)[-1:].cast(pl.String)):
        assert our_moments(column, one).to_list() == [known[kind] for kind in wanted[-len(column) :]]


def test_nothing_is_joined_to_a_row_whose_time_cannot_be_read(tmp_path: Path) -> None:
    theirs = pl.DataFrame({"k": ["a"], "v": [1], "t": [date(2025, 1, 1)]})
    ours = pl.DataFrame({"id": ["1", "2"], "k": ["a", "a"], "at": ["not a time", "2026-01-04"]})
    assert joined(tmp_path, theirs, ours, on="k", columns=["v"], known_at="t")["v"].to_list() == [None, 1]


@pytest.mark.parametrize("text", [False, True])
@given(known=st.integers(-3_000, 3_000), at=st.integers(-3_000, 3_000))
@settings(max_examples=60)
def test_what_is_known_a_nanosecond_later_is_not_joined(text: bool, known: int, at: int) -> None:
    """Never joined when it is later, always when it is as early as our microsecond."""
    epoch = 0 if text else -1_767_571_200_000_000_000  # before 1970 too

    def column(name: str, nanoseconds: int) -> pl.Series:
        moment = pl.Series(name, [nanoseconds + 1_767_571_200_000_000_000 + epoch], dtype=pl.Datetime("ns", "UTC"))
        return moment.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if text else moment

    one = spec(JOIN)
    join = JoinSpec(path="x.csv", on={"k": "k"}, columns={"v": "v"}, known_at="t")
    table = pl.DataFrame({"~key": ["a"], "v": [1], "~known": moments(column("t", known), one, "x", up=True)})
    rows = pl.DataFrame({"~position": [0], "~key": ["a"], "~at": our_moments(column("at", at), one)})
    found = with_joined(rows.lazy(), table.lazy(), join).collect()["v"].item() is not None
    assert not found or known <= at
    assert found or -(-known // 1_000) > at // 1_000


def test_the_table_is_read_with_its_times_rounded_up(tmp_path: Path) -> None:
    moment = pl.Series("t", [1_767_571_200_000_000_000, 1_767_571_200_000_000_001], dtype=pl.Datetime("ns", "UTC"))
    theirs = pl.DataFrame({"k": ["a", "a"], "v": [1, 2], "t": moment})
    ours = pl.DataFrame({"id": ["1", "2"], "k": ["a", "a"], "at": ["2026-01-05", "2026-01-05T00:00:00.000001"]})
    assert joined(tmp_path, theirs, ours, on="k", columns=["v"], known_at="t")["v"].to_list() == [1, 2]


def test_a_time_at_the_end_of_the_calendar_is_rounded_no_further() -> None:
    read = moments(pl.Series("t", ["9999-12-31T23:59:59.9999999Z"]), spec(JOIN), "x", up=True)
    assert read.to_list() == [datetime.max.replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    ("join", "message"),
    [
        ({"on": "nokey"}, "our rows have no columns nokey; they have id, at, k"),
        ({"on": ["k", "l"], "known_at": "t", "at": "noon"}, "our rows have no columns l, noon; they have id, at, k"),
    ],
)
def test_a_column_that_our_rows_lack_is_named(join: dict[str, Any], message: str) -> None:
    columns = ["id", "at", "k"]
    check_our_columns(spec({**JOIN, "known_at": "t"}), columns)
    with pytest.raises(InputError, match=rf"enrichment 'tickets': cleaning.join x.csv: {message}"):
        check_our_columns(spec({**JOIN, **join}), columns)


def test_numbers_of_all_types_are_the_same_key_and_texts_stay_as_they_are() -> None:
    def keys(values: list[Any], dtype: Any = None) -> list[str | None]:
        frame = pl.DataFrame({"a": pl.Series(values, dtype=dtype), "b": ["x"] * len(values)})
        return frame.select(key_column(["b", "a"]))["~key"].str.strip_prefix("x\x1f").to_list()

    assert keys([1, 0, -7, None]) == keys([1.0, -0.0, -7.0, None]) == ["1", "0", "-7", None]
    assert keys([2**53], pl.Float64) == [str(2**53)]
    assert keys([1.0, 0.1], pl.Float32) == keys([1.0, 0.1]) == ["1", "0.1"]
    assert keys([float("nan"), float("inf"), 1e20]) == [None, "inf", "1e+20"]
    assert keys([Decimal("1.00"), Decimal("100.50")]) == ["1", "100.5"]
    assert keys([Decimal(100)], pl.Decimal(5, 0)) == ["100"]
    assert keys(["1.0", "007", "10"]) == ["1.0", "007", "10"]


def test_whole_floats_of_ours_meet_texts_and_integers_of_theirs(tmp_path: Path) -> None:
    theirs = pl.DataFrame({"k": ["1", "2"], "n": [10, 20], "v": ["one", "two"]})
    ours = pl.DataFrame({"id": ["1", "2", "3"], "k": [1.0, 2.0, None], "n": [10.0, 20.0, 10.0]})
    assert joined(tmp_path, theirs, ours, on=["k", "n"], columns=["v"])["v"].to_list() == ["one", "two", None]


@pytest.mark.parametrize("stage", ["raw", "enriched", "quarantine"])
def test_an_enrichment_does_not_join_itself(stage: str) -> None:
    with pytest.raises(ValueError, match=f"tickets.{stage} is a table of this enrichment, which joins itself"):
        spec({"table": f"tickets.{stage}", "on": "k", "columns": ["v"]})


STAMPS = st.integers(0, 6)


@given(
    theirs=st.lists(st.tuples(st.sampled_from("abc"), STAMPS, st.integers(0, 3)), max_size=12),
    ours=st.lists(st.tuples(st.sampled_from("abcd"), STAMPS), max_size=12),
    age=st.none() | st.integers(1, 4),
)
@settings(max_examples=150)
def test_the_join_is_what_a_loop_over_all_pairs_finds(
    theirs: list[tuple[str, int, int]], ours: list[tuple[str, int]], age: int | None
) -> None:
    join = JoinSpec(path="x.csv", on={"k": "k"}, columns={"v": "v"}, known_at="t", max_age_days=age)
    table = pl.DataFrame(
        [(key, value, START + timedelta(days=day)) for key, day, value in theirs],
        schema={"~key": pl.String, "v": pl.Int64, "~known": pl.Datetime("us", "UTC")},
        orient="row",
    )
    rows = pl.DataFrame(
        [(at, key, START + timedelta(days=day)) for at, (key, day) in enumerate(ours)],
        schema={"~position": pl.Int64, "~key": pl.String, "~at": pl.Datetime("us", "UTC")},
        orient="row",
    )
    found = with_joined(rows.lazy(), table.lazy(), join).sort("~position").collect()
    assert with_joined(rows.lazy(), table.lazy(), join, as_of=True).sort("~position").collect().equals(found)
    for (key, day), value in zip(ours, found["v"], strict=True):
        known = [(d, v) for k, d, v in theirs if k == key and d <= day and (age is None or day - d <= age)]
        assert value == (max(known)[1] if known else None)


def test_a_time_that_the_clock_went_through_twice_is_known_from_the_second_on() -> None:
    one = EnrichmentSpec.model_validate(
        spec({"path": "x.csv", "on": "k", "columns": ["v"]}).model_dump()
        | {"partitions": {"start": "2026-01-01", "timezone": "Europe/Berlin"}}
    )
    naive = datetime(2026, 10, 25, 2, 30)
    for column in (pl.Series("t", [naive]), pl.Series("t", [naive.isoformat()])):
        assert moments(column, one, "x", up=True).to_list() == [datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]
        assert moments(column, one, "x").to_list() == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
