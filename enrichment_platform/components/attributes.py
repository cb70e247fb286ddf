"""YAML attributes of a component: rendered, then checked, with errors that name the field."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

import dagster as dg
from pydantic import BaseModel, ValidationError

from enrichment_platform.errors import InputError
from enrichment_platform.lake.location import home

T = TypeVar("T", bound=BaseModel)


def rendered(
    attributes: BaseModel | None, context: dg.ComponentLoadContext, *, verbatim: Collection[str] = ()
) -> dict[str, Any]:
    """Attributes as a dictionary, with Dagster's templates (`{{ env.NAME }}`, `{{ enrichment_home }}`) rendered.

    Args:
        attributes: What the YAML said.
        context: Dagster's load context.
        verbatim: Attributes that are left as written, since they hold templates of their own.
    """
    values = attributes.model_dump(exclude_unset=True) if attributes else {}
    resolution = context.with_rendering_scope({"enrichment_home": str(home())}).resolution_context
    return {
        name: value if name in verbatim else _rendered(value, resolution.at_path(name))
        for name, value in values.items()
    }


def _rendered(value: Any, resolution: dg.ResolutionContext) -> Any:
    # Dagster evaluates every text as a native template, which turns the quoted "2024" of a key into a number.
    if isinstance(value, dict):
        return {name: _rendered(one, resolution.at_path(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_rendered(one, resolution.at_path(index)) for index, one in enumerate(value)]
    templated = isinstance(value, str) and ("{{" in value or "{%" in value)
    return resolution.resolve_value(value) if templated else value


def checked(component: type[T], values: dict[str, Any]) -> T:
    """Validate values.

    Raises:
        InputError: names each field that is wrong and why.
    """
    try:
        return component.model_validate(values)
    except ValidationError as error:
        raise InputError(explained(error)) from None


def explained(error: ValidationError) -> str:
    """The errors of a validation, one line each: `attributes.output[0].type: ...`."""
    lines = []
    for problem in error.errors():
        where = "attributes"
        for part in problem["loc"]:
            where += f"[{part}]" if isinstance(part, int) else f".{part}"
        lines.append(f"{where}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
