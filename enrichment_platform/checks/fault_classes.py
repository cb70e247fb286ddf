"""The classes of silent failures: what each is, what it needs of an enrichment, whether one row can betray it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from enrichment_platform.checks import fault_delivery as delivery
from enrichment_platform.checks import fault_labels as labels
from enrichment_platform.checks import fault_numbers as numbers
from enrichment_platform.checks import fault_values as values
from enrichment_platform.checks.fault_answers import Corrupt, Scene
from enrichment_platform.spec import EnrichmentSpec


@dataclass(frozen=True)
class FaultClass:
    """A way in which answers go wrong.

    Args:
        name: Public name.
        description: What happens, for a person.
        needs: What an enrichment must have for it, in words; empty where every one can have it.
        possible: Whether an enrichment can have it.
        make: The generator; None where it is one of the table only.
        deterministic: One faulty row can be told from the row alone, its text and its request: recall 1 is expected.
            Otherwise it takes many rows, canaries or a model of the labels to see it.
        in_schema: The faulty answer keeps to the schema that constrained it.
        changes_values: The JSON says something else than the good one; otherwise only what is told beside it.
    """

    name: str
    description: str
    needs: str = ""
    possible: Callable[[EnrichmentSpec], bool] = lambda _: True
    make: Callable[[Scene], Corrupt] | None = None
    deterministic: bool = False
    in_schema: bool = True
    changes_values: bool = True

    @property
    def level(self) -> Literal["provider", "table"]:
        """Where it is injected: in a provider's answer, or in the table that is made of the answers."""
        return "table" if self.make is None else "provider"


def why_not(name: str, spec: EnrichmentSpec) -> str:
    """Why an enrichment cannot have a fault, e.g. `it needs a label field`; empty where it can."""
    fault = FAULTS[name]
    return "" if fault.possible(spec) else f"it needs {fault.needs}"


def _has(*types: str) -> Callable[[EnrichmentSpec], bool]:
    return lambda spec: any(one.type in types for one in spec.output)


def _quoted(*types: str) -> Callable[[EnrichmentSpec], bool]:
    return lambda spec: any(one.evidence and (not types or one.type in types) for one in spec.output)


def _free(spec: EnrichmentSpec) -> bool:
    return bool(values.free_fields(spec))


def _rowwise(fault: FaultClass) -> FaultClass:
    return replace(fault, deterministic=True)


def _outside(fault: FaultClass) -> FaultClass:
    return replace(fault, deterministic=True, in_schema=False)


def _beside(fault: FaultClass) -> FaultClass:
    return replace(fault, deterministic=True, changes_values=False)


_FREE = "a string without a pattern, or a list without labels"
_LABEL = "a label field"

_CLASSES = (
    _outside(FaultClass("lost", "no answer comes back for a row", make=delivery.lost)),
    _rowwise(FaultClass("duplicated", "a row's answer is delivered twice")),
    _rowwise(FaultClass("misaligned", "rows have the answer of the row before them")),
    FaultClass("misaligned_values", "the same, but the request key stayed with its row"),
    _outside(FaultClass("truncated", "the JSON is cut off", make=delivery.truncated)),
    _beside(FaultClass("truncated_repaired", "cut off, then made whole again", make=delivery.truncated_repaired)),
    _outside(FaultClass("refusal", "prose that refuses, instead of JSON", make=delivery.refusal)),
    _rowwise(FaultClass("refusal_in_field", "a refusal as a value", _FREE, _free, values.refusal_in_field)),
    _rowwise(FaultClass("placeholder", "a word that stands for no value", _FREE, _free, values.placeholder)),
    _rowwise(FaultClass("schema_echo", "a field's name, description or type", _FREE, _free, values.schema_echo)),
    _rowwise(
        FaultClass(
            "example_echo",
            "the value of a few-shot example",
            "an example in the prompt with a string, an open list or a value with evidence",
            lambda spec: bool(values.example_fields(spec)),
            values.example_echo,
        )
    ),
    _outside(
        FaultClass(
            "out_of_set",
            "a label nearly as the set has it",
            "a label field or a list of labels",
            lambda spec: bool(labels.closed_fields(spec)),
            labels.out_of_set,
        )
    ),
    _beside(FaultClass("mixed_versions", "another served model answered", make=delivery.mixed_versions)),
    _rowwise(
        FaultClass("ungrounded", "an invented value or quote", "a field with evidence", _quoted(), values.ungrounded)
    ),
    _rowwise(
        FaultClass(
            "numeric_slip",
            "a quoted number, date or code slips",
            "a number, date or string with evidence",
            _quoted("number", "integer", "date", "string"),
            numbers.numeric_slip,
        )
    ),
    FaultClass(
        "unquoted_slip",
        "a number or date without evidence slips",
        "a number or date without evidence",
        lambda spec: any(not one.evidence and one.type in ("number", "integer", "date") for one in spec.output),
        numbers.unquoted_slip,
    ),
    FaultClass(
        "wrong_span", "another number of the same text", "a number", _has("number", "integer"), numbers.wrong_span
    ),
    FaultClass(
        "sentinel",
        "0, 9999 or 1970-01-01 for no value",
        "a number or a date",
        _has("number", "integer", "date"),
        numbers.sentinel,
    ),
    _rowwise(
        FaultClass(
            "encoding",
            "mojibake, lost characters, entities, other script",
            "a string, an open list or a field with evidence",
            lambda spec: _free(spec) or _quoted()(spec),
            values.encoding,
        )
    ),
    FaultClass("language_slip", "free text in another language", _FREE, _free, values.language_slip),
    _rowwise(
        FaultClass(
            "injection_obeyed",
            "the text instructs the model, which obeys",
            "a label, a boolean or a string",
            lambda spec: bool(delivery.instructed_fields(spec.output)),
            delivery.injection_obeyed,
        )
    ),
    _beside(
        FaultClass(
            "injection_ignored",
            "the text instructs the model, in vain",
            "a label, a boolean or a string",
            lambda spec: bool(delivery.instructed_fields(spec.output)),
            delivery.injection_ignored,
        )
    ),
    FaultClass("majority_collapse", "the commonest label", _LABEL, _has("label"), labels.majority_collapse),
    FaultClass("first_label_collapse", "the first label", _LABEL, _has("label"), labels.first_label_collapse),
    FaultClass("label_permutation", "labels stand for each other", _LABEL, _has("label"), labels.label_permutation),
    FaultClass(
        "degraded_model",
        "wrong labels at random",
        "a label or a boolean",
        _has("label", "boolean"),
        labels.degraded_model,
    ),
    FaultClass(
        "over_confidence",
        "wrong, and as sure as can be",
        "a label, and a number named confidence, certainty, probability or score",
        lambda spec: _has("label")(spec) and bool(labels.confidence_fields(spec)),
        labels.over_confidence,
    ),
    FaultClass(
        "same_text_other_label", "equal texts, unequal labels", _LABEL, _has("label"), labels.same_text_other_label
    ),
    FaultClass("row_swap", "rows exchange their answers", make=delivery.row_swap),
    FaultClass("stale_cache", "old answers of other texts", make=delivery.stale_cache),
    FaultClass(
        "nulls",
        "an optional field goes null",
        "an optional field",
        lambda spec: any(not one.required for one in spec.output),
        delivery.nulls,
    ),
    FaultClass(
        "tail_dropped",
        "only the first fifth of the text was read",
        "an optional field with evidence",
        lambda spec: any(one.evidence and not one.required for one in spec.output),
        delivery.tail_dropped,
    ),
    FaultClass(
        "retries_hidden", "answered at the 2nd or 3rd attempt", make=delivery.retries_hidden, changes_values=False
    ),
)

FAULTS: dict[str, FaultClass] = {fault.name: fault for fault in _CLASSES}
"""Every class by its name; those with `level == "table"` are for `as_table_fault`, `lost` is for both."""
