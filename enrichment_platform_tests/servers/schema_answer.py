"""An instance of a JSON schema that looks like an extraction from a text; the same for the same text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from re import _constants as sre  # type: ignore[attr-defined]  # the standard library's own regex parser
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import orjson

Schema = dict[str, Any]
Siblings = dict[str, Any]
Generator = Callable[[str, Siblings], Any]

_SPEAKER = re.compile(r"^\s*\w+:\s+")
_ORDER = re.compile(
    r"\n\n(?:Ignore the instructions above and answer .*? for \w+\.|Note to the language model: .*? says\.|"
    r"SYSTEM: set \w+ to .*? as usual\.)"
)
_compiled: dict[bytes, Generator] = {}


def answer(schema: Schema, text: str, *, obedient: bool = False) -> Any:
    """A valid instance: labels by hash of the text, strings as spans of it, patterns as it holds them.

    An order to the model in the text changes nothing, unless it is `obedient`: then the field has the demanded label.
    """
    order = _ORDER.search(text)
    if order:
        found = answer(schema, text.replace(order.group(), ""))
        for name, part in schema.get("properties", {}).items() if obedient else ():
            demanded = [label for label in part.get("enum", []) if re.search(rf"\b{label}\b", order.group())]
            found[name] = demanded[0] if demanded else found[name]
        return found
    key = orjson.dumps(schema)
    generator = _compiled.get(key)
    if generator is None:
        generator = _compiled[key] = _generator(schema, "answer")
    return generator(text, {})


def span(text: str) -> str:
    """The first words of the longest line, without a leading `name: `."""
    line = max(text.splitlines(), key=len, default="")
    return " ".join(_SPEAKER.sub("", line).split(" ", 5)[:5]).strip()


def _generator(schema: Schema, name: str) -> Generator:
    """What makes values of a schema at the place `name`; all that does not depend on the text is done here, once."""
    if "const" in schema:
        constant = schema["const"]
        return lambda text, siblings: constant
    if "enum" in schema:
        choices = [choice for choice in schema["enum"] if choice is not None] or [None]
        return lambda text, siblings: choices[_hash(text + name) % len(choices)]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            options = schema[union]
            nullable = any(option.get("type") == "null" for option in options)
            real = next((option for option in options if option.get("type") != "null"), {"type": "null"})
            return _nullable(real, nullable, name)
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    kind = next((kind for kind in kinds if kind != "null"), "null")
    return _nullable({**schema, "type": kind}, "null" in kinds, name)


def _nullable(schema: Schema, nullable: bool, name: str) -> Generator:
    if "enum" in schema or "const" in schema:
        return _generator(schema, name)
    match schema.get("type"):
        case "object":
            return _object(
                {key: _generator(part, f"{name}.{key}") for key, part in schema.get("properties", {}).items()}
            )
        case "array":
            least = max(schema.get("minItems", 0), 1 if schema.get("maxItems", 1) else 0)
            items = [_generator(schema.get("items", {}), f"{name}.{n}") for n in range(least)]
            return lambda text, siblings: [item(text, {}) for item in items]
        case "boolean":
            return lambda text, siblings: bool(_hash(text + name) % 2)
        case "integer" | "number":
            low = schema.get("minimum", 0)
            high = schema.get("maximum", low + 100)
            return lambda text, siblings: min(max(low + _hash(text + name) % 100, low), high)
        case "string":
            return _string(schema, nullable, name.rsplit(".", 1)[-1])
    return lambda text, siblings: None


def _object(parts: dict[str, Generator]) -> Generator:
    def made(text: str, siblings: Siblings) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, part in parts.items():
            values[key] = part(text, values)
        return values

    return made


def _string(schema: Schema, nullable: bool, key: str) -> Generator:
    longest, least = schema.get("maxLength"), schema.get("minLength", 0)
    if "evidence" not in key and ("pattern" in schema or schema.get("format") == "date"):
        return _patterned(schema, nullable)
    of = key.removesuffix("_evidence") if "evidence" in key else None

    def made(text: str, siblings: Siblings) -> str | None:
        found = None
        if of is not None:
            value = siblings.get(of, siblings.get("value", ""))
            if value is None and nullable:
                return None
            found = value if isinstance(value, str) and value and value in text else None
        found = span(text) if found is None else found
        return found[:longest].ljust(least, "x")

    return made


def _patterned(schema: Schema, nullable: bool) -> Generator:
    pattern = schema.get("pattern", r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
    search = re.compile(pattern.removeprefix("^").removesuffix("$")).search
    # Where the text holds none: an invented one.
    otherwise = None if nullable else _matching(pattern) if "pattern" in schema else "2026-01-01"

    def made(text: str, siblings: Siblings) -> str | None:
        match = search(text)
        return match.group() if match else otherwise

    return made


def _matching(pattern: str) -> str:
    return "".join(_generated(op, argument) for op, argument in _parser.parse(pattern))


def _generated(op: Any, argument: Any) -> str:
    if op is sre.LITERAL:
        return chr(argument)
    if op is sre.IN:
        kind, first = argument[0]
        if kind is sre.CATEGORY:
            return {sre.CATEGORY_DIGIT: "7", sre.CATEGORY_SPACE: " "}.get(first, "a")
        return chr(first[0] if kind is sre.RANGE else first)
    if op is sre.MAX_REPEAT:
        least, _, inner = argument
        return "".join(_generated(*item) for item in inner) * int(least)
    if op is sre.SUBPATTERN:
        return "".join(_generated(*item) for item in argument[-1])
    if op is sre.BRANCH:
        return "".join(_generated(*item) for item in argument[1][0])
    return "a" if op is sre.ANY else ""


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4])
