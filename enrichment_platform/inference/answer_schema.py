"""The JSON schema that constrains an answer, and the typed values read back from one."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from enrichment_platform.spec import OutputField, output_columns

if TYPE_CHECKING:
    import polars as pl

DATE_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class MalformedAnswerError(Exception):
    """The answer is not what the schema asks for; the message names the field, never its value."""


def json_schema(output: list[OutputField]) -> dict[str, Any]:
    """JSON schema of one answer: all fields present, nothing else; in declared order, the evidence after its value."""
    properties: dict[str, Any] = {}
    for field in output:
        value = _value_schema(field)
        properties[field.name] = value if field.required else _or_null(value)
        if field.evidence:
            quoted = {"type": "string", "minLength": 1, "maxLength": 300}
            properties[field.evidence_column] = quoted if field.required else _or_null(quoted)
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _value_schema(field: OutputField) -> dict[str, Any]:
    match field.type:
        case "label":
            return {"type": "string", "enum": list(field.labels)}
        case "string":
            if field.pattern:
                whole = field.pattern.removeprefix("^").removesuffix("$")
                # Without the group, the anchors of `a|b` would hold for one alternative each.
                return {"type": "string", "pattern": f"^({whole})$" if "|" in whole else f"^{whole}$"}
            return {"type": "string", "minLength": 1, "maxLength": field.max_length}
        case "date":
            return {"type": "string", "pattern": DATE_PATTERN}
        case "list":
            item = (
                {"type": "string", "enum": list(field.labels)} if field.labels else {"type": "string", "maxLength": 200}
            )
            return {"type": "array", "items": item, "maxItems": field.max_length}
        case "number" | "integer":
            limits = {"minimum": field.minimum, "maximum": field.maximum}
            return {
                "type": field.type,
                **{name: limit for name, limit in limits.items() if limit is not None},
            }
        case "boolean":
            return {"type": "boolean"}


def read_answer(text: str, output: list[OutputField]) -> dict[str, Any]:
    """Typed values of an answer, by column.

    Raises:
        MalformedAnswerError: not JSON, not an object, or a value of the wrong type. Nothing is repaired.
    """
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError("the answer is not JSON") from error
    if not isinstance(answer, dict):
        raise MalformedAnswerError("the answer is not a JSON object")
    values: dict[str, Any] = {}
    for field in output:
        if field.name not in answer and field.required:
            raise MalformedAnswerError(f"{field.name} is missing")
        values[field.name] = _typed(field, answer.get(field.name))
        if field.evidence:
            quoted = answer.get(field.evidence_column)
            if quoted is not None and not isinstance(quoted, str):
                raise MalformedAnswerError(f"{field.evidence_column} is not a string")
            values[field.evidence_column] = quoted
    return values


def _typed(field: OutputField, value: Any) -> Any:
    if value is None:
        return None
    match field.type:
        case "label" | "string" if isinstance(value, str):
            return value
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        case "integer" if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
            return value
        case "boolean" if isinstance(value, bool):
            return value
        case "list" if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        case "date" if isinstance(value, str):
            try:
                if not re.fullmatch(DATE_PATTERN, value):  # `fromisoformat` also reads 20240503 and 2024-W18-5
                    raise ValueError
                return date.fromisoformat(value)
            except ValueError as error:
                raise MalformedAnswerError(f"{field.name} is not a date (YYYY-MM-DD)") from error
    raise MalformedAnswerError(f"{field.name} is not a {field.type}")


def output_types(output: list[OutputField]) -> dict[str, pl.DataType]:
    """Polars types of the output columns."""
    import polars as pl  # 0.2 s, which the first request does not wait for

    by_type: dict[str, pl.DataType] = {
        "label": pl.String(),
        "string": pl.String(),
        "number": pl.Float64(),
        "integer": pl.Int64(),
        "date": pl.Date(),
        "boolean": pl.Boolean(),
        "list": pl.List(pl.String()),
    }
    return {
        name: by_type[field.type] if name == field.name else pl.String()
        for field in output
        for name in output_columns(field)
    }
