"""Golden rows: rows with known answers, read from a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from enrichment_platform.errors import InputError
from enrichment_platform.inference.answer_schema import MalformedAnswerError, read_answer
from enrichment_platform.inference.examples import typed_value
from enrichment_platform.spec import EnrichmentSpec, OutputField

if TYPE_CHECKING:
    import polars as pl

SETTING = "checks.golden.path"


@dataclass(frozen=True)
class GoldenRow:
    """A row, cleaned as production rows are, and what is known of its answer.

    Attributes:
        golden_id: The source's key columns joined by `:` where the file has them, else 16 hex digits of its text.
        row: The columns of the prompt.
        expected: Known values by output field, as JSON has them.
    """

    golden_id: str
    row: dict[str, Any]
    expected: dict[str, Any]


def golden_rows(given: pl.DataFrame, cleaned: pl.DataFrame, spec: EnrichmentSpec, path: str) -> list[GoldenRow]:
    """The golden rows of a file.

    Args:
        given: The file.
        cleaned: The same rows after cleaning, with `row_id` the number of the row in `given`; those that cleaning takes
            out are missing.
        spec: The enrichment.
        path: Named in errors.

    Raises:
        InputError: the file has no output column, a value does not fit its field (the row is named by its number), no
            row is left, or two rows have the same key.
    """
    fields = [field for field in spec.output if field.name in given.columns]
    if not fields:
        wanted, present = ", ".join(field.name for field in spec.output), ", ".join(given.columns)
        raise InputError(f"{SETTING}: {path} has none of the output columns {wanted}; it has {present}")
    keyed = all(column in given.columns for column in spec.source.key)
    rows = {int(row["row_id"]): row for row in cleaned.iter_rows(named=True)}
    found: dict[str, GoldenRow] = {}
    for number, original in enumerate(given.iter_rows(named=True)):
        expected = {
            field.name: _expected(field, original[field.name], path, number)
            for field in fields
            if original[field.name] not in (None, "")
        }
        if number not in rows or not expected:
            continue
        row = {column: rows[number][column] for column in spec.prompt.columns}
        key = ":".join(str(original[column]) for column in spec.source.key) if keyed else _digest(row)
        if keyed and key in found:
            raise InputError(f"{SETTING}: {path} has the key {key} more than once")
        found[key] = GoldenRow(key, row, expected)
    if not found:
        raise InputError(f"{SETTING}: no row of {path} is left after cleaning with a known answer")
    return list(found.values())


def canaries(rows: list[GoldenRow], partition_key: str, number: int) -> list[GoldenRow]:
    """Which golden rows ride along in a partition: always the same ones, and others in other partitions."""

    def rank(row: GoldenRow) -> bytes:
        return hashlib.sha256(f"{partition_key}\x1f{row.golden_id}".encode()).digest()

    return sorted(rows, key=rank)[:number]


def _expected(field: OutputField, value: Any, path: str, number: int) -> Any:
    typed = typed_value(field, value)
    plain = field.model_copy(update={"evidence": False})
    try:
        read_answer(orjson.dumps({field.name: typed}).decode(), [plain])
    except (MalformedAnswerError, orjson.JSONEncodeError) as error:
        reason = str(error) if isinstance(error, MalformedAnswerError) else "it is of a type that JSON cannot hold"
        raise InputError(f"{SETTING}: {path}, row {number + 1}, {field.name}: {reason}") from None
    if field.type == "label" and typed not in field.labels:
        raise InputError(f"{SETTING}: {path}, row {number + 1}, {field.name} is not one of {', '.join(field.labels)}")
    return typed


def _digest(row: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(row, default=str)).hexdigest()[:16]
