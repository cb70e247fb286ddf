"""An instance of a JSON schema that looks like an extraction from a text; the same for the same text."""

from __future__ import annotations

import hashlib
import random
import re
from re import _constants as sre  # type: ignore[attr-defined]  # the standard library's own regex parser
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Schema = dict[str, Any]


def answer(schema: Schema, text: str) -> Any:
    """A valid instance: labels by hash of the text, strings as spans of it, patterns as it holds them."""
    return _value(schema, text, "answer", {})


def span(text: str) -> str:
    """The first words of the longest line, without a leading `name: `."""
    line = max(text.splitlines() or [""], key=len)
    return " ".join(re.sub(r"^\s*\w+:\s+", "", line).split(" ")[:5]).strip()


def _value(schema: Schema, text: str, name: str, siblings: dict[str, Any]) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        choices = [choice for choice in schema["enum"] if choice is not None]
        return choices[_hash(text + name) % len(choices)] if choices else None
    for union in ("anyOf", "oneOf"):
        if union in schema:
            options = schema[union]
            nullable = any(option.get("type") == "null" for option in options)
            real = next((option for option in options if option.get("type") != "null"), {"type": "null"})
            return _nullable(real, nullable, text, name, siblings)
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    kind = next((kind for kind in kinds if kind != "null"), "null")
    return _nullable({**schema, "type": kind}, "null" in kinds, text, name, siblings)


def _nullable(schema: Schema, nullable: bool, text: str, name: str, siblings: dict[str, Any]) -> Any:
    if "enum" in schema or "const" in schema:
        return _value(schema, text, name, siblings)
    match schema.get("type"):
        case "object":
            made: dict[str, Any] = {}
            for key, part in schema.get("properties", {}).items():
                made[key] = _value(part, text, f"{name}.{key}", made)
            return made
        case "array":
            least = max(schema.get("minItems", 0), 1 if schema.get("maxItems", 1) else 0)
            return [_value(schema.get("items", {}), text, f"{name}.{n}", {}) for n in range(least)]
        case "boolean":
            return bool(_hash(text + name) % 2)
        case "integer" | "number":
            low = schema.get("minimum", 0)
            high = schema.get("maximum", low + 100)
            return min(max(low + _hash(text + name) % 100, low), high)
        case "string":
            return _string(schema, nullable, text, name.rsplit(".", 1)[-1], siblings)
    return None


def _string(schema: Schema, nullable: bool, text: str, key: str, siblings: dict[str, Any]) -> str | None:
    if "evidence" in key:
        value = siblings.get(key.removesuffix("_evidence"), siblings.get("value", ""))
        if value is None and nullable:
            return None
        found = value if isinstance(value, str) and value and value in text else span(text)
    elif "pattern" in schema or schema.get("format") == "date":
        pattern = schema.get("pattern", r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
        match = re.search(pattern.removeprefix("^").removesuffix("$"), text)
        if match is None and nullable:
            return None
        found = match.group() if match else _matching(pattern)
        return found if "pattern" in schema or match else "2026-01-01"
    else:
        found = span(text)
    return found[: schema.get("maxLength", len(found))].ljust(schema.get("minLength", 0), "x")


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
    return random.Random(hashlib.sha256(text.encode("utf-8", "replace")).digest()).randrange(2**31)
