"""Writes what the chart takes from the model of its values: `python -m enrichment_platform.kubernetes.chart_schema`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from enrichment_platform.kubernetes.chart_serving import inlined
from enrichment_platform.kubernetes.chart_values import ChartValues

CHART = Path(__file__).resolve().parents[2] / "helm" / "enrichment-platform"
DOCUMENT = CHART.parents[1] / "docs" / "kubernetes.md"
BEGIN, END = "<!-- values: begin -->", "<!-- values: end -->"
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


def documented(text: str) -> str:
    """Return the text of docs/kubernetes.md with the table of this version."""
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END, 1)[1]}"


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


def main() -> None:
    """Write the schema, the values and the table of the documentation."""
    (CHART / "values.schema.json").write_text(schema(), "utf-8")
    (CHART / "values.yaml").write_text(values(), "utf-8")
    DOCUMENT.write_text(documented(DOCUMENT.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
