"""Canaries: judged as typed values, never passed by being absent, unanswered or of another version."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from enrichment_platform.checks.canaries import canary_accuracy, canary_frame, is_same_value
from enrichment_platform.checks.history import CANARY_SCHEMA, History
from enrichment_platform.checks.inputs import CONTROL_COLUMNS, PartitionTables, UnusableInputError
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import OutputField
from enrichment_platform_tests.checks.tables import KEY, make_partition, make_spec

CLEAN = make_partition(300)
SPEC = make_spec(checks={"golden": {"path": "golden.csv", "canaries": 60}})
DEFINITION = CheckDefinition("canary_accuracy", "Golden rows are answered as well as ever.", True)
EXPECTED = {"category": "billing", "amount": 10.5, "due": "2026-01-03", "vendor": "Globex", "topics": ["late"]}


def canaries(number: int = 60, wrong: int = 0, **changes: Any) -> pl.DataFrame:
    """Answered canaries, of which the last ones have another category."""
    rows = [
        {
            "row_id": f"c{n}",
            "partition_key": KEY,
            "kind": "canary",
            "of_row_id": f"g{n:03}",
            "expected": json.dumps(EXPECTED),
            "status": "ok",
            "finish_reason": "stop",
            "request_key": f"k{n}",
            "fingerprint": "f1",
            "model": "m",
            "endpoint": "e",
            "category": "billing" if n < number - wrong else "other",
            "amount": 10.5,
            "due": date(2026, 1, 3),
            "vendor": " globex ",
            "topics": ["late"],
        }
        | changes
        for n in range(number)
    ]
    outputs = {name: CLEAN.staged.schema[name] for name in [field.name for field in SPEC.output]}
    return pl.DataFrame(rows, schema={**CONTROL_COLUMNS, **outputs})


def earlier(days: int = 10, wrong: int = 0, number: int = 60) -> pl.DataFrame:
    rows = [
        (f"2025-12-{day + 1:02}", "f1", f"g{n:03}", field, field != "category" or n < number - wrong)
        for day in range(days)
        for n in range(number)
        for field in EXPECTED
    ]
    return pl.DataFrame(rows, schema=CANARY_SCHEMA, orient="row")


def tables(
    controls: pl.DataFrame | None, history: pl.DataFrame | None = None, meant: int | None = None, **changes: Any
) -> PartitionTables:
    past = History(canaries=history if history is not None else pl.DataFrame(schema=CANARY_SCHEMA))
    asked = meant if meant is not None else 0 if controls is None else controls.height
    return PartitionTables(**(CLEAN._asdict() | changes), controls=controls, history=past, canaries_meant=asked)


def check(
    controls: pl.DataFrame | None, history: pl.DataFrame | None = None, meant: int | None = None, **changes: Any
) -> CheckResult:
    return canary_accuracy(DEFINITION, SPEC, tables(controls, history, meant, **changes))


def test_right_answers_are_right_whatever_their_case_spaces_and_order() -> None:
    judged = canary_frame(SPEC, tables(canaries(2, topics=["late"])))
    assert judged.schema == CANARY_SCHEMA
    assert judged.height == 2 * len(EXPECTED)
    assert judged.get_column("correct").all()


@pytest.mark.parametrize("broken", [{"status": "error"}, {"status": None}, {"finish_reason": "length"}])
def test_an_answer_that_is_not_whole_is_wrong_in_every_field(broken: dict[str, Any]) -> None:
    assert not canary_frame(SPEC, tables(canaries(2, **broken))).get_column("correct").any()


FIELDS = {field.name: field for field in SPEC.output}


@pytest.mark.parametrize(
    ("field", "answered", "expected", "same"),
    [
        ("category", "billing", "billing", True),
        ("category", "Billing", "billing", False),
        ("vendor", "ACME  Gadgets", "acme gadgets", True),
        ("vendor", "Acme", "Acme Gadgets", False),
        ("amount", 0.1 + 0.2, 0.3, True),
        ("amount", 0.3001, 0.3, False),
        ("amount", 20.0, "20", True),
        ("amount", 20.0, "twenty", False),
        ("quantity", 3, 3.0, True),
        ("quantity", 1, True, False),
        ("due", date(2026, 1, 3), "2026-01-03", True),
        ("due", date(2026, 1, 4), "2026-01-03", False),
        ("refund", True, True, True),
        ("refund", True, 1, False),
        ("topics", ["broken", "late"], ["late", "broken"], True),
        ("topics", ["late"], ["late", "broken"], False),
        ("vendor", None, "Acme", False),
        ("vendor", "Acme", None, False),
        ("vendor", None, None, True),
    ],
)
def test_values_are_compared_as_their_type_says(field: str, answered: Any, expected: Any, same: bool) -> None:
    found: OutputField = FIELDS[field]
    assert is_same_value(found, answered, expected) is same


def test_null_of_a_required_field_means_that_nothing_is_known() -> None:
    expected = json.dumps({"category": None, "vendor": None})
    judged = canary_frame(SPEC, tables(canaries(1, expected=expected, vendor=None)))
    assert judged.rows() == [(KEY, "f1", "g000", "vendor", True)]


@pytest.mark.parametrize("expected", [None, "", "{", "[1]", "{}", '{"unknown": 1}'])
def test_an_expected_value_that_says_nothing_is_refused_not_skipped(expected: str | None) -> None:
    with pytest.raises(UnusableInputError, match="`expected` of c0"):
        check(canaries(3, expected=expected))


def test_the_usual_accuracy_passes_and_is_told_with_its_interval() -> None:
    found = check(canaries(wrong=3), earlier(wrong=3))
    assert found.passed
    assert found.message.startswith("Golden rows: 99% (97.1% to 99.7%, 300 values) of the known values right today")
    assert "in the last 10 partitions" in found.message
    assert "e-value" in found.message
    assert found.row_ids == ("g057", "g058", "g059")


def test_a_fifth_of_the_golden_rows_newly_wrong_blocks_the_same_day_and_is_named() -> None:
    found = check(canaries(wrong=15), earlier(wrong=3))
    assert (found.passed, found.blocking, found.failed_rows) == (False, True, 15)
    assert "nothing is published" in found.message
    assert "g045" in found.row_ids


def test_canaries_of_the_same_partition_in_the_history_do_not_count_twice() -> None:
    again = earlier(wrong=3).with_columns(partition_key=pl.lit(KEY))
    assert (
        check(canaries(wrong=9), pl.concat([earlier(wrong=3), again])).message
        == check(canaries(wrong=9), earlier(wrong=3)).message
    )


@pytest.mark.parametrize("controls", [canaries(0), canaries(60, status="error")])
def test_no_answered_canary_fails(controls: pl.DataFrame) -> None:
    found = check(controls, earlier())
    assert not found.passed
    assert "was answered" in found.message


def test_where_no_row_was_asked_no_canary_is_missed_but_the_table_is_still_looked_at() -> None:
    nothing = {"cleaned": CLEAN.cleaned.clear(), "staged": CLEAN.staged.clear()}
    assert check(canaries(0), earlier(), **nothing).passed
    assert not check(canaries(0), earlier(), staged=nothing["staged"]).passed
    with pytest.raises(UnusableInputError, match="fingerprint"):
        check(canaries(0), earlier(), cleaned=pl.DataFrame(), staged=pl.DataFrame())


def test_a_canary_that_did_not_ride_along_fails_on_the_first_day_too() -> None:
    for history in (None, earlier()):
        found = check(canaries(59), history, meant=60)
        assert not found.passed
        assert "Only 59 of 60 canaries rode along" in found.message
        assert check(canaries(60), history, meant=60).passed


def test_a_golden_file_with_fewer_rows_is_no_fault_of_the_partition() -> None:
    assert check(canaries(20), earlier(number=60), meant=20).passed


def test_that_nobody_reckoned_how_many_were_meant_is_no_pass() -> None:
    with pytest.raises(UnusableInputError, match="nobody reckoned"):
        canary_accuracy(DEFINITION, SPEC, replace(tables(canaries()), canaries_meant=None))


def test_a_small_golden_set_is_enough() -> None:
    assert check(canaries(12), earlier(number=12)).passed


@pytest.mark.parametrize("fingerprint", ["f2", None])
def test_a_canary_of_another_fingerprint_than_the_rows_fails(fingerprint: str | None) -> None:
    found = check(canaries(60, fingerprint=fingerprint), earlier())
    assert not found.passed
    assert "fingerprint" in found.message


def test_nobody_looked_or_no_golden_set_is_unusable_and_never_passes() -> None:
    with pytest.raises(UnusableInputError, match="nobody looked"):
        check(None)
    with pytest.raises(UnusableInputError, match=r"checks\.golden"):
        canary_accuracy(DEFINITION, make_spec(), tables(canaries()))
    with pytest.raises(UnusableInputError, match="no column category"):
        check(canaries().drop("category"))
    with pytest.raises(UnusableInputError, match="no column kind"):
        check(canaries().drop("kind"))


def test_no_expected_or_answered_text_reaches_the_result() -> None:
    found = check(canaries(wrong=9, vendor="SECRETWORD"), earlier())
    assert "SECRETWORD" not in str(found)
    assert "Globex" not in str(found)


def test_a_model_that_is_bad_from_the_first_day_is_seen_where_a_minimum_is_given() -> None:
    def with_minimum(share: float | None) -> CheckResult:
        spec = make_spec(checks={"golden": {"path": "golden.csv", "minimum_accuracy": share}})
        return canary_accuracy(DEFINITION, spec, tables(canaries(60, wrong=20)))

    assert with_minimum(None).passed
    assert with_minimum(0.7).passed, "40 of 60 may be 70%"
    below = with_minimum(0.9)
    assert not below.passed
    assert "category: less is right than" in below.message, "the other fields are all right"
    assert len(below.row_ids) == 20
