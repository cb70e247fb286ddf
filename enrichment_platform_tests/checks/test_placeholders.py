"""Placeholders: values that stand for no value are found, real ones and labels are left alone."""

from __future__ import annotations

import polars as pl
import pytest

from enrichment_platform_tests.checks.tables import LABELS, make_partition, make_spec, result, run, with_value

CLEAN = make_partition(100)
ID = ("t000011",)
LETTERS = ["I'm sorry to hear that your lamp broke", "We are sorry for the delay", "Here is the News Ltd", "Sure Start"]


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
        "?",
        "--",
        "…",
        "TBD",
        "T.B.D.",
        "see above",
        "None provided",
        "not stated in the text",
        "Not specified in the provided document.",
        "cannot be determined from the text",
        "no information available",
        "[name]",
        "[vendor]",
        "(none)",
        "{value}",
        "<value>",
        "unbekannt",
        "k. A.",
        "non spécifié",
        "no especificado",
        "не указано",
        "不明",
        "无",
        "the vendor",
        "vendor name",
        "No vendor mentioned",
        "The vendor is not specified in the provided text.",
        "The text does not mention a vendor.",
        '{"vendor": "Globex"}',
        '"type": "string"',
        "str | null",
        "string (max 200 characters)",
        "Optional[str]",
        "[object Object]",
    ],
)
def test_a_placeholder_is_found(value: str) -> None:
    assert found(vendor=value) == ID


@pytest.mark.parametrize(
    "value",
    [
        *(
            "Nathan",
            "Nonesuch Ltd",
            "String Theory Inc",
            "A < B",
            "Unknown Worlds",
            "3M",
            "株式会社",
            "Test",
            "Example Corp",
        ),
        *("[Sic] Ltd", "Given & Sons", "Not Just Lamps", "None Better Ltd", "Noname AG", "Value Foods", "__init__"),
        *("Optional Extras", "Float On Spa", "Missing Link Cycles", "不明堂", "Empty Nest", "unavailable seats Ltd"),
    ],
)
def test_a_real_value_is_left_alone(value: str) -> None:
    assert found(vendor=value) == ()


def found_in(body: str, value: str, name: str) -> tuple[str, ...]:
    """The rows that are found where row 11 has this text, and this value in a field of this name."""
    spec = make_spec(output=[{"name": name, "type": "string"}])
    staged = CLEAN.staged.with_columns(pl.lit("Globex").alias(name))
    staged = with_value(staged, 11, **{name: value})
    verdict = run(CLEAN, spec, cleaned=with_value(CLEAN.cleaned, 11, body=body), staged=staged)
    return result(verdict, "no_placeholder").row_ids


@pytest.mark.parametrize(
    ("body", "value", "name"),
    [
        ("The G string of my guitar broke", "string", "part"),
        ("The G STRING.", "String", "part"),
        ("Mr. Null called", "Null", "caller"),
        ("It says undefined on the screen", "undefined", "shown"),
        ("Please send a sample text", "sample text", "wanted"),
        ("My TODO list is gone", "todo", "topic"),
        ("我的string断了", "string", "part"),
        ("Your Product is called so", "Product", "product"),
        ("Your Product is called so", '"Product"', "product"),
        ("———. The Trial. New York, 1984.", "———.", "author"),
    ],
)
def test_a_word_that_stands_in_the_rows_text_may_be_a_value(body: str, value: str, name: str) -> None:
    assert found_in(body, value, name) == ()
    assert found_in("Hello there", value, name) == ID


@pytest.mark.parametrize(
    ("body", "value", "name"),
    [
        ("The strings of my guitar broke", "string", "part"),
        ("Nullified", "null", "caller"),
        ("Products are late", "product", "product"),
        ("Product: a lamp", "Product", "product"),
        ("Product: a lamp", "Product:", "product"),
        ("Your product is late", "[product]", "product"),
        ("The maker is unknown", "unknown", "maker"),
        ("Maker: N/A", "N/A", "maker"),
        ("The price was not given", "not given", "maker"),
        ("The venue is TBD", "TBD", "venue"),
        ("Well... I do not know - help", "...", "vendor"),
        ("Well... I do not know - help", "-", "vendor"),
    ],
)
def test_a_part_of_a_word_or_the_name_of_a_line_or_what_says_no_value_is_none(body: str, value: str, name: str) -> None:
    assert found_in(body, value, name) == ID


def test_labels_are_exempt() -> None:
    output = [
        {"name": "sort", "type": "label", "labels": ["unknown", *LABELS]},
        {"name": "vendor", "type": "string"},
    ]
    staged = CLEAN.staged.rename({"category": "sort"})
    staged = with_value(staged, 11, sort="unknown")
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
        "I'm sorry.",
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "Je suis désolé, je ne peux pas répondre.",
        "Lo siento, no puedo ayudar con eso.",
        "Sure! Here's the answer:",
        "Here is the summary:",
        "Certainly! The vendor is Globex",
        "Please provide the text you would like me to summarise.",
        "It appears that no text was provided.",
        "Error: rate limit exceeded",
        "502 Bad Gateway",
        "Traceback (most recent call last):",
    ],
)
def test_a_refusal_is_no_value(value: str) -> None:
    verdict = run(CLEAN, staged=with_value(CLEAN.staged, 5, vendor=value))
    assert result(verdict, "no_placeholder").row_ids == (CLEAN.staged["row_id"][5],)


@pytest.mark.parametrize("value", ["Sorry Cupcake Ltd", "I Can Bikes", "Apologia Books", "Cannot Wait Tours", *LETTERS])
def test_a_name_that_begins_like_a_refusal_is_a_value(value: str) -> None:
    assert result(run(CLEAN, staged=with_value(CLEAN.staged, 5, vendor=value)), "no_placeholder").failed_rows == 0
