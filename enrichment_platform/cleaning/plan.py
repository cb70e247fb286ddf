"""The cleaning steps of an enrichment, resolved: checked at load, and hashed into the answer fingerprint."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enrichment_platform.cleaning import operations
from enrichment_platform.cleaning.operation import REGISTRY, Operation
from enrichment_platform.cleaning_spec import CleaningStep
from enrichment_platform.errors import InputError
from enrichment_platform.spec import EnrichmentSpec

EMPTY_RULE_VERSION = 1  # of the rule in cleaned.py that removes rows without text

__all__ = ["PlannedStep", "check_steps", "cleaning_version", "operations", "planned_steps"]


@dataclass(frozen=True)
class PlannedStep:
    """An operation with every parameter, defaults included."""

    operation: Operation
    parameters: Mapping[str, Any]


def check_steps(spec: EnrichmentSpec) -> list[str]:
    """Return what is wrong with the cleaning steps, one message a problem; empty when they can run."""
    problems = [problem for number, step in enumerate(spec.cleaning.steps, 1) for problem in _problems(number, step)]
    if spec.cleaning.engine == "gpu" and not problems and (lacking := cpu_only_steps(spec)):
        problems.append(
            f"cleaning.engine is gpu, and {', '.join(lacking)} has no GPU kernel (`gpu=` of @operation);"
            " take it out, or use `engine: auto`"
        )
    return problems


def cpu_only_steps(spec: EnrichmentSpec) -> list[str]:
    """Return the operations of the plan that have no GPU kernel, in order; the steps are known to be right."""
    operations = [REGISTRY[step.operation] for step in spec.cleaning.steps]
    return list(dict.fromkeys(operation.name for operation in operations if operation.gpu is None))


def planned_steps(spec: EnrichmentSpec) -> list[PlannedStep]:
    """Return the steps in order.

    Raises:
        InputError: A step names an unknown operation or parameter, or a value of the wrong type.
    """
    problems = check_steps(spec)
    if problems:
        raise InputError(f"enrichment {spec.name!r}: " + "\n".join(problems))
    return [_planned(step) for step in spec.cleaning.steps]


def cleaning_version(spec: EnrichmentSpec) -> str:
    """Return 16 hex digits that change when an operation, its version, a parameter or the columns do.

    Raises:
        InputError: As `planned_steps`.
    """
    steps = [(step.operation.name, step.operation.version, step.parameters) for step in planned_steps(spec)]
    plan = {"empty_rule": EMPTY_RULE_VERSION, "columns": sorted(spec.text_columns), "steps": steps}
    return hashlib.sha256(json.dumps(plan, sort_keys=True, default=list).encode()).hexdigest()[:16]


def _planned(step: CleaningStep) -> PlannedStep:
    operation = REGISTRY[step.operation]
    defaults = {name: parameter.default for name, parameter in operation.parameters.items()}
    return PlannedStep(operation, {**defaults, **step.parameters})


def _problems(number: int, step: CleaningStep) -> list[str]:
    where = f"cleaning.steps[{number}]"
    operation = REGISTRY.get(step.operation)
    if operation is None:
        return [f"{where}: unknown operation {step.operation!r}{_nearest(step.operation, REGISTRY)}"]
    problems = []
    for name, value in step.parameters.items():
        parameter = operation.parameters.get(name)
        if parameter is None:
            nearest = _nearest(name, operation.parameters)
            problems.append(f"{where} {step.operation}: unknown parameter {name!r}{nearest}")
        elif problem := parameter.problem(value):
            problems.append(f"{where} {step.operation}: {name} = {value!r}: {problem}")
    return problems


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    if not known:
        return "; it takes no parameters"
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(close)}?" if close else "."
    return f"{hint} Known: {', '.join(sorted(known))}"
