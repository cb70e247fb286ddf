"""Is the model as often right as its confidence says: held against golden rows, whose answers a person knows."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import polars as pl

from enrichment_platform.checks.canaries import is_same_value
from enrichment_platform.checks.catalogue import confidence_fields
from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.findings import percent
from enrichment_platform.checks.inputs import (
    CANARY,
    CONTROL_COLUMNS,
    PartitionTables,
    UnusableInputError,
    is_answered,
    require_columns,
)
from enrichment_platform.checks.interval import wilson_interval
from enrichment_platform.checks.results import MAX_ROW_IDS, CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec, OutputField

MOST_TOO_SURE = 0.1
"""CHECKS.md: a calibration error above .1 warns."""

LEAST_CHANCE = 0.001
"""Chance of so few right answers from a model whose confidence holds, below which it does not."""


def calibration(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Fail where the mean confidence in today's golden rows is more than 10 points above the share that is right.

    Whether so few right answers can be chance is reckoned from the confidences themselves, as the distribution of a sum
    of Bernoulli draws with these probabilities (Poisson binomial).

    Raises:
        UnusableInputError: nobody looked for controls, a column is missing, or none of the golden rows that were to
            ride along has an answer with a confidence and a known value to hold against it.
    """
    if tables.controls is None:
        raise UnusableInputError("controls: nobody looked what was asked beside the rows")
    outputs = {field.name: DTYPES[field.type] for field in spec.output}
    require_columns("controls", tables.controls, CONTROL_COLUMNS | outputs)
    canaries = tables.controls.filter(pl.col("kind").eq_missing(CANARY) & is_answered())
    told, wrong, total, failed = [], [], 0, False
    for name, about in confidence_fields(spec).items():
        sure, right, ids = _judged(canaries, next(field for field in spec.output if field.name == name), about)
        if not ids:
            if tables.canaries_meant:
                raise UnusableInputError(f"controls: no golden row has an answer with {name} and a value that is known")
            continue
        total += len(ids)
        too_sure = float(np.mean(sure)) - sum(right) / len(right)
        off = too_sure > MOST_TOO_SURE and _chance_of_so_few(sure, sum(right)) < LEAST_CHANCE
        failed |= off
        wrong += [row_id for row_id, hit in zip(ids, right, strict=True) if not hit] if off else []
        told.append(_told(name, about, sure, right, off=off))
    return CheckResult(
        name=definition.name,
        passed=not failed,
        blocking=definition.blocking,
        failed_rows=len(wrong),
        total_rows=total,
        threshold=None,
        description=definition.description,
        message=" ".join(told) or "No row was asked in this partition, so no golden row either.",
        row_ids=tuple(wrong[:MAX_ROW_IDS]),
    )


def _judged(
    canaries: pl.DataFrame, confidence: OutputField, about: Sequence[OutputField]
) -> tuple[list[float], list[bool], list[str]]:
    """Of golden rows with a confidence and a known value: the confidence in [0, 1], whether all is right, their ids."""
    sure: list[float] = []
    right: list[bool] = []
    ids: list[str] = []
    for row in canaries.iter_rows(named=True):
        try:
            expected = json.loads(row["expected"] or "")
        except ValueError as problem:
            raise UnusableInputError(f"controls: `expected` of {row['row_id']} is not JSON") from problem
        known = [field for field in about if expected.get(field.name) is not None]
        if known and row[confidence.name] is not None:
            sure.append(min(1.0, max(0.0, float(row[confidence.name]) / float(confidence.maximum or 1))))
            right.append(all(is_same_value(field, row[field.name], expected[field.name]) for field in known))
            ids.append(row["of_row_id"])
    return sure, right, ids


def _chance_of_so_few(sure: Sequence[float], right: int) -> float:
    """P(at most `right` hits) of independent draws with these probabilities."""
    hits = np.array([1.0])
    for probability in sure:
        hits = np.convolve(hits, [1 - probability, probability])
    return float(hits[: right + 1].sum())


def _told(name: str, about: Sequence[OutputField], sure: Sequence[float], right: Sequence[bool], *, off: bool) -> str:
    mean, share, (low, high) = float(np.mean(sure)), sum(right) / len(right), wilson_interval(sum(right), len(right))
    said, hit, least, most = (percent(round(part, 3)) for part in (mean, share, low, high))
    fields = ", ".join(field.name for field in about)
    found = f"{name} is {said} on average; of {len(right)} golden rows {hit} ({least} to {most}) are right in {fields}."
    if not off:
        return found
    return (
        f"{found} The model is surer than it may be: do not take {name} for a probability. A limit below which rows are"
        f" set aside (`checks.custom`, `sql: {name} >= ...`) has to be found on golden rows."
    )
