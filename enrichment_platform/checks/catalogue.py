"""The checks of an enrichment as they are known before any data: names, limits, version."""

from __future__ import annotations

import hashlib
import json

from enrichment_platform.checks.results import CheckDefinition
from enrichment_platform.spec import EnrichmentSpec, OutputField

CODE_VERSION = 1  # raise it with every change of this folder that can change a verdict

ROW_RECONCILIATION = "row_reconciliation"
NOT_EMPTY = "not_empty"
ONE_FINGERPRINT = "one_fingerprint"
ANSWER_STATUS = "answer_status"
OUTPUT_CONTRACT = "output_contract"
EVIDENCE_IN_SOURCE = "evidence_in_source"
NO_PLACEHOLDER = "no_placeholder"
FAILED_ROWS = "failed_rows"

ROW_CHECKS = (ANSWER_STATUS, OUTPUT_CONTRACT, EVIDENCE_IN_SOURCE, NO_PLACEHOLDER)
"""Checks of single rows, the most severe first: a row that fails several has the first one as its reason."""

WITH_THRESHOLD = (*ROW_CHECKS, FAILED_ROWS)

DESCRIPTIONS = {
    ROW_RECONCILIATION: "Every raw row is in the staged table or in quarantine, exactly once; none is added.",
    NOT_EMPTY: "The raw partition has rows, unless `checks.allow_empty` says that quiet days are normal.",
    ONE_FINGERPRINT: "All rows were answered under one fingerprint: one prompt, schema, model, cleaning.",
    ANSWER_STATUS: "The model answered: status ok and not cut off at the token limit.",
    OUTPUT_CONTRACT: "Outputs keep their contract: type, closed labels, required, pattern, bounds, length.",
    EVIDENCE_IN_SOURCE: "Quoted evidence is in the row's text; the value is in the evidence, digit by digit.",
    NO_PLACEHOLDER: "Values are answers, not placeholders, echoes of the field or copies of an example.",
    FAILED_ROWS: "The rows that fail at least one row check are few.",
}


def check_names(spec: EnrichmentSpec) -> list[CheckDefinition]:
    """The checks that run for this enrichment, in order; all of them block.

    `evidence_in_source` and `no_placeholder` are there only where an output field gives them work.
    """
    names = [ROW_RECONCILIATION, NOT_EMPTY, ONE_FINGERPRINT, ANSWER_STATUS, OUTPUT_CONTRACT]
    if any(field.evidence for field in spec.output):
        names.append(EVIDENCE_IN_SOURCE)
    if any(is_free_text(field) for field in spec.output):
        names.append(NO_PLACEHOLDER)
    return [CheckDefinition(name, DESCRIPTIONS[name], blocking=True) for name in [*names, FAILED_ROWS]]


def threshold(spec: EnrichmentSpec, name: str) -> float:
    """Share of staged rows (0 to 1) that may fail the check before the partition is held back."""
    return spec.checks.thresholds.get(name, spec.checks.max_failed_share)


def check_threshold_names(spec: EnrichmentSpec) -> list[str]:
    """Problems of `checks.thresholds`, one sentence each, empty where there is none."""
    allowed = ", ".join(WITH_THRESHOLD)
    problems = []
    for name, share in spec.checks.thresholds.items():
        if name not in DESCRIPTIONS:
            problems.append(f"checks.thresholds.{name}: there is no such check; use one of {allowed}")
        elif name not in WITH_THRESHOLD:
            problems.append(f"checks.thresholds.{name}: this check allows no failing row; use one of {allowed}")
        elif not 0 <= share <= 1:
            problems.append(f"checks.thresholds.{name}: {share} is not a share of rows from 0 to 1")
    return problems


def suite_version(spec: EnrichmentSpec) -> str:
    """12 hexadecimal digits that change with anything that can change a verdict, and with nothing else."""
    relevant = {
        "code": CODE_VERSION,
        "columns": spec.prompt.columns,
        "examples": [example.model_dump(mode="json") for example in spec.prompt.examples],
        "fields": [
            field.model_dump(mode="json", exclude={"labels"}) | {"labels": sorted(field.labels)}
            for field in spec.output
        ],
        "allow_empty": spec.checks.allow_empty,
        "thresholds": {name: threshold(spec, name) for name in WITH_THRESHOLD},
    }
    return hashlib.sha256(json.dumps(relevant, sort_keys=True, default=str).encode()).hexdigest()[:12]


def is_free_text(field: OutputField) -> bool:
    """True where the model words the value itself: strings, and lists without a closed set."""
    return field.type == "string" or (field.type == "list" and not field.labels)
