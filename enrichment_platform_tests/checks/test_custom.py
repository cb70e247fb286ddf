"""Checks of one's own: what they find, what they refuse, and that nothing passes unlooked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.check_spec import CustomCheck
from enrichment_platform.checks.custom import custom_profile, rate_result, row_findings
from enrichment_platform.checks.custom_problems import custom_problems
from enrichment_platform.checks.history import PROFILE_SCHEMA, History
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform_tests.checks.tables import KEY, Partition, make_partition, make_spec, with_value

CLEAN = make_partition(100)
HERE = "enrichment_platform_tests.checks.custom_expressions"
COLUMNS = {
    "path": "t.csv",
    "key": "ticket_id",
    "timestamp": "created_at",
    "columns": ["subject", "body", "amount_paid"],
}
MARKER = "Zq7SECRETq7Z"


def with_check(source: dict[str, Any] | None = None, **check: Any) -> EnrichmentSpec:
    changes = {"source": source} if source else {}
    return make_spec(checks={"custom": [{"name": "mine", **check}]}, **changes)


def tables_of(partition: Partition = CLEAN, history: History | None = None, **tables: pl.DataFrame) -> PartitionTables:
    return PartitionTables(*partition._replace(**tables), history=history or History())


def failing(spec: EnrichmentSpec, tables: PartitionTables) -> list[str]:
    return row_findings(spec.checks.custom[0], spec, tables).get_column("row_id").to_list()


def rated(spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    check = spec.checks.custom[0]
    return rate_result(check, CheckDefinition(check.name, "about", blocking=True), spec, tables)


def unusable(spec: EnrichmentSpec, tables: PartitionTables) -> str:
    check = spec.checks.custom[0]
    with pytest.raises(UnusableInputError) as refused:
        (row_findings if check.rate is None else rated_of)(check, spec, tables)
    assert refused.value.__cause__ is None
    return str(refused.value)


def rated_of(check: CustomCheck, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    return rate_result(check, CheckDefinition(check.name, "about", blocking=True), spec, tables)


def days(shares: Sequence[float], rows: int = 100, rate: str = "refund") -> History:
    """A history of partitions with these shares, as `custom_profile` would have left it."""
    profiles = []
    for number, share in enumerate(shares):
        part = make_partition(rows)
        staged = part.staged.with_columns(
            refund=pl.int_range(pl.len()) < round(share * rows), partition_key=pl.lit(f"2025-12-{number + 1:02}")
        )
        profiles.append(custom_profile(with_check(rate=rate, max_shift=0.1), tables_of(part, staged=staged)))
    return History(profiles=pl.concat(profiles))


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ({"sql": "not refund or vendor is not null"}, {"refund": True, "vendor": None}),
        ({"polars": f"{HERE}:refund_has_a_vendor"}, {"refund": True, "vendor": None}),
        ({"sql": "category <> 'billing' OR quantity < 50 -- a comment"}, {"category": "billing", "quantity": 50}),
        ({"sql": "quantity >= 1"}, {"quantity": None}),
        ({"sql": "100 / quantity > 1"}, {"quantity": 0}),
        ({"sql": "100 // quantity >= 1"}, {"quantity": 0}),
        ({"sql": "list_contains(topics, 'late')"}, {"topics": ["broken"]}),
        ({"sql": "len(list_filter(topics, lambda t: t = 'late')) = len(topics)"}, {"topics": ["late", "broken"]}),
        ({"sql": "contains(body, order_id)"}, {"order_id": "AB-999999"}),
    ],
)
def test_the_row_that_breaks_the_expression_is_named_and_no_other(
    check: dict[str, str], fault: dict[str, object]
) -> None:
    spec = with_check(**check)
    staged = CLEAN.staged.with_columns(category=pl.lit("other"))
    assert custom_problems(spec) == []
    assert failing(spec, tables_of(staged=staged)) == []
    assert failing(spec, tables_of(staged=with_value(staged, 7, **fault))) == ["t000007"]


def test_the_detail_says_which_check_and_whether_the_row_failed_or_gave_null() -> None:
    spec = with_check(sql="quantity < 51", description="Nobody buys more than 50")
    staged = with_value(with_value(CLEAN.staged, 3, quantity=99), 5, quantity=None)
    findings = row_findings(spec.checks.custom[0], spec, tables_of(staged=staged))
    assert dict(findings.iter_rows()) == {
        "t000003": "does not satisfy mine (Nobody buys more than 50)",
        "t000005": "mine is null of it, neither true nor false (Nobody buys more than 50)",
    }


def test_rows_without_an_answer_are_not_looked_at_but_a_partition_without_one_answer_fails() -> None:
    spec = with_check(sql="quantity > 1000")
    staged = with_value(CLEAN.staged, 7, status="refused")
    assert "t000007" not in failing(spec, tables_of(staged=staged))
    assert "no staged row has a whole answer" in unusable(
        spec, tables_of(staged=CLEAN.staged.with_columns(status=pl.lit("refused")))
    )


KINDS: list[dict[str, Any]] = [
    {"sql": "refund or not refund"},
    {"polars": f"{HERE}:refund_has_a_vendor"},
    {"rate": "refund or not refund", "minimum": 0.0},
    {"rate": "refund or not refund", "max_shift": 1.0},
]


@pytest.mark.parametrize("kind", KINDS, ids=["sql", "polars", "minimum", "max_shift"])
def test_no_kind_passes_on_empty_missing_or_mistyped_input(kind: dict[str, Any]) -> None:
    spec = with_check(**kind)
    nothing = pl.DataFrame()
    assert "staged is empty" in unusable(spec, tables_of(staged=CLEAN.staged.clear()))
    assert "no column" in unusable(spec, tables_of(staged=nothing))
    assert "cleaned: no column row_id" in unusable(spec, tables_of(cleaned=nothing))
    for column in ("refund", "vendor", "topics", "amount_evidence", "partition_key"):
        assert f"no column {column}" in unusable(spec, tables_of(staged=CLEAN.staged.drop(column)))
        binary = CLEAN.staged.with_columns(pl.lit(b"x").alias(column))
        assert f"column {column} is Binary" in unusable(spec, tables_of(staged=binary))
    with pytest.raises(TypeError, match="staged"):
        tables_of(staged=CLEAN.staged.lazy())  # type: ignore[arg-type]


def test_a_partition_that_cleaning_set_aside_as_a_whole_passes_and_leaves_no_history() -> None:
    tables = tables_of(staged=CLEAN.staged.clear(), cleaned=CLEAN.cleaned.clear())
    assert failing(with_check(sql="refund"), tables) == []
    spec = with_check(rate="refund", minimum=0.9)
    assert rated(spec, tables).passed
    assert custom_profile(spec, tables).is_empty()


def test_a_source_column_that_is_gone_fails_the_check() -> None:
    for spec in (with_check(sql="length(body) > 10"), with_check(polars=f"{HERE}:of_a_source_column")):
        assert failing(spec, tables_of()) == []
        said = unusable(spec, tables_of(cleaned=CLEAN.cleaned.drop("body")))
        assert said == "checks.custom.mine: there is no column body"


def test_an_answer_without_its_cleaned_row_fails_what_needs_the_text() -> None:
    spec = with_check(sql="length(body) > 10")
    assert failing(spec, tables_of(cleaned=CLEAN.cleaned.slice(1))) == ["t000000"]


def test_a_column_of_two_meanings_is_refused() -> None:
    both = CLEAN.cleaned.with_columns(vendor=pl.lit("x"))
    assert "vendor is the name of an output field too" in unusable(
        with_check(sql="vendor = 'x'"), tables_of(cleaned=both)
    )
    cases = CLEAN.cleaned.with_columns(Body=pl.lit("x"))
    assert "upper and lower case" in unusable(with_check(sql="body = 'x'"), tables_of(cleaned=cases))
    assert failing(with_check(sql="vendor = 'Globex'"), tables_of(cleaned=cases)) == []


@pytest.mark.parametrize(
    "check",
    [
        {"sql": "cast(vendor as integer) > 1"},
        {"sql": "body::date > date '2026-01-01'"},
        {"sql": "strptime(vendor, '%Y') is not null"},
        {"sql": "regexp_matches(body, vendor || '(')"},
        {"sql": "body"},
        {"sql": "body > 3"},
        {"rate": "cast(body as integer) > 1", "minimum": 0.1},
        {"polars": f"{HERE}:breaks_on_a_value"},
    ],
    ids=lambda check: next(iter(check.values())),
)
def test_a_value_that_breaks_the_expression_fails_the_check_and_is_not_quoted(check: dict[str, Any]) -> None:
    spec = with_check(**check)
    staged = CLEAN.staged.with_columns(vendor=pl.lit(MARKER))
    cleaned = CLEAN.cleaned.with_columns(body=pl.lit(MARKER).cast(pl.Categorical))
    said = unusable(spec, tables_of(staged=staged, cleaned=cleaned))
    assert said.startswith("checks.custom.mine: ")
    assert MARKER not in said


def test_a_function_of_another_length_fails_the_check() -> None:
    assert "(ShapeError)" in unusable(with_check(polars=f"{HERE}:shorter"), tables_of())


@pytest.mark.parametrize(
    ("limits", "share", "passed"),
    [
        ({"minimum": 0.3}, 0.30, True),
        ({"minimum": 0.3}, 0.29, False),
        ({"maximum": 0.3}, 0.30, True),
        ({"maximum": 0.3}, 0.31, False),
        ({"max_shift": 0.1}, 0.60, True),
        ({"max_shift": 0.1}, 0.61, False),
        ({"max_shift": 0.1}, 0.40, True),
        ({"max_shift": 0.1}, 0.39, False),
        ({"max_shift": 0.5, "minimum": 0.2, "maximum": 0.9}, 0.1, False),
    ],
)
def test_a_share_at_its_limit_passes_and_one_row_beyond_fails(
    limits: dict[str, float], share: float, passed: bool
) -> None:
    spec = with_check(rate="refund", **limits)
    count = round(share * 100)
    staged = CLEAN.staged.with_columns(refund=pl.int_range(pl.len()) < count)
    found = rated(spec, tables_of(staged=staged, history=days([0.4, 0.6])))
    assert (found.passed, found.total_rows, found.threshold, found.blocking) == (passed, 100, None, True)
    assert f"True of {count} of 100 rows" in found.message
    assert (found.failed_rows > 0) is (bool(found.row_ids)) is (not passed)
    if not passed:
        few = "Too few" in found.message
        assert ("t000000" in found.row_ids) is not few
        assert len(found.row_ids) == (100 - count if few else count)


def test_null_counts_as_not_true() -> None:
    staged = CLEAN.staged.with_columns(quantity=pl.lit(None, pl.Int64))
    assert not rated(with_check(rate="quantity > 0", minimum=0.01), tables_of(staged=staged)).passed


def test_without_a_history_a_shift_says_that_there_is_nothing_to_compare_with() -> None:
    found = rated(with_check(rate="refund", max_shift=0.01), tables_of())
    assert found.passed
    assert "no earlier partition to compare with yet" in found.message
    assert found.learning


def test_shares_of_another_check_or_another_expression_are_not_compared_with() -> None:
    history = days([0.1, 0.1], rate="not refund")
    found = rated(with_check(rate="refund", max_shift=0.01), tables_of(history=history))
    assert "no earlier partition" in found.message
    other = history.profiles.with_columns(field=pl.lit("other"))
    same = rated(with_check(rate="not refund", max_shift=0.01), tables_of(history=History(profiles=other)))
    assert "no earlier partition" in same.message
    spaced = rated(with_check(rate=" not  refund", max_shift=0.9), tables_of(history=history))
    assert "90 points of 90%, the mean of 2 earlier partitions" in spaced.message


def test_the_profile_counts_every_answered_row_and_only_rates() -> None:
    spec = make_spec(
        checks={
            "custom": [
                {"name": "rows", "sql": "refund"},
                {"name": "share", "rate": "refund", "minimum": 0.1},
                {"name": "broken", "rate": "nobody_has_it", "minimum": 0.1},
            ]
        }
    )
    profile = custom_profile(spec, tables_of(staged=with_value(CLEAN.staged, 0, status="failed")))
    assert dict(profile.schema) == {name: dtype() for name, dtype in PROFILE_SCHEMA.items()}  # type: ignore[operator]
    assert set(profile.select("partition_key", "fingerprint", "metric", "field", "total").iter_rows()) == {
        (KEY, "f1", "custom", "share", 99)
    }
    counts = dict(profile.select("value", "count").iter_rows())
    assert (counts.pop("true"), counts.pop("false")) == (49, 50)
    assert [(value.split()[0], count) for value, count in counts.items()] == [("expression", 99)]


@settings(max_examples=25)
@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=40))
def test_sql_and_polars_and_the_rate_agree_on_any_rows(values: list[bool | None]) -> None:
    partition = make_partition(len(values))
    staged = partition.staged.with_columns(pl.Series("refund", values, pl.Boolean), vendor=pl.lit(None, pl.String))
    tables = tables_of(partition, staged=staged)
    expected = [f"t{n:06}" for n, value in enumerate(values) if value is not False]
    assert sorted(failing(with_check(sql="not refund or vendor is not null"), tables)) == expected
    assert sorted(failing(with_check(polars=f"{HERE}:refund_has_a_vendor"), tables)) == expected
    found = rated(with_check(rate="not refund or vendor is not null", minimum=0.0, maximum=0.0), tables)
    assert found.failed_rows == len(values) - len(expected)
