"""The suite as a whole: clean data passes, nothing empty, missing or lazy does, no row text comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks import check_names, run_suite
from enrichment_platform.checks.results import CheckResult
from enrichment_platform.checks.suite import TABLE_CHECKS
from enrichment_platform_tests.checks.full_partition import full_spec, full_tables
from enrichment_platform_tests.checks.tables import (
    KEY,
    Partition,
    failed,
    make_partition,
    make_spec,
    result,
    run,
    suite,
    with_value,
)

CLEAN = make_partition()
FULL_SPEC = full_spec()
FULL = full_tables(FULL_SPEC, rows=300, days=10, published=600)
OF_CONTROLS = {"canary_accuracy", "stored_answers", "label_order", "orders_ignored", "calibration"}
ROW = 1234
ID = f"t{ROW:06}"

FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("answer_status", {"status": "failed"}),
    ("answer_status", {"status": "malformed"}),
    ("answer_status", {"status": "never heard of"}),
    ("answer_status", {"status": None}),
    ("answer_status", {"finish_reason": "length"}),
    ("output_contract", {"category": "Billing"}),
    ("output_contract", {"category": None}),
    ("output_contract", {"refund": None}),
    ("output_contract", {"vendor": " "}),
    ("output_contract", {"vendor": "x y" * 100}),
    ("output_contract", {"quantity": 0}),
    ("output_contract", {"quantity": 51}),
    ("output_contract", {"amount": float("nan")}),
    ("output_contract", {"amount": float("inf")}),
    ("output_contract", {"amount": -1.0}),
    ("output_contract", {"topics": ["late", "other"]}),
    ("output_contract", {"topics": ["late", None]}),
    ("output_contract", {"topics": ["late", "late", "late"]}),
    ("output_contract", {"order_id": "AB-101234x"}),
    ("evidence_in_source", {"order_id": "AB-101235"}),
    ("evidence_in_source", {"order_id": "AB-10123"}),
    ("evidence_in_source", {"order_id_evidence": None}),
    ("evidence_in_source", {"order_id_evidence": " "}),
    ("evidence_in_source", {"order_id_evidence": "a parcel that nobody wrote about"}),
    ("evidence_in_source", {"order_id_evidence": "my order AB-101235 never came"}),
    ("evidence_in_source", {"amount": 1552.05}),
    ("evidence_in_source", {"amount_evidence": "I paid $15,525.00"}),
    ("evidence_in_source", {"amount_evidence": "I paid $1,552.5"}),
    ("evidence_in_source", {"due": pl.Series(["2026-05-16"]).str.to_date()[0]}),
    ("no_placeholder", {"vendor": "N/A"}),
    ("no_placeholder", {"vendor": "<vendor name>"}),
    ("no_placeholder", {"vendor": "Vendor"}),
    ("no_placeholder", {"vendor": "name of the seller."}),
    ("no_placeholder", {"vendor": "acme gadgets"}),
]


@pytest.mark.parametrize("rows", [1, 200, 2000])
def test_a_clean_partition_passes_with_no_finding(rows: int) -> None:
    verdict = run(make_partition(rows))
    assert verdict.passed
    assert failed(verdict) == set()
    assert verdict.failures.is_empty()


@pytest.mark.parametrize(
    ("check", "fault"), FAULTS, ids=[f"{c}-{next(iter(f))}-{i}" for i, (c, f) in enumerate(FAULTS)]
)
def test_one_faulty_row_in_2000_is_found_named_and_set_aside(check: str, fault: dict[str, Any]) -> None:
    verdict = run(CLEAN, staged=with_value(CLEAN.staged, ROW, **fault))
    found = result(verdict, check)
    assert (found.failed_rows, found.row_ids, found.total_rows) == (1, (ID,), 2000)
    assert verdict.passed  # one in 2,000 is within the default limit: the row goes to quarantine
    row = verdict.failures.row(0, named=True)
    assert (verdict.failures.height, row["row_id"], row["partition_key"]) == (1, ID, KEY)
    assert verdict.failures.get_column("reason").item() in (check, "output_contract")
    assert result(verdict, "failed_rows").row_ids == (ID,)


@pytest.mark.parametrize(
    ("check", "fault"), FAULTS, ids=[f"{c}-{next(iter(f))}-{i}" for i, (c, f) in enumerate(FAULTS)]
)
def test_one_faulty_row_blocks_where_the_limit_is_zero(check: str, fault: dict[str, Any]) -> None:
    spec = make_spec(checks={"thresholds": {check: 0.0}})
    verdict = run(CLEAN, spec, staged=with_value(CLEAN.staged, ROW, **fault))
    assert not verdict.passed
    assert not result(verdict, check).passed
    assert check in result(verdict, check).message


def test_a_row_without_an_answer_is_reported_once() -> None:
    outputs = dict.fromkeys(CLEAN.staged.columns[2:13])
    verdict = run(CLEAN, staged=with_value(CLEAN.staged, ROW, status="malformed", **outputs))
    assert failed(verdict) == {"answer_status", "failed_rows"}


def test_a_row_that_fails_several_checks_is_quarantined_once_with_the_most_severe_reason() -> None:
    fault = {"category": "nonsense", "order_id_evidence": "words that are not there", "vendor": "todo"}
    row = run(CLEAN, staged=with_value(CLEAN.staged, ROW, **fault)).failures.row(0, named=True)
    assert row["reason"] == "output_contract"
    assert row["detail"] == (
        "category: is not one of the labels"
        "; also evidence_in_source: order_id: the quoted text is not in the source"
        "; also no_placeholder: vendor: is a placeholder, not a value; the model must answer null instead"
    )


def test_a_share_at_the_limit_passes_and_one_row_more_fails() -> None:
    for rows, passed in ((100, True), (101, False)):
        bad = pl.when(pl.int_range(pl.len()) < rows).then(pl.lit("refused")).otherwise("status").alias("status")
        verdict = run(CLEAN, staged=CLEAN.staged.with_columns(bad))
        assert result(verdict, "answer_status").passed is passed
        assert verdict.passed is passed
        assert verdict.failures.height == rows
        assert len(result(verdict, "answer_status").row_ids) == 100


def test_checks_that_each_stay_within_their_limit_fail_together() -> None:
    place = pl.int_range(pl.len())
    staged = CLEAN.staged.with_columns(
        pl.when(place < 80).then(pl.lit("refused")).otherwise("status").alias("status"),
        pl.when(place >= 1920).then(pl.lit("n/a")).otherwise("vendor").alias("vendor"),
    )
    verdict = run(CLEAN, staged=staged)
    assert [r.name for r in verdict.results if not r.passed] == ["failed_rows"]
    assert result(verdict, "failed_rows").failed_rows == 160


@pytest.mark.parametrize("name", Partition._fields)
def test_a_lazy_or_foreign_table_is_a_type_error(name: str) -> None:
    for wrong in (CLEAN._asdict()[name].lazy(), CLEAN._asdict()[name].to_dict(), None):
        with pytest.raises(TypeError, match=name):
            run(CLEAN, **{name: wrong})


def test_a_lazy_or_foreign_table_beside_the_rows_is_a_type_error() -> None:
    for name in ("asked", "controls"):
        for wrong in (getattr(FULL, name).lazy(), getattr(FULL, name).to_dict()):
            with pytest.raises(TypeError, match=name):
                replace(FULL, **{name: wrong})


CONTRACT = {"output_contract", "failed_rows"}
OWN = {"amount_is_paid", "share_of_billing", "failed_rows"}
EVIDENCE = {"evidence_in_source", "clean_output"}
WORDING = {"no_placeholder", "clean_output", "output_shift"}
LABELLED = {"label_shift", "slow_drift", "same_answer"}
ASKED_AGAIN = {"stored_answers", "label_order"}
OF_ANSWERS = CONTRACT | OWN | EVIDENCE | WORDING | LABELLED | ASKED_AGAIN
OF_ANSWERS |= {
    "orders_ignored",
    "answer_status",
    "baseline_change",
    "enough_input",
    "same_text_same_answer",
    "shadow_model",
    "null_rate",
}
OF_ROWS = OF_ANSWERS | {"row_reconciliation", "one_fingerprint", "answers_belong", "no_injection"}
WHEN_EMPTY = OF_ROWS | {"canary_accuracy", "retry_rate", "set_aside_rate", "input_shift"}


def broken(verdict: Any) -> set[str]:
    """Names of the checks that did not pass."""
    return {r.name for r in verdict.results if not r.passed}


def test_the_whole_suite_passes_a_clean_partition_with_a_history() -> None:
    verdict = run_suite(FULL_SPEC, FULL)
    assert failed(verdict) == set()
    assert {r.name for r in verdict.results if r.learning} == {"slow_drift"}


def test_an_empty_staged_table_fails_every_check_that_reads_it() -> None:
    verdict = run_suite(FULL_SPEC, replace(FULL, staged=FULL.staged.clear()))
    assert broken(verdict) == WHEN_EMPTY
    assert not verdict.passed


def test_tables_without_columns_fail_every_check_but_the_count() -> None:
    nothing = pl.DataFrame()
    spec = full_spec(allow_empty=True)
    verdict = run_suite(spec, replace(FULL, raw_ids=nothing, quarantined=nothing, cleaned=nothing, staged=nothing))
    assert {r.name for r in verdict.results if r.passed} == {"not_empty", "calibration"}
    assert not verdict.passed


COLUMNS_OF = {
    "row_id": OF_ROWS,
    "partition_key": CONTRACT
    | OWN
    | LABELLED
    | ASKED_AGAIN
    | {"row_reconciliation", "input_shift", "output_shift", "null_rate", "retry_rate", "set_aside_rate"},
    "status": OF_ANSWERS | {"one_fingerprint", "answers_belong", "retry_rate"},
    "finish_reason": OF_ANSWERS,
    "request_key": {"answers_belong"},
    "fingerprint": OWN | ASKED_AGAIN | {"one_fingerprint", "canary_accuracy"},
    "model": {"one_fingerprint"},
    "endpoint": {"retry_rate"},
    "attempts": {"retry_rate"},
    "category": CONTRACT
    | OWN
    | LABELLED
    | ASKED_AGAIN
    | {"orders_ignored", "enough_input", "same_text_same_answer", "shadow_model"},
    "order_id": CONTRACT | OWN | WORDING | {"evidence_in_source", "null_rate"},
    "amount_evidence": CONTRACT | OWN | EVIDENCE,
    "quantity": CONTRACT | OWN | {"null_rate", "same_text_same_answer", "stored_answers"},
    "topics": CONTRACT | OWN | LABELLED | {"null_rate"},
}


@pytest.mark.parametrize("column", COLUMNS_OF)
@pytest.mark.parametrize("fault", ["missing", "mistyped"])
def test_a_missing_or_mistyped_column_fails_its_checks_and_is_named(column: str, fault: str) -> None:
    binary = FULL.staged.with_columns(pl.lit(b"x").alias(column))
    staged = FULL.staged.drop(column) if fault == "missing" else binary
    verdict = run_suite(FULL_SPEC, replace(FULL, staged=staged))
    assert broken(verdict) == COLUMNS_OF[column]
    assert verdict.passed is (column in ("endpoint", "attempts"))  # what concerns the statistics alone warns
    for failure in (r for r in verdict.results if not r.passed and r.name != "failed_rows"):
        assert column in failure.message


@pytest.mark.parametrize(
    ("table", "checks"),
    [("asked", {"answers_belong"}), ("controls", OF_CONTROLS)],
)
@pytest.mark.parametrize("fault", ["absent", "empty", "without columns"])
def test_what_nobody_looked_at_fails_the_checks_that_the_settings_ask_for(
    table: str, checks: set[str], fault: str
) -> None:
    looked = {"absent": None, "empty": getattr(FULL, table).clear(), "without columns": pl.DataFrame()}[fault]
    verdict = run_suite(FULL_SPEC, replace(FULL, **{table: looked}))
    assert broken(verdict) == checks
    assert not verdict.passed
    nobody = make_spec()
    assert broken(run_suite(nobody, replace(FULL, **{table: looked}))) == checks & {"answers_belong"}


def test_a_cleaned_table_without_a_prompt_column_fails_what_needs_the_text() -> None:
    verdict = run_suite(FULL_SPEC, replace(FULL, cleaned=FULL.cleaned.drop("body")))
    assert broken(verdict) == {
        *("evidence_in_source", "no_placeholder", "clean_output", "no_injection", "failed_rows", "amount_is_paid"),
        *("enough_input", "same_text_same_answer", "shadow_model", "input_shift"),
    }
    assert "body" in result(verdict, "evidence_in_source").message


def test_a_partition_without_one_answer_does_not_pass_the_checks_on_outputs() -> None:
    verdict = run_suite(FULL_SPEC, replace(FULL, staged=FULL.staged.with_columns(status=pl.lit("failed"))))
    assert broken(verdict) == OF_ANSWERS | {"retry_rate"}
    assert verdict.failures.height == 300


def test_a_partition_that_cleaning_set_aside_as_a_whole_is_not_published_empty() -> None:
    ids = CLEAN.raw_ids
    aside = ids.with_columns(stage=pl.lit("cleaned"), reason=pl.lit("blank"))
    verdict = suite(make_spec(), ids, aside, CLEAN.cleaned.clear(), CLEAN.staged.clear())
    assert failed(verdict) == {"not_empty"}
    assert "were set aside in cleaning" in result(verdict, "not_empty").message
    assert verdict.failures.schema == pl.Schema(
        dict.fromkeys(["row_id", "partition_key", "reason", "detail"], pl.String())
    )


def test_results_come_in_the_order_and_with_the_texts_known_beforehand() -> None:
    for spec in (make_spec(), make_spec(output=[{"name": "a", "type": "boolean"}])):
        results = run(CLEAN, spec).results
        # Several fingerprints warn and do not block, unless the enrichment says so.
        assert [(r.name, r.description, r.blocking or r.name == "one_fingerprint") for r in results] == [
            (d.name, d.description, d.blocking) for d in check_names(spec)
        ]


MARKER = "Zq7SECRETq7Z"
TEXTS = ["category", "order_id", "order_id_evidence", "amount_evidence", "due_evidence", "vendor", "status"]
TEXTS += ["fingerprint", "finish_reason", "request_key"]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, unique=True),
    st.integers(0, 29),
    st.sampled_from(["{}", "my order {} never came", "<{}>", "{} 12 $3"]),
    st.booleans(),
)
def test_no_text_of_a_row_comes_out_of_the_suite(columns: list[str], row: int, shape: str, drop: bool) -> None:
    clean = make_partition(30)
    text = shape.format(MARKER)
    staged = with_value(clean.staged, row, topics=[text, text, text], **dict.fromkeys(columns, text))
    staged = staged.with_columns(due=pl.lit(text)) if drop else staged
    cleaned = with_value(clean.cleaned, row, body=text, subject=text)
    quarantined = clean.quarantined.with_columns(reason=pl.lit(text))
    verdict = run(clean, staged=staged, cleaned=cleaned, quarantined=quarantined)
    assert MARKER not in repr(verdict.results)
    assert MARKER not in verdict.failures.write_json()


def test_a_defect_of_one_check_fails_that_check_alone_and_tells_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> CheckResult:
        raise ValueError("conversion of 'Jane Doe, 4 High Street' failed")

    monkeypatch.setitem(TABLE_CHECKS, "enough_input", broken)
    verdict = run_suite(FULL_SPEC, FULL)
    failed = [result for result in verdict.results if not result.passed]
    assert [result.name for result in failed] == ["enough_input"]
    assert "ValueError at" in failed[0].message
    assert "Jane" not in failed[0].message
