"""Golden rows: rows with known answers, read from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from enrichment_platform.errors import EnrichmentError, InputError
from enrichment_platform.inference.answer_schema import MalformedAnswerError, read_answer
from enrichment_platform.inference.examples import typed_value
from enrichment_platform.inference.prompt import Prompt
from enrichment_platform.spec import EnrichmentSpec, Example, OutputField

if TYPE_CHECKING:
    import polars as pl

SETTING = "checks.golden.path"
_ROWS_TOLD = 5


@dataclass(frozen=True)
class GoldenRow:
    """A row, cleaned as production rows are, and what is known of its answer.

    Attributes:
        golden_id: The source's key columns joined by `:` where the file has them, else 16 hex digits of its text.
        row: The columns of the prompt.
        expected: Known values by output field, as JSON has them.
        number: Of the row in the file, from 1.
    """

    golden_id: str
    row: dict[str, Any]
    expected: dict[str, Any]
    number: int = 0


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
        found[key] = GoldenRow(key, row, expected, number + 1)
    if not found:
        raise InputError(f"{SETTING}: no row of {path} is left after cleaning with a known answer")
    return list(found.values())


def canaries(rows: list[GoldenRow], partition_key: str, number: int) -> list[GoldenRow]:
    """Which golden rows ride along in a partition: always the same ones, and others in other partitions."""

    def rank(row: GoldenRow) -> bytes:
        return hashlib.sha256(f"{partition_key}\x1f{row.golden_id}".encode()).digest()

    return sorted(rows, key=rank)[:number]


def refuse_shown(rows: Iterable[GoldenRow], examples: Iterable[Example], path: str) -> None:
    """Refuse golden rows that are examples: their accuracy would tell how well the model copies.

    Args:
        rows: The golden rows.
        examples: Those of the prompt and of `labelled_examples`.
        path: The golden file, named in the error.

    Raises:
        InputError: a golden row has the prompt columns of an example, whatever their type, case and spaces.
    """
    shown = {_compared(example.input) for example in examples}
    numbers = [str(row.number) for row in rows if _compared(row.row) in shown]
    if len(numbers) == 1:
        raise InputError(
            f"{SETTING}: {path}, row {numbers[0]} is an example too, so the model is shown its answer; take it out of"
            " one of the two"
        )
    if numbers:
        more = f" and {len(numbers) - _ROWS_TOLD:,} more" if len(numbers) > _ROWS_TOLD else ""
        raise InputError(
            f"{SETTING}: {path}, rows {', '.join(numbers[:_ROWS_TOLD])}{more} are examples too, so the model is shown"
            " their answers; take them out of one of the two"
        )


def refuse_without_prompt(rows: Sequence[GoldenRow], prompt: Prompt, path: str) -> None:
    """Refuse golden rows on which the template fails, before one of them stops a partition half way.

    Raises:
        InputError: the template fails; names the golden row by its id and its number in the file, never its text.
    """
    for row in rows:
        try:
            prompt.messages({**row.row, "row_id": row.golden_id})
        except EnrichmentError as error:
            raise InputError(f"{SETTING}: {path}, row {row.number}: {error}") from None


def _compared(columns: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _plain(columns[name])) for name in sorted(columns))


def _plain(value: Any) -> str:
    text = " ".join(("" if value is None else str(value)).casefold().split())
    try:
        return str(float(text))  # 5 in a text file is 5.0 in a table
    except ValueError:
        return text


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
