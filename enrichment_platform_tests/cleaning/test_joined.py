"""What is joined to a row is what was known at its time, whatever was learnt later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.joined import joined_table, key_column, moments, our_moments, with_joined
from enrichment_platform.cleaning_spec import JoinSpec
from enrichment_platform.errors import InputError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec

START = datetime(2026, 1, 1, tzinfo=UTC)


def spec(join: dict[str, Any], **source: Any) -> EnrichmentSpec:
    return EnrichmentSpec.model_validate(
        {
            "name": "tickets",
            "source": {"path": "x.csv", "key": "id", "timestamp": "at", **source},
            "partitions": {"start": "2026-01-01"},
            "cleaning": {"join": [join]},
            "prompt": {"columns": ["text"]},
            "output": [{"name": "kind", "type": "label", "labels": ["a", "b"]}],
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
    return with_joined(rows.lazy(), table.lazy(), settings).sort("~position").drop("~position").collect()


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


STAMPS = st.integers(0, 6)


@given(
    theirs=st.lists(st.tuples(st.sampled_from("abc"), STAMPS, st.integers(0, 3)), max_size=12),
    ours=st.lists(st.tuples(st.sampled_from("abcd"), STAMPS), max_size=12),
    age=st.none() | st.integers(1, 4),
)
@settings(max_examples=150, deadline=None)
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
    for (key, day), value in zip(ours, found["v"], strict=True):
        known = [(d, v) for k, d, v in theirs if k == key and d <= day and (age is None or day - d <= age)]
        assert value == (max(known)[1] if known else None)
