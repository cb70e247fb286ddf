"""What is known before any data: names, limits, and a version that changes with what can change a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from enrichment_platform.checks import check_names, check_setting_problems, suite_version
from enrichment_platform_tests.checks.tables import make_spec

FIELDS = [
    {"name": "a", "type": "label", "labels": ["x", "y"]},
    {"name": "b", "type": "string", "evidence": True},
]


def test_names_are_known_and_all_block() -> None:
    definitions = check_names(make_spec())
    assert [d.name for d in definitions] == [
        *("row_reconciliation", "not_empty", "one_fingerprint", "answer_status", "output_contract"),
        *("evidence_in_source", "no_placeholder", "failed_rows"),
    ]
    assert all(d.blocking and d.description for d in definitions)


def test_a_check_without_a_field_to_look_at_is_left_out() -> None:
    names = {d.name for d in check_names(make_spec(output=[FIELDS[0]]))}
    assert not names & {"evidence_in_source", "no_placeholder"}


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
        {"output": [FIELDS[0] | {"labels": {"y": "why", "x": "eks"}}, FIELDS[1]]},
    ],
)
def test_the_version_stays_with_everything_else(change: dict[str, Any]) -> None:
    assert suite_version(make_spec(output=FIELDS)) == suite_version(make_spec(**({"output": FIELDS} | change)))
