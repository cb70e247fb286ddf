"""Answers that were cut, refused, kept too long, given to another row or to another's order."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

from enrichment_platform.checks.fault_answers import Answered, Corrupt, Row, Scene
from enrichment_platform.checks.fault_texts import INSTRUCTIONS, REFUSALS, ZERO_WIDTH
from enrichment_platform.spec import OutputField

HEAD = 0.2  # share of the text that the model saw, where its tail was dropped
STOCK = 3  # rows that share one stale answer, on average


def lost(_: Scene) -> Corrupt:
    """Nothing came back."""
    return lambda row, _rng: replace(row.good, text="")


def truncated(_: Scene) -> Corrupt:
    """The JSON ends in the middle, and the provider says so."""

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        text = row.good.text
        return replace(row.good, text=text[: rng.randrange(1, len(text))], finish_reason="length")

    return corrupt


def truncated_repaired(scene: Scene) -> Corrupt:
    """The JSON was cut and made whole again: what came last is null, shorter or as it was, and the reason tells."""

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        after = scene.spec.output[rng.randrange(len(scene.spec.output)) :]
        changes: dict[str, Any] = {}
        for one in after:
            if not one.required:
                changes[one.name] = None
                if one.evidence:
                    changes[one.evidence_column] = None
        return replace(row.answer(changes), finish_reason="length")

    return corrupt


def refusal(_: Scene) -> Corrupt:
    """Prose instead of JSON, as where nothing constrains the answer."""

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        return replace(row.good, text=rng.choice(REFUSALS), finish_reason=rng.choice(("stop", "content_filter")))

    return corrupt


def mixed_versions(_: Scene) -> Corrupt:
    """Another served model answered, and its answer is as good."""
    return lambda row, _rng: replace(row.good, model=f"{row.good.model or 'model'}-2026-08-06")


def retries_hidden(_: Scene) -> Corrupt:
    """The answer came at the second or third attempt."""
    return lambda row, rng: replace(row.good, attempts=row.good.attempts + rng.choice((1, 2)))


def stale_cache(scene: Scene) -> Corrupt:
    """Answers of other texts, a few of them given again and again."""
    stock = scene.rng.sample(scene.rows, min(len(scene.rows), max(2, scene.wanted // STOCK)))

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        others = [one for one in rng.sample(stock, min(len(stock), 8)) if one.values != row.values]
        return replace(row.good, text=others[0].good.text) if others else None

    return corrupt


def row_swap(scene: Scene) -> Corrupt:
    """Rows exchange their answers; where their number is odd, one gets a copy instead."""
    given = _exchanged(scene)

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        if scene.wanted > 1:
            return replace(row.good, text=given[row.index]) if row.index in given else None
        others = [one for one in rng.sample(scene.rows, min(len(scene.rows), 8)) if one.values != row.values]
        return replace(row.good, text=others[0].good.text) if others else None

    return corrupt


def nulls(scene: Scene) -> Corrupt:
    """One optional field goes null, and its evidence with it."""
    fields = [one for one in scene.spec.output if not one.required]
    filled = {one.name: sum(row.values[one.name] is not None for row in scene.rows) for one in fields}
    enough = [one for one in fields if filled[one.name] >= scene.wanted]
    one = scene.rng.choice(enough or [max(fields, key=lambda other: filled[other.name])])

    def corrupt(row: Row, _: random.Random) -> Answered | None:
        return None if row.values[one.name] is None else row.answer(_nothing(one))

    return corrupt


def tail_dropped(scene: Scene) -> Corrupt:
    """Optional fields whose evidence stands behind the first fifth of the text are null."""
    fields = [one for one in scene.spec.output if one.evidence and not one.required]

    def corrupt(row: Row, _: random.Random) -> Answered | None:
        head = row.source[: int(len(row.source) * HEAD)]
        gone: dict[str, Any] = {}
        for one in fields:
            quote = row.values[one.evidence_column]
            if quote is not None and " ".join(quote.casefold().split()) not in head:
                gone |= _nothing(one)
        return row.answer(gone) if gone else None

    return corrupt


def injection_obeyed(scene: Scene) -> Corrupt:
    """The row's text tells the model what to answer, and the answer is that."""
    return _injected(scene, obeyed=True)


def injection_ignored(scene: Scene) -> Corrupt:
    """The row's text tells the model what to answer, and the answer is the right one all the same."""
    return _injected(scene, obeyed=False)


def instructed_fields(scene_fields: list[OutputField]) -> list[OutputField]:
    """Fields that a text can tell the model to fill: labels, or else booleans, or else strings."""
    for kind in ("label", "boolean", "string"):
        found = [one for one in scene_fields if one.type == kind and one.pattern is None]
        if found:
            return found
    return []


def _injected(scene: Scene, *, obeyed: bool) -> Corrupt:
    fields = instructed_fields(scene.spec.output)

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        one = rng.choice(fields)
        old = row.values[one.name]
        if one.type == "label":
            wanted: Any = rng.choice([label for label in one.labels if label != old])
        else:
            wanted = not old if one.type == "boolean" else "APPROVED"
        said = str(wanted).lower() if one.type == "boolean" else str(wanted)
        told = rng.choice(INSTRUCTIONS).format(answer=said, field=one.name)
        if rng.random() < 0.1:
            told = ZERO_WIDTH.join(told)
        return _told(scene, row.answer({one.name: wanted}) if obeyed else row.good, told, rng)

    return corrupt


def _told(scene: Scene, answer: Answered, told: str, rng: random.Random) -> Answered:
    """The row with an instruction at the beginning or the end of its longest column."""
    column = max(scene.spec.prompt.columns, key=lambda name: len(answer.columns.get(name) or ""))
    old = answer.columns.get(column) or ""
    new = f"{old} {told}" if rng.random() < 0.7 else f"{told} {old}"
    whole = answer.source_text
    text = whole.replace(old, new, 1) if old and old in whole else f"{whole} {told}"
    return replace(answer, columns={**answer.columns, column: new}, source_text=text)


def _nothing(one: OutputField) -> dict[str, Any]:
    return dict.fromkeys([one.name, one.evidence_column] if one.evidence else [one.name])


def _exchanged(scene: Scene) -> dict[int, str]:
    """The answers that rows get in exchange, by index, for as many rows as are wanted where there are as many."""
    rows = {row.index: row for row in scene.rows}
    most = scene.wanted // 2  # a value that more than half of them have cannot be exchanged for another
    counts: Counter[str] = Counter()
    chosen: list[Row] = []
    for index in scene.order:
        key = _value_key(rows[index])
        if counts[key] < most and len(chosen) < 2 * most:
            counts[key] += 1
            chosen.append(rows[index])
    # Rows of equal answers stand together, none of them more than half: half a turn gives each another's.
    if len(chosen) < 2 * most:
        return {}
    rank = {key: scene.rng.random() for key in sorted(counts)}
    chosen.sort(key=lambda row: (rank[_value_key(row)], row.index))
    turned = chosen[most:] + chosen[:most]
    given = {row.index: other.good.text for row, other in zip(chosen, turned, strict=True)}
    if scene.wanted % 2:
        given |= _copied_once(scene, rows, given)
    return given


def _copied_once(scene: Scene, rows: dict[int, Row], given: dict[int, str]) -> dict[int, str]:
    for index in scene.order:
        if index not in given:
            other = next((row for row in scene.rows if row.values != rows[index].values), None)
            return {index: other.good.text} if other is not None else {}
    return {}


def _value_key(row: Row) -> str:
    return repr(sorted(row.values.items()))
