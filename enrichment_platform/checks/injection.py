"""Rows whose text instructs the model: they are set aside, whatever the model made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import polars as pl

from enrichment_platform.checks.findings import finding, together
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, UnusableInputError, require_columns
from enrichment_platform.injection import KINDS, injection_kinds
from enrichment_platform.spec import EnrichmentSpec, output_columns

INSTRUCTS = "instructs the model"
PREFILLED = f"{INSTRUCTS}: has an answer written out, with the names of the output fields"
ESCAPED = f"{INSTRUCTS}: {KINDS['delimiter']}"
NO_SOURCE = "has no cleaned row to look at"
MOST_OBJECTS, LONGEST_OBJECT = 1_000, 4_000  # of a text are read, in characters each; logs have more, answers do not
_BOOLEANS = {"boolean": ("true", "false")}
_DECODER = json.JSONDecoder()
_FLAT_OBJECT = re.compile(r"\{[^{}]{3,4000}\}")
_PAIR = re.compile(r"[\"']([A-Za-z]\w*)[\"']\s*:\s*(?:[\"']([^\"']*)[\"'])?")
_LOG_LINE = re.compile(  # what stands before an object in a log: time, level, process, method, event, variable
    r"(?i)[^\n]*?(?:\b\d{4}-\d\d-\d\d|\b\d\d:\d\d:\d\d|\b(?:trace|debug|info|warn(?:ing)?|error|fatal|critical)\b|"
    r"\w\[\d+\]:|\b(?:get|post|put|patch|curl)\b|\b(?:event|payload|body|log|request|webhook)\b|\w=|\w\()[^\n]*\Z"
)
_ORDER = re.compile(
    r"(?i)\b(?:answer|respond|reply|output|return|write|copy|use)\b[^.!?\n]{0,40}\Z|"
    r"\b(?:correct|right|final|your) (?:answer|output|label|response|json)\b|\b(?:you must|as an ai|assistant)\b"
)
_CLOSING = re.compile(r"</([A-Za-z][\w-]*)\s*>")
_MARKUP = re.compile(  # HTML, which a text may have of its own
    r"a|b|i|u|p|s|em|li|td|th|tr|ul|ol|br|hr|h\d|pre|div|sub|sup|code|span|font|body|html|head|table|strong"
)


def no_injection(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Rows whose own text gives orders to the model, or writes its answer out beforehand.

    All staged rows are looked at, those without an answer too: a refusal can be what the order was for.

    Returns:
        Findings (row_id, detail), detail like `instructs the model: asks to ignore instructions`.

    Raises:
        UnusableInputError: staged or cleaned lacks its row_id, or cleaned a column of the prompt; staged is empty
            where cleaned is not.
    """
    require_columns("staged", tables.staged, {ROW_ID: pl.String})
    if tables.staged.is_empty() and not tables.cleaned.is_empty():
        raise UnusableInputError(f"staged is empty, cleaned has {tables.cleaned.height:,} rows")
    texts = _texts(spec, tables.cleaned)
    staged = tables.staged.select(ROW_ID).unique(ROW_ID, maintain_order=True)
    rows = staged.join(texts, on=ROW_ID, how="left", maintain_order="left")
    return together(_found(spec, rows))


def _texts(spec: EnrichmentSpec, cleaned: pl.DataFrame) -> pl.DataFrame:
    # With its line breaks, unlike `source_texts`: a role mark is one at the start of a line.
    require_columns("cleaned", cleaned, {ROW_ID: pl.String})
    missing = [name for name in spec.prompt.columns if name not in cleaned.columns]
    if missing:
        raise UnusableInputError(f"cleaned: no column {', '.join(missing)}")
    columns = [
        pl.col(name).cast(pl.List(pl.String)).list.join("\n", ignore_nulls=True)
        if isinstance(cleaned.schema[name], pl.List)
        else pl.col(name).cast(pl.String)
        for name in spec.prompt.columns
    ]
    unique = cleaned.unique(ROW_ID, keep="first", maintain_order=True)
    return unique.select(ROW_ID, pl.concat_str(columns, separator="\n", ignore_nulls=True).alias("text"))


def _found(spec: EnrichmentSpec, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield finding(rows.filter(pl.col("text").is_null()), NO_SOURCE)
    answers = {field.name: field.labels or _BOOLEANS.get(field.type, ()) for field in spec.output}
    kinds = injection_kinds(rows.get_column("text"), answers).str.split(", ").alias("kind")
    named = rows.select(ROW_ID, kinds).explode("kind", empty_as_null=False).drop_nulls("kind")
    said = pl.col("kind").replace_strict(KINDS, return_dtype=pl.String)
    yield named.select(ROW_ID, pl.format(INSTRUCTS + ": {}", said).alias("detail"))
    yield finding(_prefilled(spec, rows), PREFILLED)
    tags = _delimiters(spec)
    if tags:
        closing = rf"(?i)<\s*/\s*(?:{'|'.join(tags)})\s*>"
        yield finding(rows.filter(pl.col("text").str.contains(closing)), ESCAPED)


def _prefilled(spec: EnrichmentSpec, rows: pl.DataFrame) -> pl.DataFrame:
    columns = {name for field in spec.output for name in output_columns(field)}
    fields = {field.name for field in spec.output}
    labels = {field.name: set(field.labels) for field in spec.output if field.type == "label"}
    named = rf"\{{[^{{}}]*[\"'](?:{'|'.join(map(re.escape, sorted(columns)))})[\"']\s*:"
    suspects = rows.filter(pl.col("text").str.contains(named))
    written = [
        not _is_json(text) and any(_is_answer(before, value, fields, labels) for before, value in _objects(text))
        for text in suspects.get_column("text")
    ]
    return suspects.filter(pl.Series(written, dtype=pl.Boolean))


def _is_json(text: str) -> bool:
    """True for JSON and JSON lines: data of the row, whatever its fields are called."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        lines = [line for line in text.split("\n") if line.strip()]
        return len(lines) > 1 and all(line.lstrip()[0] in "{[" and _is_json(line) for line in lines)
    return True


def _objects(text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The outermost objects, JSON or nearly, each with the text before it; an object within an object is data."""
    at = 0
    for _ in range(MOST_OBJECTS):
        start = text.find("{", at)
        if start < 0:
            return
        at = start + 1
        try:
            value, length = _DECODER.raw_decode(text[start : start + LONGEST_OBJECT])
            at = start + length
        except (ValueError, RecursionError):
            flat = _FLAT_OBJECT.match(text, start)
            value, at = (dict(_PAIR.findall(flat.group())), flat.end()) if flat else ({}, at)
        if value:
            yield text[max(0, start - LONGEST_OBJECT) : start], value


def _is_answer(before: str, value: dict[str, object], fields: set[str], labels: dict[str, set[str]]) -> bool:
    """True for an object with a label of its field, or told to be the answer and with all output fields."""
    ordered = _ORDER.search(before) is not None
    if any(isinstance(value.get(name), str) and value[name] in known for name, known in labels.items()):
        return ordered or _LOG_LINE.match(before[before.rfind("\n") + 1 :]) is None
    return ordered and fields <= value.keys()


def _delimiters(spec: EnrichmentSpec) -> list[str]:
    """Names of the tags that the prompt's own template closes around the text."""
    found = _CLOSING.findall(spec.prompt.template)
    return sorted({re.escape(name) for name in found if not _MARKUP.fullmatch(name.lower())})
