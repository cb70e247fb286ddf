"""Labels that are wrong: outside the set, or within it and all alike, exchanged or drawn at random."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from enrichment_platform.checks.fault_answers import Answered, Corrupt, Row, Scene
from enrichment_platform.checks.fault_texts import SYNONYMS, TRANSLATIONS
from enrichment_platform.spec import EnrichmentSpec, OutputField

CONFIDENCE_NAMES = ("confidence", "certainty", "probability", "score")


def closed_fields(spec: EnrichmentSpec) -> list[OutputField]:
    """Labels and lists of labels."""
    return [one for one in spec.output if one.labels]


def confidence_fields(spec: EnrichmentSpec) -> list[OutputField]:
    """Numbers by which the model says how sure it is."""
    return [
        one
        for one in spec.output
        if one.type in ("number", "integer") and any(word in one.name for word in CONFIDENCE_NAMES)
    ]


def out_of_set(scene: Scene) -> Corrupt:
    """A label nearly as the closed set has it: a synonym, another case, a plural, another language."""
    fields = closed_fields(scene.spec)

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        filled = [one for one in fields if row.values.get(one.name)]
        if not filled:
            return None
        one = rng.choice(filled)
        old = row.values[one.name]
        if not isinstance(old, list):
            new = _misspelt(old, one, rng)
            return None if new in one.labels else row.answer({one.name: new})
        items = list(old)
        n = rng.randrange(len(items))
        items[n] = _misspelt(items[n], one, rng)
        return None if items[n] in one.labels else row.answer({one.name: items})

    return corrupt


def majority_collapse(scene: Scene) -> Corrupt:
    """One label field says what most of the partition says."""
    one = scene.rng.choice(scene.fields("label"))
    counted = Counter(row.values[one.name] for row in scene.rows if row.values[one.name] is not None)
    majority = counted.most_common(1)[0][0] if counted else next(iter(one.labels))
    return _constant(one, majority)


def first_label_collapse(scene: Scene) -> Corrupt:
    """One label field says the label that stands first in the prompt."""
    one = scene.rng.choice(scene.fields("label"))
    return _constant(one, next(iter(one.labels)))


def label_permutation(scene: Scene) -> Corrupt:
    """Some labels of one field stand for each other, in a cycle of as few as there are enough rows for."""
    one = scene.rng.choice(scene.fields("label"))
    counted = Counter(row.values[one.name] for row in scene.rows)
    labels = [label for label in one.labels if counted[label]]
    scene.rng.shuffle(labels)
    size = scene.rng.randint(2, max(2, len(labels)))
    while size < len(labels) and sum(counted[label] for label in labels[:size]) < scene.wanted:
        size += 1
    cycle = labels[:size]
    after = dict(zip(cycle, cycle[1:] + cycle[:1], strict=True))

    def corrupt(row: Row, _: random.Random) -> Answered | None:
        label = row.values[one.name]
        return row.answer({one.name: after[label]}) if label in after else None

    return corrupt


def degraded_model(scene: Scene) -> Corrupt:
    """Every label of a row is some other label of the set, at random; booleans are turned round."""
    fields = scene.fields("label", "boolean")

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        return row.answer({one.name: _other(one, row.values[one.name], rng) for one in fields})

    return corrupt


def over_confidence(scene: Scene) -> Corrupt:
    """A wrong label, of which the model is as sure as it can be."""
    labels, sureness = scene.fields("label"), confidence_fields(scene.spec)

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        wrong: dict[str, Any] = {one.name: _other(one, row.values[one.name], rng) for one in labels}
        sure: dict[str, Any] = {one.name: _surest(one) for one in sureness}
        return row.answer(wrong | sure)

    return corrupt


def same_text_other_label(scene: Scene) -> Corrupt:
    """A text that comes more than once has another label here than there."""
    fields = scene.fields("label")
    texts = Counter(row.source for row in scene.rows)
    changed: Counter[str] = Counter()

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        # One of the twins stays right, or they would agree again.
        if changed[row.source] + 1 >= texts[row.source]:
            return None
        changed[row.source] += 1
        one = rng.choice(fields)
        return row.answer({one.name: _other(one, row.values[one.name], rng)})

    return corrupt


def _constant(one: OutputField, label: str) -> Corrupt:
    def corrupt(row: Row, _: random.Random) -> Answered | None:
        return None if row.values[one.name] == label else row.answer({one.name: label})

    return corrupt


def _other(one: OutputField, value: Any, rng: random.Random) -> Any:
    if one.type == "boolean":
        return not value
    return rng.choice([label for label in one.labels if label != value])


def _surest(one: OutputField) -> float | int:
    top = one.maximum if one.maximum is not None else 1.0
    return int(top) if one.type == "integer" else round(top * 0.99, 4)


def _misspelt(label: str, one: OutputField, rng: random.Random) -> str:
    key = label.casefold()
    forms = [
        label.upper(),
        label.lower(),
        label.title(),
        label.swapcase(),
        f"{label}s",
        f"{label}.",
        f"{label}:",
        f" {label}",
        f"{label} ",
        f'"{label}"',
        label.replace("_", " "),
        label.replace(" ", "_"),
        f"{list(one.labels).index(label) + 1}. {label}" if label in one.labels else f"1. {label}",
        *SYNONYMS.get(key, ()),
        *TRANSLATIONS.get(key, ()),
        *([one.labels[label]] if one.labels.get(label) else []),
    ]
    return rng.choice([form for form in forms if form != label])
