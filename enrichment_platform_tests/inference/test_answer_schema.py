"""The JSON schema of an answer, and that only what it allows is read back, typed, and never quoted in an error."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.inference.answer_schema import (
    MalformedAnswerError,
    json_schema,
    output_types,
    read_answer,
)
from enrichment_platform.spec import OutputField

TYPES = ("label", "string", "number", "integer", "date", "boolean", "list")


def field(kind: str = "string", **settings: Any) -> OutputField:
    labels = {"labels": {"a": "", "b": ""}} if kind == "label" else {}
    return OutputField.model_validate({"name": "value", "type": kind, **labels, **settings})


def answer(value: Any) -> str:
    return orjson.dumps({"value": value}).decode()


text = st.text(st.characters(exclude_categories=["Cs"]))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "label": st.sampled_from(["a", "b"]),
    "string": text,
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "date": st.dates(),
    "boolean": st.booleans(),
    "list": st.lists(text, max_size=5),
}


@pytest.mark.parametrize("kind", TYPES)
@given(data=st.data())
def test_a_value_reads_back_as_it_was_written_and_fits_its_column(kind: str, data: st.DataObject) -> None:
    value = data.draw(VALUES[kind])
    read = read_answer(answer(value), [field(kind)])
    assert read == {"value": value}
    assert type(read["value"]) is type(value)
    assert pl.DataFrame([read], schema=output_types([field(kind)])).to_dicts() == [read]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", TYPES)
@given(value=JSON)
def test_any_json_is_typed_or_refused(kind: str, value: Any) -> None:
    try:
        read = read_answer(answer(value), [field(kind, required=False)])
    except MalformedAnswerError:
        return
    pl.DataFrame([read], schema=output_types([field(kind)]), strict=True)


SECRET = "secret-of-the-row"
WRONG = {
    "label": [1, True, [SECRET], {SECRET: SECRET}],
    "string": [1, 1.5, False, [SECRET], {SECRET: SECRET}],
    "number": [SECRET, "1", True, False, [1]],
    "integer": [SECRET, "1", 1.5, 5.0, True, 2**63, [1]],
    "date": [SECRET, 20240503, "20240503", "2024-W18-5", "2024-02-30", "2024-5-3", "2024-05-03T00:00:00", "", True],
    "boolean": [SECRET, "true", 0, 1],
    "list": [SECRET, [SECRET, 1], [[SECRET]], {SECRET: 1}, [None]],
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in WRONG.items() for value in values])
def test_a_wrong_type_is_refused_by_field_name_without_the_value(kind: str, value: Any) -> None:
    with pytest.raises(MalformedAnswerError, match=rf"^value is not an? {kind}") as caught:
        read_answer(answer(value), [field(kind)])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (f"Sure! {SECRET}", "the answer is not JSON"),
        ("", "the answer is not JSON"),
        (f'{{"value": "{SECRET}"', "the answer is not JSON"),
        (f'{{"value": "{SECRET}\x00"}}', "the answer is not JSON"),
        ('{"value": NaN}', "the answer is not JSON"),
        ('{"value": Infinity}', "the answer is not JSON"),
        ('{"value": 1e999}', "the answer is not JSON"),
        (f'["{SECRET}"]', "the answer is not a JSON object"),
        ("null", "the answer is not a JSON object"),
        (f'{{"other": "{SECRET}"}}', "value is missing"),
        ("[" * 5000, "the answer is not JSON"),
    ],
)
def test_what_is_not_such_an_object_is_refused_without_being_quoted(raw: str, message: str) -> None:
    with pytest.raises(MalformedAnswerError) as caught:
        read_answer(raw, [field("number")])
    assert str(caught.value) == message


def test_an_integer_beyond_64_bits_is_a_number_but_not_an_integer() -> None:
    assert read_answer('{"value": 100000000000000000000}', [field("number")]) == {"value": 1e20}
    with pytest.raises(MalformedAnswerError):
        read_answer('{"value": 100000000000000000000}', [field("integer")])


def test_an_optional_field_may_be_null_or_absent() -> None:
    optional = [field("date", required=False, evidence=True)]
    expected = {"value": None, "value_evidence": None}
    assert read_answer('{"value": null, "value_evidence": null}', optional) == expected
    assert read_answer("{}", optional) == expected


def test_evidence_is_text_or_null() -> None:
    fields = [field("date", evidence=True)]
    read = read_answer('{"value": "2024-05-03", "value_evidence": "3 May"}', fields)
    assert read == {"value": date(2024, 5, 3), "value_evidence": "3 May"}
    with pytest.raises(MalformedAnswerError, match=r"^value_evidence is not a string$"):
        read_answer('{"value": "2024-05-03", "value_evidence": 3}', fields)


def test_fields_that_were_not_asked_for_are_dropped() -> None:
    assert read_answer('{"value": "x", "more": 1}', [field()]) == {"value": "x"}


def test_the_schema_wants_every_field_in_declared_order_each_followed_by_its_evidence() -> None:
    fields = [
        OutputField(name="zeta", type="string", evidence=True),
        OutputField(name="alpha", type="boolean", required=False),
    ]
    schema = json_schema(fields)
    assert list(schema["properties"]) == schema["required"] == ["zeta", "zeta_evidence", "alpha"]
    assert schema["additionalProperties"] is False
    assert list(output_types(fields)) == ["zeta", "zeta_evidence", "alpha"]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (field("label"), {"type": "string", "enum": ["a", "b"]}),
        (field(max_length=9), {"type": "string", "minLength": 1, "maxLength": 9}),
        (field(pattern="[A-Z]+"), {"type": "string", "pattern": "^[A-Z]+$"}),
        (field(pattern="^[A-Z]+$"), {"type": "string", "pattern": "^[A-Z]+$"}),
        (field("date"), {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        (field("number", minimum=0), {"type": "number", "minimum": 0}),
        (field("integer", maximum=5), {"type": "integer", "maximum": 5}),
        (field("boolean"), {"type": "boolean"}),
        (field("boolean", required=False), {"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
        (
            field("list", labels={"a": "", "b": ""}, max_length=2),
            {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 2},
        ),
    ],
)
def test_a_field_becomes_its_json_schema(one: OutputField, expected: dict[str, Any]) -> None:
    assert json_schema([one])["properties"]["value"] == expected


def test_a_pattern_of_alternatives_is_anchored_as_a_whole() -> None:
    pattern = json_schema([field(pattern="cat|dog")])["properties"]["value"]["pattern"]
    assert re.search(pattern, "dog")
    assert not re.search(pattern, "category")
    assert not re.search(pattern, "hotdog")
