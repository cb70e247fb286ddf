"""Checks of one's own when the file is loaded: what cannot work is said, and SQL is one expression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.check_spec import CustomCheck
from enrichment_platform.checks.custom import row_findings
from enrichment_platform.checks.custom_problems import custom_problems
from enrichment_platform.checks.inputs import UnusableInputError
from enrichment_platform.checks.sql_expression import ExpressionError, evaluate, parse
from enrichment_platform_tests.checks.tables import make_partition, make_spec
from enrichment_platform_tests.checks.test_custom import HERE, MARKER, tables_of, unusable, with_check

COLUMNS = {
    "path": "t.csv",
    "key": "ticket_id",
    "timestamp": "created_at",
    "columns": ["subject", "body", "amount_paid"],
}
TOKENS = [
    "refund",
    "quantity",
    "(",
    ")",
    ",",
    ";",
    "--",
    "/*",
    "*/",
    "\n",
    "from",
    "answered",
    "select",
    "union",
    "true",
]
TOKENS += [
    "as",
    "x",
    "where",
    "=",
    "1",
    "'",
    "''",
    '"',
    "and",
    "unnest",
    "[",
    "]",
    "::",
    "over",
    "\x00",
    "\ud800",
    "$$",
    "in",
]


@pytest.mark.parametrize(
    "sql",
    [
        "true) from answered; --",
        "true) from answered where (true",
        "refund), (true",
        "refund) in (true",
        "refund) union select (true",
        "refund; select true",
        "refund; copy answered to '/tmp/x'",
        "refund as x",
        "refund from answered",
        "refund order by 1",
        "refund limit 1",
        "refund qualify true",
        "distinct refund",
        "refund /*",
        "",
        ";",
        "--",
        "refund -- )",
        "exists (select 1)",
        "vendor in (select vendor from read_csv('/etc/passwd'))",
        "vendor = (select content from read_text('/etc/passwd'))",
        "columns(*) = 'x'",
        "#1 = 'x'",
        "$1",
        "?",
        "read_text('/etc/passwd') = vendor",
        "random() > 0.5 or refund",
        "row_number() over () = 1",
        "count(*) over (partition by order_id) = 1",
        "due <= current_date",
        "due <= CURRENT_TIMESTAMP",
        "due <= localtimestamp",
        "due <= current_localtimestamp()",
        "due > ago(interval 3 day)",
        "current_time > time '12:00:00' and refund",
        "localtime > time '12:00:00' and refund",
        "vendor = current_user",
        "vendor = session_user",
        "vendor = user()",
        "age(due::timestamp) > interval 1 day",
        "current_setting('threads') = vendor",
        "refund or now() > timestamp '2020-01-01'",
        "quantity = nextval('x')",
        "error(vendor)",
        "getenv('HOME') = vendor",
    ],
)
def test_whatever_is_not_one_expression_over_a_row_is_refused_before_any_data(sql: str) -> None:
    check = CustomCheck.model_construct(name="mine", sql=sql)
    spec = make_spec()
    spec.checks.custom.append(check)
    problems = custom_problems(spec)
    if sql == "refund -- )":
        assert problems == []
        return
    assert len(problems) == 1
    assert problems[0].startswith("checks.custom.mine: ")
    assert "\n" not in problems[0]
    with pytest.raises(UnusableInputError):
        row_findings(check, spec, tables_of())


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("due > current_date", "current_date gives another result each time"),
        ("age(due::timestamp) > interval 1 day", "age() of one time gives another result each time"),
        ("row_number() over () = 1", "a window, `over (...)`, which looks at other rows and at their order, is not"),
        ("vendor = user", "there is no column user"),
    ],
)
def test_what_depends_on_the_clock_or_on_other_rows_is_refused_in_one_sentence(sql: str, words: str) -> None:
    (problem,) = custom_problems(with_check(source=COLUMNS, sql=sql))
    assert words in problem
    with pytest.raises(UnusableInputError, match=r"mine: "):
        row_findings(with_check(sql=sql).checks.custom[0], with_check(sql=sql), tables_of())


def test_a_column_with_the_name_of_a_clock_is_a_column() -> None:
    cleaned = tables_of().cleaned.with_columns(user=pl.lit("x"), current_date=pl.lit("x"))
    sql = "user = 'x' and current_date = 'x' and age(due::timestamp, due::timestamp) = interval 0 day"
    known = with_check(source={**COLUMNS, "columns": [*COLUMNS["columns"], "user", "current_date"]}, sql=sql)
    assert custom_problems(known) == []
    assert row_findings(known.checks.custom[0], known, tables_of(cleaned=cleaned)).is_empty()
    assert custom_problems(with_check(sql="user = 'x'")) == []  # the source may have it; the run finds out
    assert "no column user" in unusable(with_check(sql="user = 'x'"), tables_of())


def test_sql_reaches_no_file_that_is_there(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(f"vendor\n{MARKER}\n")
    for sql in (f"vendor = (from '{secret}')", f"vendor in (select * from read_csv('{secret}'))"):
        (problem,) = custom_problems(with_check(sql=sql))
        assert "a query inside it is not allowed" in problem


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ({"sql": "nobody_has_it > 1"}, "there is no column nobody_has_it; use row_id, partition_key, category"),
        ({"rate": "nobody_has_it", "minimum": 0.1}, "there is no column nobody_has_it"),
        ({"sql": "vendor"}, "it gives VARCHAR, not true or false"),
        ({"sql": "quantity + 1"}, "it gives BIGINT, not true or false"),
        ({"sql": "length(body)"}, "it gives BIGINT, not true or false"),
        ({"sql": "quantity > 'many'"}, "Could not convert string 'many'"),
        ({"sql": "vendor > 3"}, "Cannot compare values of type VARCHAR"),
        ({"sql": "nosuch(body)"}, "nosuch does not exist"),
        ({"sql": "avg(quantity) > 3"}, "must appear in the GROUP BY clause"),
        ({"sql": "refund and"}, "it is not one SQL expression: syntax error"),
        ({"sql": "unnest([refund, refund])"}, "it gives 2 rows for one"),
        ({"sql": "1 = 1"}, "it names no column"),
        ({"sql": "list_filter([1], lambda body_: body_ > 0)[1] = 1"}, "it names no column"),
        ({"polars": "no_such_package.checks:one"}, "no_such_package.checks cannot be imported"),
        ({"polars": f"{HERE}:nobody"}, "has no function nobody"),
        ({"polars": f"{HERE}:not_callable"}, "has no function not_callable"),
        ({"polars": f"{HERE}:raises"}, "raises RuntimeError"),
        ({"polars": f"{HERE}:not_an_expression"}, "returns str, not a polars.Expr"),
        ({"polars": f"{HERE}:not_boolean"}, "it gives UInt32, not true or false"),
        ({"polars": f"{HERE}:several"}, "it gives 2 columns, not one"),
        ({"polars": f"{HERE}:unknown_column"}, "there is no column nobody_has_it; use row_id"),
        ({"polars": f"{HERE}:of_nothing"}, "it names no column"),
        ({"sql": "refund", "name": "output_contract"}, "the name belongs to a check of the suite"),
    ],
)
def test_what_cannot_work_is_said_at_load_in_one_sentence(check: dict[str, Any], words: str) -> None:
    (problem,) = custom_problems(with_check(source=COLUMNS, **check))
    assert problem.startswith(f"checks.custom.{check.get('name', 'mine')}: ")
    assert words in problem
    assert "\n" not in problem


def test_a_column_that_the_source_may_have_is_left_for_the_run_to_find() -> None:
    for check in ({"sql": "nobody_has_it > 1"}, {"polars": f"{HERE}:unknown_column"}):
        spec = with_check(**check)
        assert custom_problems(spec) == []
        assert "no column nobody_has_it" in unusable(spec, tables_of())


@pytest.mark.parametrize(
    "sql", ["amount_paid > 3", "year(created_at) = 2026", "amount_paid", "list_contains(body, 'x')"]
)
def test_source_columns_may_have_any_type_at_load(sql: str) -> None:
    assert custom_problems(with_check(source=COLUMNS, sql=sql)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"sql": " "},
        {"sql": "refund", "rate": "refund", "minimum": 0.1},
        {"polars": ".:x"},
        {"polars": "os.path"},
        {"rate": "refund"},
        {"rate": "refund", "minimum": 0.6, "maximum": 0.5},
        {"rate": "refund", "minimum": float("nan")},
        {"sql": "refund", "max_shift": 0.1},
        {"sql": "refund", "name": "Mine"},
    ],
)
def test_a_check_that_says_too_little_or_contradicts_itself_is_not_accepted(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        CustomCheck.model_validate({"name": "mine", **wrong})


@settings(max_examples=150)
@given(st.lists(st.sampled_from(TOKENS), max_size=9))
def test_no_text_gets_past_the_one_expression(tokens: list[str]) -> None:
    rows = make_partition(3).staged
    try:
        outcome = evaluate(parse(" ".join(tokens)), rows)
    except ExpressionError:
        return
    assert outcome.columns == ["row_id", "holds"]
    assert set(outcome.get_column("row_id")) <= set(rows.get_column("row_id"))
