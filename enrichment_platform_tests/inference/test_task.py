"""The fingerprint changes with everything that can change an answer, and with nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from enrichment_platform.inference.examples import NearestExamples
from enrichment_platform.inference.task import Task, request_key
from enrichment_platform.spec import EnrichmentSpec, Example

SPEC: dict[str, Any] = {
    "name": "tickets",
    "source": {"path": "tickets.csv", "key": "id", "timestamp": "at"},
    "partitions": {"start": "2026-01-01"},
    "prompt": {
        "columns": ["title", "body"],
        "template": "{{ title }}",
        "system": "Classify.",
        "examples": [{"input": {"title": "t", "body": "b"}, "output": {"topic": "money", "tone": "calm"}}],
    },
    "output": [
        {"name": "topic", "type": "label", "labels": {"money": "", "other": ""}},
        {"name": "tone", "type": "string"},
        {"name": "amount", "type": "number", "required": False},
    ],
}
LABELLED = [
    Example(input={"title": "bill", "body": "pay"}, output={"topic": "money", "tone": "calm"}),
    Example(input={"title": "hello", "body": "there"}, output={"topic": "other", "tone": "calm"}),
]


def task(change: Callable[[dict[str, Any]], object] = lambda _: None, cleaning: str = "c1", **settings: Any) -> Task:
    raw = copy.deepcopy(SPEC)
    change(raw)
    return Task(EnrichmentSpec.model_validate(raw), cleaning, **settings)


def nearest(examples: list[Example] = LABELLED, count: int = 1) -> NearestExamples:
    return NearestExamples(examples, ["title", "body"], count)


BASE = task().fingerprint("model@1")

MATTERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "system": lambda s: s["prompt"].update(system="Classify well."),
    "template": lambda s: s["prompt"].update(template="{{ title }}!"),
    "no template": lambda s: s["prompt"].pop("template"),
    "further column": lambda s: (s["prompt"]["columns"].append("more"), s["prompt"]["examples"].clear()),
    "order of columns": lambda s: s["prompt"]["columns"].reverse(),
    "no examples": lambda s: s["prompt"].pop("examples"),
    "input of an example": lambda s: s["prompt"]["examples"][0]["input"].update(title="u"),
    "output of an example": lambda s: s["prompt"]["examples"][0]["output"].update(tone="angry"),
    "further example": lambda s: s["prompt"]["examples"].append(s["prompt"]["examples"][0]),
    "name of a field": lambda s: s["output"][2].update(name="total"),
    "type of a field": lambda s: s["output"][2].update(type="integer"),
    "order of fields": lambda s: s["output"].reverse(),
    "description of a field": lambda s: s["output"][1].update(description="In one word"),
    "required": lambda s: s["output"][1].update(required=False),
    "evidence": lambda s: s["output"][2].update(evidence=True),
    "pattern": lambda s: s["output"][1].update(pattern="[a-z]+"),
    "longest string": lambda s: s["output"][1].update(max_length=20),
    "minimum": lambda s: s["output"][2].update(minimum=0),
    "maximum": lambda s: s["output"][2].update(maximum=9),
    "further label": lambda s: s["output"][0]["labels"].update(third=""),
    "order of labels": lambda s: s["output"][0].update(labels={"other": "", "money": ""}),
    "meaning of a label": lambda s: s["output"][0]["labels"].update(money="about bills"),
    "temperature": lambda s: s.update(model={"temperature": 0.1}),
    "seed": lambda s: s.update(model={"seed": 1}),
    "output tokens": lambda s: s.update(model={"max_output_tokens": 255}),
}

DOES_NOT_MATTER: dict[str, Callable[[dict[str, Any]], object]] = {
    "name": lambda s: s.update(name="cases"),
    "description": lambda s: s.update(description="Tickets"),
    "owners": lambda s: s.update(owners=["team:support"]),
    "tags": lambda s: s.update(tags={"a": "b"}),
    "schedule": lambda s: s.update(schedule="0 6 * * *"),
    "freshness": lambda s: s.update(freshness={"fail_after_hours": 24}),
    "checks": lambda s: s.update(checks={"max_failed_share": 0.5, "thresholds": {"x": 1}, "preview_rows": 3}),
    "data class": lambda s: s.update(data_class="public"),
    "partitions": lambda s: s.update(partitions={"type": "monthly", "start": "2020-01-01"}),
    "source": lambda s: s["source"].update(path="elsewhere.parquet", columns=["title", "body"]),
    "pool": lambda s: s.update(model="cheap"),
    "path of labelled examples": lambda s: s.update(labelled_examples={"path": "moved.csv"}),
    "space around the system text": lambda s: s["prompt"].update(system=" Classify.\n"),
}


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    assert task().fingerprint("model@1") == BASE
    assert len(BASE) == 32


@pytest.mark.parametrize("what", list(MATTERS))
def test_the_fingerprint_changes_with(what: str) -> None:
    assert task(MATTERS[what]).fingerprint("model@1") != BASE


def test_the_fingerprint_changes_with_the_model_and_the_cleaning_version() -> None:
    assert task().fingerprint("model@2") != BASE
    assert task(cleaning="c2").fingerprint("model@1") != BASE


def test_the_fingerprint_changes_with_the_labelled_examples_and_how_many_are_shown() -> None:
    sets = [None, nearest(), nearest(LABELLED[:1]), nearest(LABELLED[::-1]), nearest(count=2)]
    assert len({task(examples=one).fingerprint("model@1") for one in sets}) == len(sets)
    assert task(examples=nearest()).fingerprint("model@1") == task(examples=nearest()).fingerprint("model@1")


def test_no_two_of_these_changes_share_a_fingerprint() -> None:
    assert len({task(change).fingerprint("model@1") for change in MATTERS.values()}) == len(MATTERS)


@pytest.mark.parametrize("what", list(DOES_NOT_MATTER))
def test_the_fingerprint_does_not_change_with(what: str) -> None:
    assert task(DOES_NOT_MATTER[what]).fingerprint("model@1") == BASE


def row(**changes: Any) -> dict[str, Any]:
    return {"row_id": "1", "title": "a bill", "body": "b", **changes}


def test_the_key_of_a_request_depends_on_what_is_sent_and_on_the_fingerprint() -> None:
    one = task()
    key = request_key(BASE, one.question(row()))
    assert key == request_key(BASE, one.question(row()))
    assert key != request_key(BASE, one.question(row(title="another bill")))
    assert key != request_key("0" * 32, one.question(row()))


def test_rows_that_ask_the_same_share_a_key() -> None:
    one = task()
    key = request_key(BASE, one.question(row()))
    assert key == request_key(BASE, one.question(row(row_id="2")))
    assert key == request_key(BASE, one.question(row(body="not in the template", extra="not declared")))


def test_rows_with_the_same_message_but_other_nearest_examples_do_not_share_a_key() -> None:
    one = task(examples=nearest())
    pays = one.question(row(title="x", body="pay the bill"))
    greets = one.question(row(title="x", body="hello there"))
    assert pays.messages[-1] == greets.messages[-1]
    assert pays.messages != greets.messages
    assert request_key(BASE, pays) != request_key(BASE, greets)


def test_the_nearest_examples_are_sent_before_the_row() -> None:
    question = task(examples=nearest()).question(row())
    assert question.row_id == "1"
    assert [message["content"] for message in question.messages[3:]] == [
        "bill",
        '{"topic":"money","tone":"calm","amount":null}',
        "a bill",
    ]
