"""What is known before any data: names, limits, and a version that changes with what can change a verdict."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from enrichment_platform.checks import acceptable, check_names, check_setting_problems, suite_version
from enrichment_platform.checks.catalogue import (
    DESCRIPTIONS,
    JUDGED_TEXT,
    WARNINGS,
    WITH_THRESHOLD,
    confidence_fields,
    threshold,
    with_threshold,
)
from enrichment_platform_tests.checks.tables import OUTPUT, make_spec

FIELDS = [
    {"name": "a", "type": "label", "labels": ["x", "y"]},
    {"name": "b", "type": "string", "evidence": True},
]


SURE = {"name": "confidence", "type": "integer", "minimum": 0, "maximum": 100}


def names(**changes: Any) -> list[str]:
    return [check.name for check in check_names(make_spec(**changes))]


BLOCKING = [
    *("row_reconciliation", "not_empty", "one_fingerprint", "answers_belong", "answer_status", "output_contract"),
    *("evidence_in_source", "no_placeholder", "clean_output", "no_injection", "failed_rows"),
]
WARNING = [
    *("baseline_change", "enough_input", "same_text_same_answer", "shadow_model", "same_answer", "label_shift"),
    *("input_shift", "output_shift", "null_rate", "retry_rate", "set_aside_rate", "slow_drift"),
]


def test_names_are_known_in_order_and_what_compares_with_the_past_warns() -> None:
    definitions = check_names(make_spec())
    assert [d.name for d in definitions] == BLOCKING + WARNING
    assert [d.name for d in definitions if d.blocking] == BLOCKING
    assert all(d.description for d in definitions)


def test_every_check_of_the_catalogue_runs_in_some_enrichment_and_has_a_kind() -> None:
    shares = {"reask_share": 0.01, "reorder_share": 0.02, "plant_share": 0.005}
    every = names(output=[*OUTPUT, SURE], checks={"golden": {"path": "g.csv"}} | shares)
    assert set(every) == set(DESCRIPTIONS)
    assert set(WARNINGS) | set(WITH_THRESHOLD) < set(DESCRIPTIONS)
    assert not set(WARNINGS) & set(WITH_THRESHOLD)


@pytest.mark.parametrize(
    ("output", "absent"),
    [
        ([FIELDS[0]], {"evidence_in_source", "no_placeholder", "clean_output", "output_shift", "null_rate"}),
        ([FIELDS[1]], {"same_text_same_answer", "stored_answers", "label_order", "label_shift", "shadow_model"}),
        ([{"name": "a", "type": "boolean"}], {"label_order", "shadow_model", "same_answer"}),
        (
            [{"name": "a", "type": "list", "labels": ["x", "y"]}],
            {"same_text_same_answer", "stored_answers", "label_order", "slow_drift", "same_answer", "shadow_model"},
        ),
    ],
)
def test_a_check_without_a_field_to_look_at_is_left_out(output: list[dict[str, Any]], absent: set[str]) -> None:
    asked = {"checks": {"reask_share": 0.01, "reorder_share": 0.02}}
    assert absent <= set(names(**asked))
    assert not absent & set(names(output=output, **asked))


@pytest.mark.parametrize(
    ("name", "scale", "about"),
    [
        ("confidence", (0, 1), ["category", "refund"]),
        ("confidence_score", (0, 100), ["category", "refund"]),
        ("category_confidence", (0, 1), ["category"]),
        ("vendor_certainty", (0, 100), ["vendor"]),
        ("confidence", (0, 10), None),
        ("confidence", (None, None), None),
        ("risk_score", (0, 1), None),
        ("confidential", (0, 1), None),
    ],
)
def test_a_confidence_is_known_by_its_name_and_scale_and_is_about_what_stands_before_it(
    name: str, scale: tuple[int | None, int | None], about: list[str] | None
) -> None:
    sure = {"name": name, "type": "number", "minimum": scale[0], "maximum": scale[1]}
    spec = make_spec(output=[*OUTPUT, sure], checks={"golden": {"path": "g.csv"}})
    found = confidence_fields(spec)
    assert {key: [field.name for field in fields] for key, fields in found.items()} == ({name: about} if about else {})
    assert ("calibration" in {check.name for check in check_names(spec)}) is bool(about)


def test_controls_that_nobody_asks_for_are_not_checked() -> None:
    assert not {"canary_accuracy", "stored_answers", "label_order"} & set(names())
    assert "canary_accuracy" in names(checks={"golden": {"path": "g.csv"}})


@pytest.mark.parametrize("severity", ["off", "warn", "block"])
@pytest.mark.parametrize("check", WARNINGS)
def test_a_severity_is_that_of_its_check_alone(check: str, severity: str) -> None:
    asked = {"reask_share": 0.01, "reorder_share": 0.02, "plant_share": 0.005, "golden": {"path": "g.csv"}}
    output = [*OUTPUT, SURE]
    usual = {d.name: d.blocking for d in check_names(make_spec(output=output, checks=asked))}
    spec = make_spec(output=output, checks=asked | {"severity": {check: severity}})
    assert check_setting_problems(spec) == []
    changed = {} if severity == "off" else {check: severity == "block"}
    rest = {name: blocking for name, blocking in usual.items() if name != check}
    assert {d.name: d.blocking for d in check_names(spec)} == rest | changed


@pytest.mark.parametrize("check", ["output_contract", "canary_accuracy", "nonsense"])
def test_what_must_never_happen_cannot_be_switched_off(check: str) -> None:
    spec = make_spec(checks={"severity": {check: "off"}})
    told = "there is no such check" if check == "nonsense" else "this check always blocks"
    assert [told in problem for problem in check_setting_problems(spec)] == [True]


@pytest.mark.parametrize("check", JUDGED_TEXT)
def test_a_check_that_judges_wording_may_name_rows_and_publish_them_or_be_left_out(check: str) -> None:
    kinds = {d.name: d.blocking for d in check_names(make_spec(checks={"severity": {check: "warn"}}))}
    assert kinds[check] is False
    assert check in acceptable(make_spec(checks={"severity": {check: "warn"}}))
    off = make_spec(checks={"severity": {check: "off"}})
    assert check_setting_problems(off) == []
    assert check not in {d.name for d in check_names(off)}


def test_a_bare_off_of_yaml_is_off() -> None:
    checks = yaml.safe_load("severity: {label_shift: off, no_injection: off}")
    assert make_spec(checks=checks).checks.severity == {"label_shift": "off", "no_injection": "off"}


OWN_ROWS = {"name": "amount_is_paid", "sql": "amount > 0"}
OWN_RATE = {"name": "refunds", "rate": "refund", "max_shift": 0.1, "severity": "warn"}


def test_checks_of_ones_own_have_their_place_severity_and_limit() -> None:
    spec = make_spec(checks={"custom": [OWN_RATE, OWN_ROWS | {"max_failed_share": 0.2}], "max_failed_share": 0.01})
    found = {d.name: d for d in check_names(spec)}
    order = list(found)
    assert order.index("amount_is_paid") == order.index("failed_rows") - 1
    assert order[-1] == "refunds"
    assert (found["amount_is_paid"].blocking, found["refunds"].blocking) == (True, False)
    assert found["refunds"].description == "checks.custom: refund"
    assert (threshold(spec, "amount_is_paid"), threshold(spec, "no_placeholder")) == (0.2, 0.01)
    assert "amount_is_paid" in with_threshold(spec)
    assert "refunds" not in with_threshold(spec)


def test_what_must_never_happen_cannot_be_accepted() -> None:
    spec = make_spec(checks={"custom": [OWN_ROWS, OWN_RATE]})
    assert {*WARNINGS, "refunds", "canary_accuracy"} <= acceptable(spec)
    assert not {"amount_is_paid", "row_reconciliation", "answers_belong", *WITH_THRESHOLD} & acceptable(spec)


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        ({"evidence_in_source": 0.02, "failed_rows": 0.1}, []),
        ({"evidence": 0.02}, ["no such check"]),
        ({"row_reconciliation": 0.1}, ["allows no failing row"]),
        ({"no_placeholder": 1.5}, ["not a share"]),
        ({"no_placeholder": float("nan")}, ["not a share"]),
    ],
)
def test_thresholds_of_unknown_checks_are_problems(thresholds: dict[str, float], words: list[str]) -> None:
    problems = check_setting_problems(make_spec(checks={"thresholds": thresholds}))
    assert len(problems) == len(words)
    assert all(word in problem for word, problem in zip(words, problems, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        {"output": [FIELDS[0], FIELDS[1] | {"max_length": 10}]},
        {"output": [FIELDS[0] | {"labels": ["x", "y", "z"]}, FIELDS[1]]},
        {"checks": {"max_failed_share": 0.1}},
        {"checks": {"thresholds": {"no_placeholder": 0.0}}},
        {"checks": {"allow_empty": True}},
        {"prompt": {"columns": ["subject"]}},
        {"prompt": {"columns": ["subject", "body"], "system": "Antworte auf Deutsch."}},
        {"prompt": {"columns": ["subject", "body"], "template": "<text>{{ body }}</text>"}},
        {"output": [FIELDS[0] | {"labels": ["y", "x"]}, FIELDS[1]]},
        {"partitions": {"type": "hourly", "start": "2026-01-01-00:00"}},
        {"checks": {"severity": {"label_shift": "block"}}},
        {"checks": {"severity": {"label_shift": "off"}}},
        {"checks": {"mixed_models": "block"}},
        {"checks": {"golden": {"path": "g.csv"}}},
        {"checks": {"reask_share": 0.05}},
        {"checks": {"reorder_share": 0.05}},
        {"checks": {"custom": [OWN_ROWS]}},
        {"checks": {"custom": [OWN_RATE]}},
    ],
)
def test_the_version_changes_with_what_can_change_a_verdict(change: dict[str, Any]) -> None:
    assert suite_version(make_spec(output=FIELDS)) != suite_version(make_spec(**({"output": FIELDS} | change)))


@pytest.mark.parametrize(
    "change",
    [
        {"description": "another"},
        {"model": "other_pool"},
        {"checks": {"preview_rows": 3}},
        {"output": [FIELDS[0] | {"labels": {"x": "eks", "y": "why"}}, FIELDS[1]]},
        {"checks": {"severity": {"label_shift": "warn"}}},
        {"checks": {"thresholds": {"no_placeholder": 0.05}}},
    ],
)
def test_the_version_stays_with_everything_else(change: dict[str, Any]) -> None:
    assert suite_version(make_spec(output=FIELDS)) == suite_version(make_spec(**({"output": FIELDS} | change)))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"golden": {"path": "g.csv"}}, {"golden": {"path": "elsewhere.csv"}}, True),
        ({"golden": {"path": "g.csv"}}, {"golden": {"path": "g.csv", "canaries": 30}}, False),
        ({"custom": [OWN_ROWS]}, {"custom": [OWN_ROWS | {"description": "money"}]}, True),
        ({"custom": [OWN_ROWS]}, {"custom": [OWN_ROWS | {"max_failed_share": 0.05}]}, True),
        ({"custom": [OWN_ROWS]}, {"custom": [OWN_ROWS | {"max_failed_share": 0.06}]}, False),
        ({"custom": [OWN_ROWS]}, {"custom": [OWN_ROWS | {"severity": "warn"}]}, False),
        ({"custom": [OWN_ROWS]}, {"custom": [OWN_ROWS | {"sql": "amount > 1"}]}, False),
        ({"custom": [OWN_RATE]}, {"custom": [OWN_RATE | {"max_shift": 0.2}]}, False),
        ({"custom": [OWN_RATE]}, {"custom": [OWN_RATE | {"minimum": 0.2}]}, False),
    ],
)
def test_the_version_changes_with_the_rules_of_a_check_and_not_with_words_about_it(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    assert (suite_version(make_spec(checks=one)) == suite_version(make_spec(checks=other))) is same
