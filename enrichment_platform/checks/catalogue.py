"""The checks of an enrichment as they are known before any data: names, kinds, limits, version."""

from __future__ import annotations

import hashlib
import json

from enrichment_platform.checks.results import CheckDefinition
from enrichment_platform.spec import EnrichmentSpec, OutputField

CODE_VERSION = 3  # raise it with every change of this folder that can change a verdict

ROW_RECONCILIATION = "row_reconciliation"
NOT_EMPTY = "not_empty"
ONE_FINGERPRINT = "one_fingerprint"
ANSWERS_BELONG = "answers_belong"
ANSWER_STATUS = "answer_status"
OUTPUT_CONTRACT = "output_contract"
EVIDENCE_IN_SOURCE = "evidence_in_source"
NO_PLACEHOLDER = "no_placeholder"
CLEAN_OUTPUT = "clean_output"
NO_INJECTION = "no_injection"
FAILED_ROWS = "failed_rows"
CANARY_ACCURACY = "canary_accuracy"
ENOUGH_INPUT = "enough_input"
SAME_TEXT_SAME_ANSWER = "same_text_same_answer"
STORED_ANSWERS = "stored_answers"
LABEL_ORDER = "label_order"
ORDERS_IGNORED = "orders_ignored"
CALIBRATION = "calibration"
SHADOW_MODEL = "shadow_model"
LABEL_SHIFT = "label_shift"
INPUT_SHIFT = "input_shift"
OUTPUT_SHIFT = "output_shift"
NULL_RATE = "null_rate"
RETRY_RATE = "retry_rate"
SET_ASIDE_RATE = "set_aside_rate"
SLOW_DRIFT = "slow_drift"
SAME_ANSWER = "same_answer"
BASELINE_CHANGE = "baseline_change"

ROW_CHECKS = (ANSWER_STATUS, OUTPUT_CONTRACT, EVIDENCE_IN_SOURCE, NO_PLACEHOLDER, CLEAN_OUTPUT, NO_INJECTION)
"""Checks of single rows, the most severe first: a row that fails several has the first one as its reason."""

STATISTICAL = (
    *(SHADOW_MODEL, SAME_ANSWER, LABEL_SHIFT, SLOW_DRIFT, NULL_RATE, OUTPUT_SHIFT, INPUT_SHIFT, RETRY_RATE),
    SET_ASIDE_RATE,
    *(STORED_ANSWERS, LABEL_ORDER),
)
"""Checks of a partition against its history, judged together, so that their false alarms do not add up."""

EVERY_DAY = (ONE_FINGERPRINT, ENOUGH_INPUT, ORDERS_IGNORED, CALIBRATION)
"""Checks of what may be so on any day, of the pool, the texts, the model: they block only where the spec says so, and
such days are learnt from."""

WARNINGS = (BASELINE_CHANGE, ENOUGH_INPUT, SAME_TEXT_SAME_ANSWER, ORDERS_IGNORED, CALIBRATION, *STATISTICAL)
"""Checks that warn; the second warning in a row blocks, but for those of `EVERY_DAY`."""

JUDGED_TEXT = (EVIDENCE_IN_SOURCE, NO_PLACEHOLDER, CLEAN_OUTPUT, NO_INJECTION)
"""Checks of rows that judge wording, where ordinary text of one's trade may look wrong: they may warn or be off."""

WITH_THRESHOLD = (*ROW_CHECKS, FAILED_ROWS)

_SETTINGS = {"mixed_models", "allow_empty", "reask_share", "reorder_share", "plant_share"}
CONFIDENCE = ("confidence", "certainty", "probability")
SCALES = ((0, 1), (0, 100))
_CUSTOM_RULES = {"name", "sql", "polars", "rate", "max_shift", "minimum", "maximum"}

DESCRIPTIONS = {
    ROW_RECONCILIATION: "Every raw row is in the staged table or in quarantine, exactly once; none is added.",
    NOT_EMPTY: "The raw partition has rows, unless `checks.allow_empty` says that quiet days are normal.",
    ONE_FINGERPRINT: "All rows were answered under one fingerprint: one prompt, schema, model, cleaning.",
    ANSWERS_BELONG: "Each row has the answer to its own question, as the ledger holds it.",
    ANSWER_STATUS: "The model answered: status ok and not cut off at the token limit.",
    OUTPUT_CONTRACT: "Outputs keep their contract: type, closed labels, required, pattern, bounds, length.",
    EVIDENCE_IN_SOURCE: "Quoted evidence is in the row's text; the value is in the evidence, digit by digit.",
    NO_PLACEHOLDER: "Values are answers, not placeholders, echoes of the field or copies of an example.",
    CLEAN_OUTPUT: "Values are readable text in a script of the source: no broken characters, entities, control marks.",
    NO_INJECTION: "No row's text gives the model instructions; a row that does is quarantined, whatever was answered.",
    FAILED_ROWS: "The rows that fail at least one row check are few.",
    CANARY_ACCURACY: "Golden rows that were asked among the others are answered as well as they used to be.",
    BASELINE_CHANGE: "A new prompt, model or cleaning answers the golden rows no worse than the one before.",
    ENOUGH_INPUT: "Rows that were answered had something to be answered from, and were not cut short.",
    SAME_TEXT_SAME_ANSWER: "Rows with the same text have the same answer.",
    STORED_ANSWERS: "Rows that are asked a second time are answered as the first time.",
    LABEL_ORDER: "Labels do not depend on the order in which the prompt lists them.",
    ORDERS_IGNORED: "Copies of rows with an order in their text are not answered as the order demands.",
    CALIBRATION: "The model is as often right on golden rows as its confidence says.",
    SHADOW_MODEL: "A small model that learnt from earlier published rows finds the labels as plausible as it used to.",
    LABEL_SHIFT: "The shares of the labels moved no more than from day to day.",
    INPUT_SHIFT: "Length and script of the texts moved no more than from day to day.",
    OUTPUT_SHIFT: "The lengths of the values moved no more than from day to day.",
    NULL_RATE: "Optional fields are not empty more often than they used to be.",
    RETRY_RATE: "Rows did not need more attempts than they used to.",
    SET_ASIDE_RATE: "Rows were not rejected or set aside in cleaning more often than they used to be.",
    SLOW_DRIFT: "The shares of the labels did not creep away over weeks.",
    SAME_ANSWER: "No label field has one label for every row.",
}


def check_names(spec: EnrichmentSpec) -> list[CheckDefinition]:
    """The checks that run for this enrichment, in order; those that no field or setting gives work are not there.

    `blocking` is what the check does at its first failure.
    """
    names = [ROW_RECONCILIATION, NOT_EMPTY, ONE_FINGERPRINT, ANSWERS_BELONG, ANSWER_STATUS, OUTPUT_CONTRACT]
    types = {field.type for field in spec.output}
    closed = "boolean" in types or any(field.labels for field in spec.output)
    given = {
        EVIDENCE_IN_SOURCE: any(field.evidence for field in spec.output),
        NO_PLACEHOLDER: any(is_free_text(field) for field in spec.output),
        CLEAN_OUTPUT: any(is_free_text(field) or field.evidence for field in spec.output),
        NO_INJECTION: True,
    }
    off = {name for name, severity in spec.checks.severity.items() if severity == "off"}
    names += [name for name, has_work in given.items() if has_work and name not in off]
    rows = [check.name for check in spec.checks.custom if check.rate is None]
    rates = [check.name for check in spec.checks.custom if check.rate is not None]
    watched = {
        CANARY_ACCURACY: spec.checks.golden is not None,
        BASELINE_CHANGE: bool(types & {"label", "boolean"}) or spec.checks.golden is not None,
        ENOUGH_INPUT: True,
        SAME_TEXT_SAME_ANSWER: bool(types - {"string", "list"}),
        STORED_ANSWERS: spec.checks.reask_share > 0 and bool(types - {"string", "list"}),
        LABEL_ORDER: spec.checks.reorder_share > 0 and "label" in types,
        ORDERS_IGNORED: spec.checks.plant_share > 0 and bool(types & {"label", "boolean"}),
        CALIBRATION: spec.checks.golden is not None and bool(confidence_fields(spec)),
        SHADOW_MODEL: "label" in types,
        SAME_ANSWER: "label" in types,
        LABEL_SHIFT: closed,
        INPUT_SHIFT: True,
        OUTPUT_SHIFT: any(is_free_text(field) for field in spec.output),
        NULL_RATE: any(not field.required for field in spec.output),
        RETRY_RATE: True,
        SET_ASIDE_RATE: True,
        SLOW_DRIFT: bool(types & {"label", "boolean"}),
    }
    names += [*rows, FAILED_ROWS, *(name for name, has_work in watched.items() if has_work and name not in off), *rates]
    return [CheckDefinition(name, _description(spec, name), _blocks(spec, name)) for name in names]


def with_threshold(spec: EnrichmentSpec) -> list[str]:
    """The checks of this enrichment that a share of rows may fail, one's own ones among them."""
    own = {check.name for check in spec.checks.custom if check.rate is None}
    return [check.name for check in check_names(spec) if check.name in WITH_THRESHOLD or check.name in own]


def threshold(spec: EnrichmentSpec, name: str) -> float:
    """Share of staged rows (0 to 1) that may fail the check before the partition is held back."""
    own = {check.name: check.max_failed_share for check in spec.checks.custom}
    share = own.get(name, spec.checks.thresholds.get(name))
    return spec.checks.max_failed_share if share is None else share


def check_setting_problems(spec: EnrichmentSpec) -> list[str]:
    """Problems of `checks.thresholds` and `checks.severity`, one sentence each, empty where there is none."""
    allowed, settable = ", ".join(WITH_THRESHOLD), (*WARNINGS, *JUDGED_TEXT)
    problems = []
    for name, share in spec.checks.thresholds.items():
        if name not in DESCRIPTIONS:
            problems.append(f"checks.thresholds.{name}: there is no such check; use one of {allowed}")
        elif name not in WITH_THRESHOLD:
            problems.append(f"checks.thresholds.{name}: this check allows no failing row; use one of {allowed}")
        elif not 0 <= share <= 1:
            problems.append(f"checks.thresholds.{name}: {share} is not a share of rows from 0 to 1")
    problems += [
        f"checks.severity.{name}: this check always blocks; use one of {', '.join(settable)}"
        if name in DESCRIPTIONS
        else f"checks.severity.{name}: set `severity` of the check in checks.custom"
        if name in {check.name for check in spec.checks.custom}
        else f"checks.severity.{name}: there is no such check; use one of {', '.join(settable)}"
        for name in spec.checks.severity
        if name not in settable
    ]
    return problems


def acceptable(spec: EnrichmentSpec) -> set[str]:
    """Checks that a person may accept: those that compare with the past, and those that only warn at first."""
    own = {check.name for check in spec.checks.custom if check.rate is not None or check.severity == "warn"}
    own |= {name for name in JUDGED_TEXT if spec.checks.severity.get(name) == "warn"}
    return {*WARNINGS, CANARY_ACCURACY, NOT_EMPTY, ONE_FINGERPRINT} | own


def suite_version(spec: EnrichmentSpec) -> str:
    """12 hexadecimal digits that change with anything that can change a verdict, and with nothing else."""
    settings = spec.checks
    relevant = {
        "code": CODE_VERSION,
        "checks": [(check.name, check.blocking) for check in check_names(spec)],
        "thresholds": {name: threshold(spec, name) for name in with_threshold(spec)},
        "settings": settings.model_dump(mode="json", include=_SETTINGS),
        "golden": settings.golden.model_dump(mode="json", exclude={"path"}) if settings.golden else None,
        "custom": [check.model_dump(mode="json", include=_CUSTOM_RULES) for check in settings.custom],
        "partitions": spec.partitions.type,
        "prompt": spec.prompt.model_dump(mode="json", include={"columns", "system", "template", "examples"}),
        "fields": [
            # The labels' order counts: a collapse is one to the first of them.
            field.model_dump(mode="json", exclude={"labels"}) | {"labels": list(field.labels)}
            for field in spec.output
        ],
    }
    return hashlib.sha256(json.dumps(relevant, sort_keys=True, default=str).encode()).hexdigest()[:12]


def is_free_text(field: OutputField) -> bool:
    """True where the model words the value itself: strings, and lists without a closed set."""
    return field.type == "string" or (field.type == "list" and not field.labels)


def confidence_fields(spec: EnrichmentSpec) -> dict[str, list[OutputField]]:
    """Numbers by which the model says how sure it is, and the fields that each is about.

    One of its words is confidence, certainty or probability, and its bounds are 0 and 1 or 0 and 100. What stands
    before that word is the field that it is about; where that is none, it is about all labels and booleans.
    """
    closed = [field for field in spec.output if field.type in ("label", "boolean")]
    found = {}
    for field in spec.output:
        words = field.name.split("_")
        place = next((place for place, word in enumerate(words) if word in CONFIDENCE), None)
        if place is None or field.type not in ("number", "integer") or (field.minimum, field.maximum) not in SCALES:
            continue
        about = "_".join(words[:place])
        found[field.name] = [other for other in spec.output if other.name == about] or closed
    return {name: fields for name, fields in found.items() if fields}


def _blocks(spec: EnrichmentSpec, name: str) -> bool:
    if name in (*WARNINGS, *JUDGED_TEXT):
        return spec.checks.severity.get(name, "warn" if name in WARNINGS else "block") == "block"
    own = {check.name: check.severity == "block" for check in spec.checks.custom}
    return own.get(name, True)


def _description(spec: EnrichmentSpec, name: str) -> str:
    own = {
        check.name: check.description or f"checks.custom: {check.sql or check.polars or check.rate}"
        for check in spec.checks.custom
    }
    return own.get(name) or DESCRIPTIONS[name]
