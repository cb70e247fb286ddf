"""Evidence of a field: the quote is in the row's own text and the value is in the quote."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from enrichment_platform_tests.checks.tables import KEY, make_partition, make_spec, result, run, suite, with_value

CLEAN = make_partition(100)


def details(field: dict[str, Any], value: Any, evidence: str | None, body: str, dtype: Any) -> list[str]:
    spec = make_spec(output=[{"name": "found", "evidence": True, "required": False, **field}])
    ids = pl.DataFrame({"row_id": ["a"]})
    cleaned = pl.DataFrame({"row_id": ["a"], "partition_key": [KEY], "subject": ["Hi there"], "body": [body]})
    staged = pl.DataFrame(
        {
            **{"row_id": ["a"], "partition_key": [KEY], "found": [value], "found_evidence": [evidence]},
            **{"status": ["ok"], "finish_reason": ["stop"], "fingerprint": ["f"]},
        },
        schema_overrides={"found": dtype, "found_evidence": pl.String},
    )
    quarantined = pl.DataFrame(schema={"row_id": pl.String, "stage": pl.String, "reason": pl.String})
    failures = suite(spec, ids, quarantined, cleaned, staged).failures
    return failures.filter(pl.col("reason") == "evidence_in_source").get_column("detail").to_list()


TEXT, LIST = {"type": "string"}, {"type": "list"}
LABEL = {"type": "label", "labels": ["yes", "no"]}


@pytest.mark.parametrize(
    ("field", "value", "evidence", "body", "dtype", "problem"),
    [
        (TEXT, "AB-1", "order AB-1", "my order\n AB-1 is late", pl.String, None),
        (TEXT, "ab-1", "ORDER  AB-1", "my order AB-1 is late", pl.String, None),
        (TEXT, "AB-1", "body: order AB-1", "order AB-1", pl.String, None),
        (TEXT, "AB-1", "my order is late", "my order is late: AB-1", pl.String, None),
        (TEXT, "AB-1", "my order is late", "my order is late: AB-12", pl.String, "neither in the quoted"),
        (TEXT, "x", "there my", "my order x", pl.String, "not in the source"),  # across two columns
        (TEXT, None, None, "text", pl.String, None),
        (TEXT, None, "made up", "text", pl.String, None),
        (TEXT, "x", None, "x", pl.String, "without evidence"),
        (LABEL, "yes", "please do", "please do it", pl.String, None),
        (LABEL, "yes", None, "please do it", pl.String, "without evidence"),
        ({"type": "boolean"}, False, None, "text", pl.Boolean, None),
        ({"type": "boolean"}, True, None, "text", pl.Boolean, "without evidence"),
        ({"type": "boolean"}, False, "made up", "text", pl.Boolean, "not in the source"),
        ({"type": "integer"}, 2, "two lamps", "I bought two lamps", pl.Int64, None),
        ({"type": "integer"}, 20, "refund", "refund of $20", pl.Int64, "not in the quoted"),
        ({"type": "number"}, 200.0, "$20", "refund of $20 on order 200", pl.Float64, "not in the quoted"),
        ({"type": "number"}, 20.0, "$20", "refund of $200", pl.Float64, "what the source says"),
        (LIST, ["red", "Blue"], "red and blue", "in red and blue please", pl.List(pl.String), None),
        (
            LIST,
            ["red", "green"],
            "red and blue",
            "in red and blue",
            pl.List(pl.String),
            "neither in the quoted",
        ),
        (LIST, [], None, "text", pl.List(pl.String), None),
        (TEXT, "Paris", "in comparison", "in comparison", pl.String, "neither in the quoted"),
        (TEXT, "Micro", "from Micro", "from Microsoft", pl.String, "break off within a word"),
        (TEXT, "micro", "Micro", "from Microsoft", pl.String, "break off within a word"),
        (TEXT, "Micro", "from Micro", "from Microsoft or Micro", pl.String, None),
        (TEXT, "AB-1", "m", "my order is late: AB-1", pl.String, "too short"),
        (LIST, ["red"], "in", "in red and blue", pl.List(pl.String), "too short"),
        (TEXT, "X", "X", "size X please", pl.String, None),
        (TEXT, "東京都", "首都", "首都は東京都です", pl.String, None),
        (LABEL, "yes", "ok", "ok then", pl.String, None),
    ],
)
def test_examples(field: Any, value: Any, evidence: str | None, body: str, dtype: Any, problem: str | None) -> None:
    found = details(field, value, evidence, body, dtype)
    assert len(found) == (problem is not None)
    assert problem is None or problem in found[0]


def pair(one: str | None, one_quote: str | None, other: str | None, other_quote: str | None) -> list[str]:
    fields = [{"name": name, "type": "string", "evidence": True, "required": False} for name in ("author", "title")]
    staged = pl.DataFrame(
        {
            **{"row_id": ["a"], "partition_key": [KEY], "status": ["ok"], "finish_reason": ["stop"]},
            **{"author": [one], "author_evidence": [one_quote], "title": [other], "title_evidence": [other_quote]},
            "fingerprint": ["f"],
        },
        schema_overrides=dict.fromkeys(["author", "author_evidence", "title", "title_evidence"], pl.String),
    )
    cleaned = pl.DataFrame({"row_id": ["a"], "partition_key": [KEY], "subject": ["Hi"], "body": [BOOK]})
    quarantined = pl.DataFrame(schema={"row_id": pl.String, "stage": pl.String, "reason": pl.String})
    failures = suite(make_spec(output=fields), cleaned.select("row_id"), quarantined, cleaned, staged).failures
    return failures.filter(pl.col("reason") == "evidence_in_source").get_column("detail").to_list()


BOOK = "Silent Spring by Rachel Carson, Boston 1962"


def test_swapped_values_with_their_quotes_left_are_found() -> None:
    assert pair("Rachel Carson", "by Rachel Carson", "Silent Spring", "Silent Spring by") == []
    (found,) = pair("Silent Spring", "by Rachel Carson", "Rachel Carson", "Silent Spring by")
    assert "author: the value is in the text quoted for another field" in found


def test_a_value_in_the_quotes_of_both_fields_or_in_none_but_in_the_source_is_none() -> None:
    assert pair("Rachel Carson", BOOK, "Silent Spring", BOOK) == []
    assert pair("Rachel Carson", "Boston 1962", "Silent Spring", "Silent Spring by") == []
    assert pair("Rachel Carson", "by Rachel Carson", None, None) == []


def test_evidence_of_another_row_is_not_evidence() -> None:
    other = CLEAN.staged.row(8, named=True)
    swapped = {name: other[name] for name in ("order_id", "order_id_evidence")}
    found = result(run(CLEAN, staged=with_value(CLEAN.staged, 7, **swapped)), "evidence_in_source")
    assert found.row_ids == ("t000007",)


def test_two_rows_with_each_others_answers_are_both_named() -> None:
    ids = CLEAN.staged.get_column("row_id").to_list()
    ids[7], ids[8] = ids[8], ids[7]
    found = result(run(CLEAN, staged=CLEAN.staged.with_columns(row_id=pl.Series(ids))), "evidence_in_source")
    assert set(found.row_ids) == {"t000007", "t000008"}
