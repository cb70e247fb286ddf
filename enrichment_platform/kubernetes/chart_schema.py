"""Writes what the chart takes from the model of its values: `python -m enrichment_platform.kubernetes.chart_schema`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from enrichment_platform.kubernetes.chart_serving import inlined
from enrichment_platform.kubernetes.chart_values import ChartValues
from enrichment_platform.pod_spec import PodProfileSpec

CHART = Path(__file__).resolve().parents[2] / "helm" / "enrichment-platform"
DOCUMENT = CHART.parents[1] / "docs" / "kubernetes.md"
BEGIN, END = "<!-- values: begin -->", "<!-- values: end -->"
_PROFILE_BEGIN, _PROFILE_END = "<!-- profile: begin -->", "<!-- profile: end -->"
_WIDTH = 118


def schema() -> str:
    """Return values.schema.json: draft 7, which Helm 3 and 4 read, without references."""
    generated = inlined(ChartValues.model_json_schema(by_alias=True))
    # Helm puts `global` in, and hands it to charts that use this one.
    return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", **_plain(generated)}, indent=1) + "\n"


def values() -> str:
    """Return values.yaml: every value with its default, and what it is."""
    head = [
        "# Values of the chart enrichment-platform. Written by `python -m enrichment_platform.kubernetes.chart_schema`",
        "# from the model in enrichment_platform/kubernetes/chart_values.py; change that, not this file.",
        "# Needed: postgresql.postgresqlHost (or postgresql.enabled), lake.uri (or lake.type: claim),",
        "# and a Secret with PostgreSQL's password (global.postgresqlSecretName).",
    ]
    return "\n".join([*head, *_lines(ChartValues(), 0)]) + "\n"


def table() -> str:
    """Return the values as a Markdown table."""
    rows = [
        f"| `{path}` | `{json.dumps(default)}` | {about} |".replace("``", "")
        for path, default, about in _entries(ChartValues(), "")
    ]
    return "\n".join(["| value | default | what |", "|---|---|---|", *rows])


def profile_table() -> str:
    """Return the fields of a pod profile as a Markdown table."""
    rows = [
        f"| `{path}` | {'needed' if default is PydanticUndefined else f'`{json.dumps(default)}`'} | {about} |"
        for path, default, about in _fields(PodProfileSpec, "")
    ]
    return "\n".join(["| field | default | what |", "|---|---|---|", *rows])


def documented(text: str) -> str:
    """Return the text of docs/kubernetes.md with the tables of this version."""
    for begin, made, end in ((_PROFILE_BEGIN, profile_table(), _PROFILE_END), (BEGIN, table(), END)):
        before, rest = text.split(begin, 1)
        text = f"{before}{begin}\n{made}\n{end}{rest.split(end, 1)[1]}"
    return text


def _plain(part: Any) -> Any:
    """Titles are the names of Python classes, defaults stand in values.yaml."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if not isinstance(part, dict):
        return part
    fields = part.get("properties")
    kept = {name: _plain(one) for name, one in part.items() if name not in ("title", "default", "properties")}
    if isinstance(fields, dict):
        kept["properties"] = {name: _plain(one) for name, one in fields.items()}
    return kept


def _named(model: BaseModel) -> Iterator[tuple[str, FieldInfo, Any]]:
    fields = type(model).model_fields
    inherited = {name for base in type(model).__bases__ for name in getattr(base, "model_fields", ())}
    own = [name for name in fields if name not in inherited]
    for name, field in [(one, fields[one]) for one in (*own, *(n for n in fields if n not in own))]:
        yield field.alias or name, field, getattr(model, name)


def _lines(model: BaseModel, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, field, value in _named(model):
        comment = textwrap.wrap(field.description or name, _WIDTH - len(indent) - 2)
        if not depth:
            yield ""
        yield from (f"{indent}# {line}" for line in comment)
        if value is None:
            yield f"{indent}# {name}:"
        elif isinstance(value, BaseModel):
            if any(one is not None for _, _, one in _named(value)):
                yield f"{indent}{name}:"
            else:
                yield f"{indent}{name}: {{}}"
            yield from _lines(value, depth + 1)
        elif isinstance(value, list) and value:
            yield f"{indent}{name}:"
            for one in value:
                yield from _item(one, depth + 1)
        else:
            yield f"{indent}{name}: {json.dumps(value)}"


def _item(value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if not isinstance(value, BaseModel):
        yield f"{indent}- {json.dumps(value)}"
        return
    yield f"{indent}-"
    yield from _lines(value, depth + 1)


def _entries(model: BaseModel, prefix: str) -> Iterator[tuple[str, Any, str]]:
    for name, field, value in _named(model):
        if isinstance(value, BaseModel):
            yield from _entries(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
            yield from _entries(value[0], f"{prefix}{name}[].")
        else:
            yield f"{prefix}{name}", value, (field.description or "").replace("|", "\\|")


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any, str]]:
    """Fields of a model and of the models in it, also of those in lists and of those that may be absent."""
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        inner = [
            part
            for part in (field.annotation, *get_args(field.annotation))
            if isinstance(part, type) and issubclass(part, BaseModel)
        ]
        choices = [str(one) for one in get_args(field.annotation) if isinstance(one, str)]
        about = f"{field.description}; {', '.join(choices)}" if choices else f"{field.description}"
        if not isinstance(default, BaseModel):
            yield f"{prefix}{name}", default, about
        for part in inner:
            yield from _fields(part, f"{prefix}{name}{'[]' if isinstance(default, list) else ''}.")


def main() -> None:
    """Write the schema, the values and the tables of the documentation."""
    (CHART / "values.schema.json").write_text(schema(), "utf-8")
    (CHART / "values.yaml").write_text(values(), "utf-8")
    DOCUMENT.write_text(documented(DOCUMENT.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
