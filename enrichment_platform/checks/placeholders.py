"""Values that stand for no value: placeholders, echoes of the schema, copies of a few-shot example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from enrichment_platform.checks.catalogue import is_free_text
from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.findings import finding, together
from enrichment_platform.checks.grounding import contains
from enrichment_platform.checks.inputs import (
    ROW_ID,
    PartitionTables,
    collapsed,
    require_columns,
)
from enrichment_platform.spec import EnrichmentSpec, OutputField

PLACEHOLDER = "is a placeholder, not a value; the model must answer null instead"
REFUSAL = "is a refusal, not a value; the model must answer null instead"
ECHO = "repeats the field's own name or description"
COPIED = "is copied from a few-shot example, and not in the source"

DENIED = (
    *(
        "",
        "n/a",
        "n.a",
        "na",
        "nan",
        "nil",
        "none",
        "null",
        "undefined",
        "unknown",
        "unspecified",
        "not known",
    ),
    *(
        "not applicable",
        "not available",
        "not found",
        "not given",
        "not mentioned",
        "not provided",
        "not specified",
    ),
    *("not stated", "no information", "no data", "cannot be determined", "could not be determined"),
    *("string", "str", "integer", "boolean", "placeholder", "todo", "tbd", "fixme", "lorem", "insert here"),
    *("your name", "your name here", "your text here", "example value", "sample text", "value here"),
)
_TEMPLATE = r"^<[^<>]*>$|^\{\{.*\}\}$|^\$\{.*\}$|^(?i)x{3,}$|^(?i)lorem ipsum|^(?i)\[(?:insert|your) [^\]]*\]$"
# How assistants begin when they decline, in the words that vendors document for refusals; a value that quotes the row
# is excused. Other languages are not covered.
_REFUSES = (
    r"(?i)^\W*(?:(?:i['’]?m|i am|we are|we['’]re) (?:(?:very|so|really) )?(?:sorry|unable|not able)\b"
    r"|(?:i|we) (?:can['’]?t|cannot|can not|could not|couldn['’]t|won['’]t|will not|must decline|apologi[sz]e)\b"
    r"|(?:my )?apologies\b|sorry,? (?:but|i|we)\b|as an? (?:ai|artificial|large language|language model)\b"
    r"|(?:unable|not able) to (?:\w+ )?(?:answer|assist|comply|determine|extract|find|help|process|provide)\b"
    r"|(?:this|the) request (?:can['’]?t|cannot|violates|goes against)\b)"
)
_EDGES = " .,;:!?'\"`()[]*-–—/\\_"


def no_placeholder(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Rows with a value that is no answer, in strings and in lists without a closed set; labels are exempt.

    A copy of a few-shot answer counts only where that answer was taken from the example's own text: a field
    that maps many spellings to one name gives the same answer to many rows rightly.

    Returns:
        Findings (row_id, detail), detail like `vendor: is a placeholder, not a value; ...`.

    Raises:
        UnusableInputError: an output column, or a column of the prompt, is missing or mistyped.
    """
    answered = tables.answered
    fields = [field for field in spec.output if is_free_text(field)]
    require_columns("staged", answered, {field.name: DTYPES[field.type] for field in fields})
    sources = tables.sources(spec)
    return together(part for field in fields for part in _of_field(spec, field, answered, sources))


def normalised(text: pl.Expr) -> pl.Expr:
    """Lower case, underscores and whitespace as one space, no punctuation at the ends."""
    return collapsed(text.str.to_lowercase().str.replace_all("_", " ")).str.strip_chars(_EDGES)


def _of_field(
    spec: EnrichmentSpec, field: OutputField, answered: pl.DataFrame, sources: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    values = answered.select(ROW_ID, pl.col(field.name).alias("value"))
    values = values.explode("value", empty_as_null=False) if field.type == "list" else values
    # A blank value is the contract's finding.
    values = values.filter(pl.col("value").str.strip_chars() != "").with_columns(
        normalised(pl.col("value")).alias("normal")
    )
    denied = pl.col("normal").is_in(_normal(DENIED))
    template = collapsed(pl.col("value")).str.contains(_TEMPLATE)
    echoed = pl.col("normal").is_in(_normal((field.name, *filter(None, [field.description]))))
    yield finding(values.filter(denied | template), f"{field.name}: {PLACEHOLDER}")
    declined = values.filter(~denied & ~template & collapsed(pl.col("value")).str.contains(_REFUSES))
    yield finding(_not_in_source(declined, sources), f"{field.name}: {REFUSAL}")
    yield finding(values.filter(echoed & ~denied & ~template), f"{field.name}: {ECHO}")
    examples = _normal(_extracted_answers(spec, field))
    yield finding(_not_in_source(values.filter(pl.col("normal").is_in(examples)), sources), f"{field.name}: {COPIED}")


def _not_in_source(values: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    joined = values.join(sources, on=ROW_ID, how="left", maintain_order="left")
    absent = [
        not contains(value, source or "")
        for value, source in joined.select(collapsed(pl.col("value")), "source").iter_rows()
    ]
    return joined.filter(pl.Series(absent, dtype=pl.Boolean))


def _normal(texts: tuple[str, ...]) -> list[str]:
    return (
        pl.DataFrame({"text": texts}, schema={"text": pl.String})
        .select(normalised(pl.col("text")))
        .to_series()
        .to_list()
    )


def _extracted_answers(spec: EnrichmentSpec, field: OutputField) -> tuple[str, ...]:
    found = []
    for example in spec.prompt.examples:
        shown = " ".join(" ".join(example.input.values()).split())
        found += [text for text in _texts(example.output.get(field.name)) if contains(" ".join(text.split()), shown)]
    return tuple(found)


def _texts(answer: Any) -> list[str]:
    if isinstance(answer, dict):
        return _texts(answer.get("value"))
    if isinstance(answer, list):
        return [text for item in answer for text in _texts(item)]
    return [answer] if isinstance(answer, str) else []
