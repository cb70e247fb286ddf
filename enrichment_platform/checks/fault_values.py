"""Words that are no answer, or not this row's: placeholders, echoes, inventions, slips of language and encoding."""

from __future__ import annotations

import html
import random
from typing import Any

from enrichment_platform.checks.fault_answers import Answered, Corrupt, Row, Scene
from enrichment_platform.checks.fault_texts import (
    CYRILLIC,
    ENTITIES,
    FOREIGN,
    GREEK,
    MOJIBAKE,
    PLACEHOLDERS,
    REFUSALS,
    TYPE_WORDS,
)
from enrichment_platform.spec import EnrichmentSpec, OutputField


def free_fields(spec: EnrichmentSpec) -> list[OutputField]:
    """Fields that may hold any words: strings without a pattern, lists without a closed set."""
    return [
        one
        for one in spec.output
        if (one.type == "string" and one.pattern is None) or (one.type == "list" and not one.labels)
    ]


def refusal_in_field(scene: Scene) -> Corrupt:
    """A refusal in well-formed JSON."""
    return _worded(scene, {one.name: REFUSALS for one in free_fields(scene.spec)})


def placeholder(scene: Scene) -> Corrupt:
    """A word that stands for no value."""
    return _worded(scene, {one.name: PLACEHOLDERS for one in free_fields(scene.spec)})


def schema_echo(scene: Scene) -> Corrupt:
    """The field's own name, description or type, as a value."""
    words = {}
    for one in free_fields(scene.spec):
        spaced = one.name.replace("_", " ")
        described = [one.description] if one.description else []
        words[one.name] = (one.name, spaced, spaced.title(), one.name.upper(), *TYPE_WORDS[one.type], *described)
    return _worded(scene, words)


def language_slip(scene: Scene) -> Corrupt:
    """Free text in another language."""
    return _worded(scene, {one.name: FOREIGN for one in free_fields(scene.spec)})


def example_fields(spec: EnrichmentSpec) -> dict[str, list[Any]]:
    """By field: the values of its few-shot examples. Those that stand in the example's own text, where some do.

    Labels and booleans are left out: the answer of an example is as good for any row.
    """
    found: dict[str, list[Any]] = {}
    for one in spec.output:
        copied: list[Any] = []
        other: list[Any] = []
        for example in spec.prompt.examples:
            value = example.output.get(one.name)
            open_list = one.type == "list" and not one.labels and bool(value)
            if value is None or not (one.type == "string" or open_list or one.evidence):
                continue
            if one.type not in ("label", "boolean"):
                (copied if _words(value).casefold() in " ".join(example.input.values()).casefold() else other).append(
                    value
                )
        if copied or other:
            found[one.name] = copied or other
    return found


def example_echo(scene: Scene) -> Corrupt:
    """The value of a few-shot example, which this row's text does not have; the evidence stays."""
    values = example_fields(scene.spec)

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        name = rng.choice(sorted(values))
        value = rng.choice(values[name])
        return None if row.says(_words(value)) else row.answer({name: value})

    return corrupt


def ungrounded(scene: Scene) -> Corrupt:
    """A plausible value, quote or both, taken from another row: nothing of it is in this row's text."""
    fields = [one for one in scene.spec.output if one.evidence]

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        one = rng.choice(fields)
        if row.values.get(one.evidence_column) is None:
            return None
        quotes = one.evidence_column
        new: dict[str, Any] = {}
        if one.type == "string" and rng.random() < 0.5:
            new[one.name] = rng.choice(scene.seen.get(one.name, [""]))
        if not new or rng.random() < 0.5:
            new[quotes] = _mangled(rng.choice(scene.seen[quotes]), row, rng)
        # A good value need not stand in the text (`Acme Inc.` for `ACME`); a fabricated one must not.
        return None if any(row.says(str(value)) for value in new.values()) else row.answer(new)

    return corrupt


def encoding(scene: Scene) -> Corrupt:
    """Mojibake, lost characters, HTML entities, escapes or another script, in free text or in a quote."""
    columns = [one.name for one in free_fields(scene.spec)]
    columns += [one.evidence_column for one in scene.spec.output if one.evidence]

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        filled = [name for name in columns if row.values.get(name)]
        if not filled:
            return None
        name = rng.choice(filled)
        old = row.values[name]
        if not isinstance(old, list):
            new = _garbled(old, rng)
            return None if row.says(new) else row.answer({name: new})
        items = list(old)
        n = rng.randrange(len(items))
        items[n] = _garbled(items[n], rng)
        return None if row.says(items[n]) else row.answer({name: items})

    return corrupt


def _worded(scene: Scene, words: dict[str, tuple[str, ...]]) -> Corrupt:
    """Puts words into a free field, unless the row's text has them; the evidence stays as it was."""
    lists = {one.name for one in scene.fields("list")}

    def corrupt(row: Row, rng: random.Random) -> Answered | None:
        name = rng.choice(sorted(words))
        word = rng.choice(words[name])
        if row.says(word):
            return None
        if name not in lists:
            return row.answer({name: word})
        items = list(row.values.get(name) or [""])
        items[rng.randrange(len(items))] = word
        return row.answer({name: items})

    return corrupt


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _mangled(quote: str, row: Row, rng: random.Random) -> str:
    """The quote of another row; of a row's own, where there is no other, its words in another order."""
    if not row.says(quote):
        return quote
    words = quote.split()
    rng.shuffle(words)
    return " ".join([*words, "as stated"]) if row.says(" ".join(words)) else " ".join(words)


def _garbled(text: str, rng: random.Random) -> str:
    match rng.choice(("mojibake", "lost", "entities", "escapes", "script")):
        case "mojibake":
            return _read_as_latin(text) if not text.isascii() else _one_replaced(text, MOJIBAKE, rng)
        case "lost":
            n = rng.randrange(len(text))
            return f"{text[:n]}\ufffd{text[n + 1 :]}"
        case "entities":
            escaped = html.escape(text)
            return escaped if escaped != text else _one_replaced(text, ENTITIES, rng)
        case "escapes":
            n = rng.randrange(len(text))
            return f"{text[:n]}\\u{ord(text[n]):04x}{text[n + 1 :]}"
        case _:
            table = rng.choice((CYRILLIC, GREEK))
            return "".join(table.get(sign, sign) for sign in text.lower())


def _read_as_latin(text: str) -> str:
    return text.encode().decode("cp1252", errors="replace")


def _one_replaced(text: str, table: dict[str, str], rng: random.Random) -> str:
    places = [n for n, sign in enumerate(text) if sign in table]
    if not places:
        return text
    n = rng.choice(places)
    return text[:n] + table[text[n]] + text[n + 1 :]
