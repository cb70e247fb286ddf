"""Placeholders: values that stand for no value are found, real ones and labels are left alone."""

from __future__ import annotations

import pytest

from enrichment_platform_tests.checks.tables import LABELS, make_partition, make_spec, result, run, with_value

CLEAN = make_partition(100)
ID = ("t000011",)


def found(**values: object) -> tuple[str, ...]:
    return result(run(CLEAN, staged=with_value(CLEAN.staged, 11, **values)), "no_placeholder").row_ids


@pytest.mark.parametrize(
    "value",
    [
        "N/A",
        " n/a. ",
        "NA",
        "None",
        "null",
        "UNKNOWN",
        "string",
        "Not specified",
        "not_mentioned",
        "<vendor>",
        "TODO",
        "Lorem ipsum dolor",
        "lorem",
        "your name",
        "[your name]",
        "{{ vendor }}",
        "-",
        "...",
        "xxx",
        "vendor",
        "Vendor:",
        "Name of  the seller",
    ],
)
def test_a_placeholder_is_found(value: str) -> None:
    assert found(vendor=value) == ID


@pytest.mark.parametrize(
    "value", ["Nathan", "Nonesuch Ltd", "String Theory Inc", "A < B", "Unknown Worlds", "3M", "株式会社"]
)
def test_a_real_value_is_left_alone(value: str) -> None:
    assert found(vendor=value) == ()


def test_labels_are_exempt() -> None:
    output = [
        {"name": "kind", "type": "label", "labels": ["unknown", *LABELS]},
        {"name": "vendor", "type": "string"},
    ]
    staged = CLEAN.staged.rename({"category": "kind"})
    staged = with_value(staged, 11, kind="unknown")
    assert result(run(CLEAN, make_spec(output=output), staged=staged), "no_placeholder").failed_rows == 0


def test_an_example_that_is_in_the_row_is_no_copy() -> None:
    assert found(vendor="Acme Gadgets") == ID
    cleaned = with_value(CLEAN.cleaned, 11, subject="From ACME  Gadgets")
    verdict = run(CLEAN, cleaned=cleaned, staged=with_value(CLEAN.staged, 11, vendor="Acme Gadgets"))
    assert result(verdict, "no_placeholder").row_ids == ()


def test_an_example_that_maps_a_spelling_to_a_name_may_be_answered_again() -> None:
    prompt = {
        "columns": ["subject", "body"],
        "examples": [{"input": {"subject": "I.B.M."}, "output": {"vendor": "International Business Machines"}}],
    }
    staged = with_value(CLEAN.staged, 11, vendor="International Business Machines")
    assert result(run(CLEAN, make_spec(prompt=prompt), staged=staged), "no_placeholder").row_ids == ()


def test_items_of_open_lists_are_looked_at() -> None:
    spec = make_spec(output=[{"name": "topics", "type": "list"}])
    staged = with_value(CLEAN.staged, 11, topics=["late", "n/a"])
    assert result(run(CLEAN, spec, staged=staged), "no_placeholder").row_ids == ID


@pytest.mark.parametrize(
    "value",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot determine the vendor from this text",
        "As an AI language model, I do not have access to that",
        "Sorry, but the vendor is missing",
        "Unable to determine the vendor",
        "We are unable to process this request.",
    ],
)
def test_a_refusal_is_no_value(value: str) -> None:
    verdict = run(CLEAN, staged=with_value(CLEAN.staged, 5, vendor=value))
    assert result(verdict, "no_placeholder").row_ids == (CLEAN.staged["row_id"][5],)


@pytest.mark.parametrize("value", ["Sorry Cupcake Ltd", "I Can Bikes", "Apologia Books", "Cannot Wait Tours"])
def test_a_name_that_begins_like_a_refusal_is_a_value(value: str) -> None:
    assert result(run(CLEAN, staged=with_value(CLEAN.staged, 5, vendor=value)), "no_placeholder").failed_rows == 0
