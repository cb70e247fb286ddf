"""Fault generators: exactly the rows that were asked for are faulty, as they were asked for, and no schema tells."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.faults import (
    FAULTS,
    Answered,
    FaultNotPossibleError,
    Injected,
    decay_schedule,
    faulty_rows,
    inject,
    newly_wrong,
    why_not,
)
from enrichment_platform.inference.answer_schema import json_schema, read_answer
from enrichment_platform.spec import EnrichmentSpec, OutputField
from enrichment_platform_tests.checks.tables import LABELS, make_spec

PROVIDER = [name for name, fault in FAULTS.items() if fault.make is not None]
WORDS = ["parcel", "late", "refund", "broken", "angry", "thanks", "café", "order", "shop", "weeks"]
TYPES = ["label", "string", "number", "integer", "date", "boolean", "list"]


def every_type() -> EnrichmentSpec:
    """An enrichment that can have every fault."""
    output = [field.model_dump() for field in make_spec().output]
    return make_spec(output=[*output, {"name": "confidence", "type": "number", "minimum": 0, "maximum": 1}])


def value_of(field: OutputField, rng: random.Random, text: list[str]) -> Any:
    """A good value, which the text of the row then has."""
    if not field.required and rng.random() < 0.2:
        return None
    match field.type:
        case "label":
            return rng.choice(list(field.labels))
        case "boolean":
            return rng.random() < 0.5
        case "list":
            return rng.sample(list(field.labels or WORDS), 1)
        case "string":
            value: Any = f"AB-{rng.randrange(10**4, 10**6)}" if field.pattern else f"{rng.choice(WORDS)} {len(text)}x"
        case "number":
            value = round(rng.uniform(field.minimum or 0, min(field.maximum or 1e6, 1e6)), 2)
        case "integer":
            value = rng.randint(int(field.minimum or 0), int(field.maximum or 10**6))
        case _:
            value = (date(2024, 1, 1) + timedelta(days=rng.randrange(700))).isoformat()
    text.append(str(value))
    return value


def make_answers(spec: EnrichmentSpec, rows: int, seed: int = 0) -> list[Answered]:
    """Good answers, whose evidence is in the text."""
    rng = random.Random(seed)
    made = []
    for n in range(rows):
        text = [rng.choice(WORDS) for _ in range(12)]
        values: dict[str, Any] = {}
        for field in spec.output:
            values[field.name] = value_of(field, rng, text)
            if field.evidence:
                missing = values[field.name] is None
                quoted = str(values[field.name]) if str(values[field.name]) in text else text[0]
                values[field.evidence_column] = None if missing else quoted
        body = " ".join(text) if n % 10 else "the same words twice"
        made.append(Answered(f"r{n}", body, {"subject": "Hi", "body": body}, json.dumps(values), model="m-1"))
    return made


@cache
def good(rows: int = 300) -> list[Answered]:
    return make_answers(every_type(), rows)


def changed(before: list[Answered], after: Injected) -> list[tuple[Answered, Answered]]:
    """Good and faulty answers of the rows that are not as they were."""
    return [(old, new) for old, new in zip(before, after.answers, strict=True) if old != new]


def assert_holds(name: str, before: list[Answered], after: Injected, spec: EnrichmentSpec, wanted: int) -> None:
    pairs = changed(before, after)
    assert len(pairs) == wanted == len(after.faulty_ids)
    assert {old.row_id for old, _ in pairs} == after.faulty_ids
    assert [one.row_id for one in after.answers] == [one.row_id for one in before]
    fault, schema = FAULTS[name], json_schema(spec.output)
    for old, new in pairs:
        if fault.in_schema:
            jsonschema.validate(json.loads(new.text), schema)
            read_answer(new.text, spec.output)
            if fault.changes_values:
                assert json.loads(new.text) != json.loads(old.text)
        elif fault.changes_values:
            assert new.text != old.text


@st.composite
def specs(draw: st.DrawFn) -> EnrichmentSpec:
    output = []
    for n, kind in enumerate(draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=5))):
        field: dict[str, Any] = {"name": f"{kind}_{n}", "type": kind}
        field["required"] = draw(st.booleans())
        field["evidence"] = draw(st.booleans())
        field["description"] = draw(st.sampled_from(["", "what it is about"]))
        if kind == "label" or (kind == "list" and draw(st.booleans())):
            field["labels"] = draw(st.sampled_from([["a", "b"], LABELS, [f"label {m}" for m in range(20)]]))
        if kind in ("number", "integer") and draw(st.booleans()):
            field |= {"minimum": 1, "maximum": 50}
        if kind == "string" and draw(st.booleans()):
            field["pattern"] = r"[A-Z]{2}-\d+"
        if kind == "string":
            field["max_length"] = draw(st.sampled_from([12, 200]))
        output.append(field)
    prompt = {"columns": ["subject", "body"]}
    return make_spec(output=output, prompt=prompt)


@pytest.mark.parametrize("name", PROVIDER)
@settings(max_examples=12)
@given(
    spec=specs(),
    rows=st.integers(1, 60),
    share=st.sampled_from([0.005, 0.05, 0.2, 0.6]),
    seed=st.integers(0, 99),
    arrangement=st.sampled_from(["scattered", "contiguous"]),
)
def test_so_many_rows_are_faulty_and_the_others_as_they_were(
    name: str, spec: EnrichmentSpec, rows: int, share: float, seed: int, arrangement: Any
) -> None:
    before = make_answers(spec, rows, seed)
    try:
        after = inject(name, before, spec, share, seed, arrangement)
    except FaultNotPossibleError as error:
        impossible = error
    else:
        assert not why_not(name, spec)
        assert_holds(name, before, after, spec, faulty_rows(share, rows))
        return
    assert impossible.possible < impossible.wanted == faulty_rows(share, rows)


@pytest.mark.parametrize("name", PROVIDER)
@pytest.mark.parametrize("arrangement", ["scattered", "contiguous"])
def test_an_enrichment_with_every_type_can_have_every_fault(name: str, arrangement: Any) -> None:
    share = 0.05
    after = inject(name, good(), every_type(), share, 3, arrangement)
    assert_holds(name, good(), after, every_type(), 15)
    again = inject(name, good(), every_type(), share, 3, arrangement)
    assert again == after
    assert inject(name, good(), every_type(), share, 4, arrangement) != after


@pytest.mark.parametrize("name", PROVIDER)
def test_one_row_can_be_faulty_alone(name: str) -> None:
    after = inject(name, good(), every_type(), 0.0005, 1)
    assert_holds(name, good(), after, every_type(), 1)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("majority_collapse", {"name": "vendor", "type": "string"}),
        ("placeholder", {"name": "code", "type": "string", "pattern": "[A-Z]+"}),
        ("ungrounded", {"name": "vendor", "type": "string"}),
        ("numeric_slip", {"name": "amount", "type": "number"}),
        ("nulls", {"name": "vendor", "type": "string"}),
        ("over_confidence", {"name": "sort", "type": "label", "labels": ["a", "b"]}),
        ("example_echo", {"name": "sort", "type": "label", "labels": ["a", "b"]}),
    ],
)
def test_a_fault_that_an_enrichment_cannot_have_is_refused_with_the_reason(name: str, output: dict[str, Any]) -> None:
    spec = make_spec(output=[output], prompt={"columns": ["subject", "body"]})
    assert why_not(name, spec).startswith("it needs ")
    with pytest.raises(FaultNotPossibleError, match="it needs"):
        inject(name, make_answers(spec, 20), spec, 0.1, 0)


def test_a_slip_is_another_number_and_never_the_same_one_written_otherwise() -> None:
    spec = make_spec(output=[{"name": "amount", "type": "number", "evidence": True}])
    text = "I paid {$300.00} for it"
    values = {"amount": 300.0, "amount_evidence": "I paid {$300.00}"}
    answers = [Answered(f"r{n}", text, {"subject": "", "body": text}, json.dumps(values)) for n in range(200)]
    after = inject("numeric_slip", answers, spec, 1.0, 3)
    assert all(json.loads(one.text)["amount"] != 300 for one in after.answers)


def test_too_few_rows_are_refused_with_how_many_there_are() -> None:
    spec = make_spec(output=[{"name": "sort", "type": "label", "labels": ["a", "b"]}], prompt={"columns": ["body"]})
    answers = [Answered(f"r{n}", "text", {"body": "text"}, '{"sort": "a"}') for n in range(9)]
    answers.append(Answered("r9", "text", {"body": "text"}, '{"sort": "b"}'))
    with pytest.raises(FaultNotPossibleError) as caught:
        inject("majority_collapse", answers, spec, 0.2, 0)
    assert (caught.value.possible, caught.value.wanted) == (1, 2)


def test_rows_without_a_good_answer_stay_as_they_are() -> None:
    spec = every_type()
    bad = [Answered("x1", "t", {}, ""), Answered("x2", "t", {}, "{"), Answered("x3", "t", {}, good()[0].text, "length")]
    after = inject("degraded_model", [*bad, *good(40)], spec, 40 / 43, 0)
    assert after.answers[:3] == bad
    assert len(after.faulty_ids) == 40


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share is"):
        inject("lost", good(), every_type(), share, 0)


def test_a_block_is_contiguous_where_every_row_can_have_the_fault() -> None:
    after = inject("lost", good(), every_type(), 0.1, 5, "contiguous")
    places = [n for n, one in enumerate(after.answers) if one.row_id in after.faulty_ids]
    assert places == list(range(places[0], places[0] + 30))


def labels_of(answers: list[Answered]) -> Counter[str]:
    return Counter(json.loads(one.text)["category"] for one in answers)


def test_collapse_adds_to_one_label_what_it_takes_from_the_others() -> None:
    majority = labels_of(good()).most_common(1)[0][0]
    after = inject("majority_collapse", good(), every_type(), 0.2, 0)
    assert labels_of(after.answers)[majority] == labels_of(good())[majority] + 60
    first = inject("first_label_collapse", good(), every_type(), 0.2, 0)
    assert labels_of(first.answers)[LABELS[0]] == labels_of(good())[LABELS[0]] + 60


def test_exchanged_answers_are_the_same_answers() -> None:
    after = inject("row_swap", good(), every_type(), 0.2, 0)
    assert Counter(one.text for one in after.answers) == Counter(one.text for one in good())


def test_permuted_labels_map_one_to_one() -> None:
    after = inject("label_permutation", good(), every_type(), 0.2, 0)
    moved = {
        (json.loads(old.text)["category"], json.loads(new.text)["category"]) for old, new in changed(good(), after)
    }
    assert len(moved) == len({old for old, _ in moved}) == len({new for _, new in moved}) >= 2


def test_an_injection_stands_in_the_rows_text_and_in_its_column() -> None:
    for name in ("injection_obeyed", "injection_ignored"):
        after = inject(name, good(), every_type(), 0.05, 0)
        for old, new in changed(good(), after):
            assert len(new.source_text) > len(old.source_text)
            assert new.columns["body"] == new.source_text
            assert (new.text == old.text) == (name == "injection_ignored")


def test_invented_values_are_not_in_the_rows_text() -> None:
    for name in ("ungrounded", "placeholder", "schema_echo", "example_echo", "refusal_in_field", "encoding"):
        for old, new in changed(good(), inject(name, good(), every_type(), 0.1, 0)):
            before, after = json.loads(old.text), json.loads(new.text)
            new_values = [after[column] for column in after if after[column] != before[column]]
            assert new_values
            for value in new_values:
                assert str(value).casefold() not in old.source_text.casefold()


def test_texts_that_come_twice_get_another_label_and_one_keeps_its_own() -> None:
    after = inject("same_text_other_label", good(), every_type(), 0.05, 0)
    assert all(old.source_text == "the same words twice" for old, _ in changed(good(), after))
    kept = [one for one in after.answers if one.source_text == "the same words twice"]
    assert any(one.row_id not in after.faulty_ids for one in kept)


def test_a_table_fault_is_not_injected_at_the_provider() -> None:
    with pytest.raises(ValueError, match="as_table_fault"):
        inject("misaligned", good(), every_type(), 0.1, 0)


def test_a_decay_goes_from_the_first_day_to_the_last_in_equal_steps() -> None:
    days = decay_schedule(90)
    assert (len(days), days[0], round(days[-1], 9)) == (90, 0.92, 0.84)
    assert all(abs((a - b) - 0.08 / 89) < 1e-12 for a, b in pairwise(days))
    assert newly_wrong(0.92, 0.92) == 0
    assert abs(0.92 * (1 - newly_wrong(0.84, 0.92)) - 0.84) < 1e-12
    for wrong in ((1, 0.9, 0.8), (5, 0.8, 0.9), (5, 1.2, 0.9)):
        with pytest.raises(ValueError, match="decay"):
            decay_schedule(*wrong)
