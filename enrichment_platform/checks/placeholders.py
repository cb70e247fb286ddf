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
    source_texts,
)
from enrichment_platform.spec import EnrichmentSpec, OutputField

PLACEHOLDER = "is a placeholder, not a value; the model must answer null instead"
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
    sources = source_texts(spec, tables.cleaned)
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
    yield finding(values.filter(echoed & ~denied & ~template), f"{field.name}: {ECHO}")
    examples = _normal(_extracted_answers(spec, field))
    copies = values.filter(pl.col("normal").is_in(examples)).join(sources, on=ROW_ID, how="left", maintain_order="left")
    absent = [
        not contains(value, source or "")
        for value, source in copies.select(collapsed(pl.col("value")), "source").iter_rows()
    ]
    yield finding(copies.filter(pl.Series(absent, dtype=pl.Boolean)), f"{field.name}: {COPIED}")


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
