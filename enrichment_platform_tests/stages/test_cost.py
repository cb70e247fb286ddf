"""Sums of usage: per published row, shares of waste, groups that a person can name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from enrichment_platform.errors import InputError
from enrichment_platform.stages.cost import dimensions, summary
from enrichment_platform.stages.usage import SCHEMA
from enrichment_platform_tests.acceptance.project import as_spec, letters_spec


def usage(*rows: dict[str, Any]) -> pl.DataFrame:
    empty = {name: "" if dtype == pl.String else 0 for name, dtype in SCHEMA.items() if name != "computed_at"}
    return pl.DataFrame([{**empty, "computed_at": None, **row} for row in rows], schema=SCHEMA)


def line(purpose: str, rows: int, tokens: int, usd: float = 0.0, **named: Any) -> dict[str, Any]:
    return {"purpose": purpose, "rows": rows, "requests": 1, "input_tokens": tokens, "cost_usd": usd, **named}


def test_waste_is_part_of_what_a_published_row_costs_and_what_was_saved_is_not() -> None:
    told = summary(usage(line("published", 4, 60, 3.0), line("retry", 1, 40, 1.0), line("saved", 9, 900, 90.0)))
    assert told["total"]["cost_usd"] == 4.0
    assert told["total"]["cost_per_published_row_usd"] == 1.0
    assert told["total"]["tokens_per_published_row"] == 25
    assert {one["purpose"]: one["share"] for one in told["waste"]}["retry"] == 0.25
    assert (told["saved"]["rows"], told["saved"]["cost_usd"]) == (9, 90.0)


def test_shares_are_of_the_tokens_where_nothing_has_a_price() -> None:
    told = summary(usage(line("published", 1, 60), line("truncated", 1, 40)))
    assert {one["purpose"]: one["share"] for one in told["waste"]}["truncated"] == 0.4


def test_nothing_spent_and_nothing_published_is_no_error() -> None:
    told = summary(usage(), ["label"])
    assert told["total"]["cost_per_published_row_usd"] is None
    assert told["groups"] == []
    assert summary(usage(line("pending", 3, 10)))["total"]["tokens_per_published_row"] is None


def test_groups_leave_out_what_was_saved_unless_they_are_purposes() -> None:
    rows = usage(line("published", 1, 5, label="x"), line("saved", 2, 9, label="x"), line("saved", 2, 9, label="y"))
    assert [one["label"] for one in summary(rows, ["label"])["groups"]] == ["x"]
    assert {one["purpose"]: one["share"] for one in summary(rows, ["purpose"])["groups"]} == {
        "published": 1.0,
        "saved": None,
    }


def test_dimensions_are_named_as_a_person_knows_them(tmp_path: Path) -> None:
    spec = as_spec(letters_spec(tmp_path, ["a"]))
    assert dimensions(["partition", "topic"], [spec]) == (["partition_key", "label"], "topic")
    assert dimensions(["day", "label"], [spec]) == (["day", "label"], None)
    with pytest.raises(InputError, match=r"--by mood: cost can be told by partition, .*topic"):
        dimensions(["mood"], [spec])
    with pytest.raises(InputError, match="one label field at a time"):
        dimensions(["topic", "label"], [spec])
