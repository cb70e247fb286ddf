"""Calibration: a confidence that golden rows do not bear out is told, chance and silence are not taken for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from enrichment_platform.checks.calibration import LEAST_CHANCE, calibration
from enrichment_platform.checks.inputs import CONTROL_COLUMNS, PartitionTables, UnusableInputError
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform_tests.checks.tables import KEY, OUTPUT, make_partition, make_spec, whole

DEFINITION = CheckDefinition("calibration", "As often right as it says.", False)
CLEAN = make_partition(300)


def judged(sure: list[float | None], right: list[bool], *, maximum: int = 1, **changes: Any) -> CheckResult:
    return calibration(DEFINITION, spec_of(maximum), tables(sure, right, **changes))


def spec_of(maximum: int = 1) -> Any:
    confidence = {"name": "category_confidence", "type": "number", "minimum": 0, "maximum": maximum}
    return make_spec(output=[*OUTPUT, confidence], checks={"golden": {"path": "g.csv"}})


def tables(sure: list[float | None], right: list[bool], **changes: Any) -> PartitionTables:
    told = dict.fromkeys(CONTROL_COLUMNS, "x") | {"partition_key": KEY, "kind": "canary", "status": "ok"}
    rows = [
        told
        | {"row_id": f"c{n}", "of_row_id": f"g{n:03}", "expected": json.dumps({"category": "billing"})}
        | {"finish_reason": "stop", "category": "billing" if hit else "other", "category_confidence": one}
        | changes
        for n, (one, hit) in enumerate(zip(sure, right, strict=True))
    ]
    outputs = {name: CLEAN.staged.schema[name] for name in (field["name"] for field in OUTPUT)}
    schema = {**CONTROL_COLUMNS, **outputs, "category_confidence": pl.Float64}
    return replace(whole(*CLEAN), controls=pl.DataFrame(rows, schema=schema), canaries_meant=len(rows))


@pytest.mark.parametrize("scale", [1, 100])
def test_a_model_that_is_95_percent_sure_and_right_in_four_of_five_is_told_with_the_wrong_rows(scale: int) -> None:
    found = judged([0.95 * scale] * 60, [n >= 12 for n in range(60)], maximum=scale)
    assert (found.passed, found.failed_rows, found.total_rows) == (False, 12, 60)
    assert found.row_ids == tuple(f"g{n:03}" for n in range(12))
    assert "category_confidence is 95% on average; of 60 golden rows 80%" in found.message


def test_a_model_that_is_less_sure_than_it_is_right_passes() -> None:
    assert judged([0.6] * 60, [True] * 60).passed


def test_ten_points_are_allowed_even_where_they_are_no_chance() -> None:
    assert judged([0.99] * 1000, [n >= 100 for n in range(1000)]).passed


def test_few_rows_that_happen_to_be_wrong_are_no_finding() -> None:
    assert judged([0.9] * 5, [True, True, True, False, False]).passed


def test_a_confidence_that_holds_fails_as_seldom_as_the_limit_says() -> None:
    random = np.random.default_rng(5)
    alarms = 0
    for _ in range(300):
        sure = random.beta(6, 2, 60)
        alarms += not judged(sure.tolist(), (random.random(60) < sure).tolist()).passed
    assert alarms <= 300 * LEAST_CHANCE + 1


def test_no_golden_row_that_tells_anything_is_not_passed() -> None:
    for changes in ({"status": "failed"}, {"expected": json.dumps({"quantity": 1})}, {"kind": "reasked"}):
        with pytest.raises(UnusableInputError, match="no golden row has an answer with category_confidence"):
            judged([0.9] * 60, [True] * 60, **changes)
    with pytest.raises(UnusableInputError, match="no golden row"):
        judged([None] * 60, [True] * 60)
    with pytest.raises(UnusableInputError, match="is not JSON"):
        judged([0.9] * 60, [True] * 60, expected="{")
    with pytest.raises(UnusableInputError, match="nobody looked"):
        calibration(DEFINITION, spec_of(), replace(whole(*CLEAN), controls=None))
    with pytest.raises(UnusableInputError, match="no column category_confidence"):
        calibration(DEFINITION, spec_of(), replace(whole(*CLEAN), controls=pl.DataFrame(schema=CONTROL_COLUMNS)))


def test_where_no_golden_row_was_meant_to_ride_along_none_is_missed() -> None:
    found = calibration(DEFINITION, spec_of(), replace(tables([], []), canaries_meant=0))
    assert (found.passed, found.total_rows) == (True, 0)
