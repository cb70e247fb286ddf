"""The Pandera contract: every rule of a field holds row by row, and cannot be switched off."""

from __future__ import annotations

import subprocess
import sys

import pandera.polars as pa
import polars as pl
import pytest

from enrichment_platform.checks import output_schema
from enrichment_platform_tests.checks.tables import make_partition, make_spec, result, run, with_value

CLEAN = make_partition(100)


def test_the_schema_has_every_output_column() -> None:
    schema = output_schema(make_spec())
    assert isinstance(schema, pa.DataFrameSchema)
    assert set(schema.columns) == {"row_id", "partition_key", *CLEAN.staged.columns[2:13]}


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"category": "BILLING"}, "category: is not one of the labels"),
        ({"category": None}, "category: is missing, and the field is required"),
        ({"vendor": ""}, "vendor: is blank; the model must answer null instead"),
        ({"vendor": "wide " * 41}, "vendor: is longer than 200 characters"),
        ({"quantity": 0}, "quantity: is below the minimum of 1"),
        ({"quantity": 51}, "quantity: is above the maximum of 50"),
        ({"topics": ["late", ""]}, "topics: has an item that is null or blank"),
        ({"topics": ["late"] * 3}, "topics: has more than 2 items"),
        ({"order_id": "x"}, "order_id: does not match its pattern"),
    ],
)
def test_the_detail_names_the_field_and_the_rule(values: dict[str, object], detail: str) -> None:
    failures = run(CLEAN, staged=with_value(CLEAN.staged, 41, **values)).failures
    assert failures.get_column("row_id").to_list() == ["t000041"]
    assert failures.get_column("detail").item().startswith(detail)


@pytest.mark.parametrize("values", [{"quantity": 1}, {"quantity": 50}, {"topics": []}, {"vendor": "w" * 200}])
def test_a_value_at_its_bound_passes(values: dict[str, object]) -> None:
    assert result(run(CLEAN, staged=with_value(CLEAN.staged, 41, **values)), "output_contract").failed_rows == 0


@pytest.mark.parametrize("field", ["order_id", "amount", "due", "quantity", "vendor", "topics"])
def test_null_passes_where_the_field_is_not_required(field: str) -> None:
    assert run(CLEAN, staged=with_value(CLEAN.staged, 41, **{field: None})).failures.is_empty()


def test_row_ids_are_those_of_the_failing_rows_among_rows_without_an_answer() -> None:
    staged = with_value(with_value(CLEAN.staged, 3, status="failed", category=None), 60, category="?")
    assert result(run(CLEAN, staged=staged), "output_contract").row_ids == ("t000060",)


def test_patterns_are_those_of_python() -> None:
    spec = make_spec(output=[{"name": "vendor", "type": "string", "pattern": r"(?!Acme)\w+"}])
    assert run(CLEAN, spec).failures.is_empty()
    staged = with_value(CLEAN.staged, 5, vendor="Acme")
    assert run(CLEAN, spec, staged=staged).failures.get_column("row_id").to_list() == ["t000005"]


@pytest.mark.parametrize("setting", ["PANDERA_VALIDATION_ENABLED=False", "PANDERA_VALIDATION_DEPTH=SCHEMA_ONLY"])
def test_an_environment_variable_cannot_switch_the_contract_off(setting: str) -> None:
    code = (
        "from enrichment_platform_tests.checks.tables import *\n"
        "p = make_partition(10); v = run(p, staged=with_value(p.staged, 4, category='?'))\n"
        "print(v.failures['row_id'].to_list())"
    )
    name, value = setting.split("=")
    import os

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['t000004']"


def test_a_null_typed_column_is_a_wrong_type() -> None:
    found = result(run(CLEAN, staged=CLEAN.staged.with_columns(vendor=pl.lit(None))), "output_contract")
    assert not found.passed
    assert "vendor" in found.message
