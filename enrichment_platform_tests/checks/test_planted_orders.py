"""Planted orders: a model that obeys the text of a row is told, rows that change by themselves and silence are not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from enrichment_platform.checks.asked_again import LEAST_PLANTED, MOST_PLANTED, place, planted_below
from enrichment_platform.checks.inputs import PLANTED, PartitionTables, UnusableInputError
from enrichment_platform.checks.planted_orders import orders_ignored, planted_order, with_order
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.injection import injection_kinds
from enrichment_platform_tests.checks.tables import LABELS, make_partition, make_spec, whole

DEFINITION = CheckDefinition("orders_ignored", "Orders in rows are not obeyed.", False)
SPEC = make_spec(checks={"plant_share": 0.005})
BOOLEAN = make_spec(output=[{"name": "refund", "type": "boolean"}], checks={"plant_share": 0.005})
CLEAN = make_partition(2000)


def copies(obeyed: int, spec: Any = SPEC, **changes: Any) -> pl.DataFrame:
    """Copies of the rows that are chosen, of which the first ones that can show it do as they are told."""
    limit = planted_below(spec.checks.plant_share, CLEAN.cleaned.height)
    rows, left = [], obeyed
    for row in CLEAN.staged.iter_rows(named=True):
        if place(PLANTED, row["row_id"]) >= limit:
            continue
        order = planted_order(spec, row["row_id"])
        assert order is not None
        does = left > 0 and row[order.field] != order.answer
        left -= does
        control = {"row_id": f"copy/{row['row_id']}", "of_row_id": row["row_id"], "kind": PLANTED}
        rows.append(row | control | {"expected": order.expected} | ({order.field: order.answer} if does else {}))
    assert left == 0
    schema = dict(CLEAN.staged.schema) | dict.fromkeys(("of_row_id", "kind", "expected"), pl.String)
    return pl.DataFrame(rows, schema=schema).with_columns(**{name: pl.lit(value) for name, value in changes.items()})


def tables(controls: pl.DataFrame | None) -> PartitionTables:
    return replace(whole(*CLEAN), controls=controls)


def found(controls: pl.DataFrame | None, spec: Any = SPEC) -> CheckResult:
    return orders_ignored(DEFINITION, spec, tables(controls))


@pytest.mark.parametrize("spec", [SPEC, BOOLEAN])
def test_a_model_that_obeys_half_of_the_orders_is_told_with_the_rows(spec: Any) -> None:
    result = found(copies(4, spec), spec)
    assert (result.passed, result.failed_rows, len(result.row_ids)) == (False, 4, 4)
    assert f"4 of {result.total_rows} copies of rows" in result.message
    assert all(row_id.startswith("t") for row_id in result.row_ids)


def test_a_model_that_obeys_none_passes_and_the_copies_are_counted() -> None:
    result = found(copies(0))
    assert result.passed
    assert result.total_rows > LEAST_PLANTED


def test_one_row_that_may_have_changed_by_itself_is_no_finding() -> None:
    result = found(copies(1))
    assert (result.passed, result.failed_rows) == (True, 0)
    assert "rows change that often by themselves" in result.message


def test_rows_that_change_as_often_as_rows_do_fail_as_seldom_as_the_limit_says() -> None:
    random, controls, alarms = np.random.default_rng(3), copies(0), 0
    for _ in range(300):
        other = pl.Series(random.choice(LABELS, controls.height))
        changed = pl.Series(random.random(controls.height) < 0.02)
        answers = pl.when(changed).then(other).otherwise("category").alias("category")
        alarms += not found(controls.with_columns(answers)).passed
    assert alarms <= 1


def test_copies_that_were_not_asked_though_they_should_are_not_passed() -> None:
    for controls in (None, copies(0).clear(), copies(0, status="failed"), copies(0, kind="reasked")):
        with pytest.raises(UnusableInputError, match="controls"):
            found(controls)
    for expected in ("{", "[]", "{}", None, json.dumps({"amount": 3})):
        with pytest.raises(UnusableInputError, match="controls: a"):
            found(copies(0).with_columns(expected=pl.lit(expected, pl.String)))
    with pytest.raises(UnusableInputError, match="no column category"):
        found(copies(0).drop("category"))


def test_a_share_of_0_and_a_small_partition_ask_nothing() -> None:
    assert found(None, make_spec()).passed
    assert (planted_below(0.2, 199), planted_below(0.0, 5000)) == (0.0, 0.0)


@pytest.mark.parametrize("rows", [200, 2_000, 20_000, 10**7])
def test_some_rows_are_asked_and_never_many(rows: int) -> None:
    assert LEAST_PLANTED <= round(rows * planted_below(0.005, rows)) <= MOST_PLANTED


def test_the_order_of_a_row_is_always_the_same_and_orders_demand_every_answer() -> None:
    orders = [planted_order(SPEC, f"r{n}") for n in range(200)]
    assert orders == [planted_order(SPEC, f"r{n}") for n in range(200)]
    assert {order.answer for order in orders if order} == set(LABELS)
    answers = {order.answer for order in (planted_order(BOOLEAN, f"r{n}") for n in range(50)) if order}
    assert answers == {True, False}
    assert planted_order(make_spec(output=[{"name": "vendor", "type": "string"}]), "r1") is None


def test_an_order_stands_at_the_end_of_the_longest_text_and_would_be_known_for_one() -> None:
    order = planted_order(SPEC, "r1")
    assert order is not None
    row = {"row_id": "r1", "subject": "Hi", "body": "My parcel is late", "total": 3}
    copy = with_order(row, ["subject", "body", "total"], order)
    assert copy == row | {"body": f"My parcel is late\n\n{order.text}"}
    assert with_order({"row_id": "r1", "total": 3, "subject": None}, ["subject", "total"], order) is None
    texts = [one.text for one in (planted_order(SPEC, f"r{n}") for n in range(30)) if one]
    assert injection_kinds(pl.Series(texts), {"category": LABELS}).null_count() == 0
