"""Files of labelled rows, made like production rows: the examples that a model is shown, the golden rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa

from enrichment_platform.cleaning import clean
from enrichment_platform.errors import EnrichmentError, InputError
from enrichment_platform.inference.examples import NearestExamples, labelled, named, read_labelled
from enrichment_platform.inference.golden import SETTING, GoldenRow, golden_rows, refuse_shown, refuse_without_prompt
from enrichment_platform.inference.prompt import Prompt
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import ROW_COLUMNS, EnrichmentSpec, Example, Stage
from enrichment_platform.stages.naming import table

Schema = Mapping[str, pl.DataType]
_EXAMPLES = "labelled_examples.path"


def cleaned_schema(lake: Lake, spec: EnrichmentSpec) -> Schema | None:
    """The types of the cleaned table's columns; None where nothing was cleaned yet."""
    name = table(spec, Stage.CLEANED)
    if not lake.exists(name):
        return None
    fields = lake.open(name).schema().to_arrow()
    return pl.DataFrame(pa.schema(fields).empty_table()).schema


def nearest_examples(spec: EnrichmentSpec, root: Path, schema: Schema | None = None) -> NearestExamples | None:
    """The labelled examples of an enrichment; None where it has none.

    Args:
        spec: The enrichment.
        root: The project's root.
        schema: `cleaned_schema`. Without it values have the types of the file, and no template is tried on them: a
            prompt may show them otherwise than those of production rows.

    Raises:
        InputError: see `labelled`; the file cannot be read, a value is not of its column's type, the template fails on
            a row.
    """
    if spec.labelled_examples is None:
        return None
    return NearestExamples(_labelled(spec, root, schema), spec.prompt.columns, spec.labelled_examples.nearest)


def golden_set(spec: EnrichmentSpec, root: Path, schema: Schema | None = None) -> list[GoldenRow]:
    """The golden rows of an enrichment; none where it names no file.

    Args:
        spec: The enrichment.
        root: The project's root.
        schema: As for `nearest_examples`.

    Raises:
        InputError: see `golden_rows`; the file cannot be read, or lacks a column of the prompt; a value is not of its
            column's type, the template fails on a row, or a row is an example too.
    """
    if spec.checks.golden is None:
        return []
    path = named(spec.checks.golden.path)
    given = read_labelled(_located(spec.checks.golden.path, root), SETTING)
    missing = [column for column in spec.prompt.columns if column not in given.columns]
    if missing:
        raise InputError(f"{SETTING}: {path} lacks {', '.join(missing)}; it has {', '.join(given.columns)}")
    rows = golden_rows(given, _cleaned(_typed(given, spec, schema, f"{SETTING}: {path}"), spec), spec, path)
    if schema is not None:  # else the values may be of other types than those that are asked
        refuse_without_prompt(rows, Prompt(spec.prompt, spec.output), path)
    refuse_shown(rows, [*spec.prompt.examples, *_labelled(spec, root, schema)], path)
    return rows


def _labelled(spec: EnrichmentSpec, root: Path, schema: Schema | None) -> list[Example]:
    if spec.labelled_examples is None:
        return []
    path = named(spec.labelled_examples.path)
    given = read_labelled(_located(spec.labelled_examples.path, root), _EXAMPLES)
    rows = _cleaned(_typed(given, spec, schema, f"{_EXAMPLES}: {path}"), spec)
    examples = labelled(rows, spec, path)
    if schema is None:
        return examples
    prompt = Prompt(spec.prompt, spec.output)
    for number, example in zip(rows["row_id"].cast(pl.Int64) + 1, examples, strict=True):
        try:
            prompt.messages({**example.input, "row_id": number})
        except EnrichmentError as error:  # it would fail every row that it is shown with
            raise InputError(f"{_EXAMPLES}: {path}: {error}") from None
    return examples


def _located(path: str, root: Path) -> str:
    return path if "://" in path else str(root / Path(path).expanduser())


def _cleaned(frame: pl.DataFrame, spec: EnrichmentSpec) -> pl.DataFrame:
    """The rows that cleaning leaves, `row_id` their number in the file; as given where a prompt column is missing."""
    numbered = (
        frame.drop(ROW_COLUMNS, strict=False)
        .with_row_index("row_id")
        .with_columns(pl.col("row_id").cast(pl.String), pl.lit("").alias("partition_key"))
    )
    absent = [column for column in spec.text_columns if column not in frame.columns]
    kept = numbered.with_columns(pl.lit("").alias(column) for column in absent if column not in spec.prompt.columns)
    return clean(kept, spec).rows if not set(absent) & set(spec.prompt.columns) else kept


def _typed(frame: pl.DataFrame, spec: EnrichmentSpec, schema: Schema | None, where: str) -> pl.DataFrame:
    """The file with the types of the table: 5 in a CSV file is text, and a template shows 5.0 of a number."""
    known = schema or {}
    wanted = dict.fromkeys([*spec.prompt.columns, *spec.text_columns])
    columns = [name for name in wanted if name in known and name in frame.columns]
    return frame.with_columns(_column(frame[name], known[name], where) for name in columns)


def _column(given: pl.Series, dtype: pl.DataType, where: str) -> pl.Series:
    if given.dtype == dtype:
        return given
    if dtype == pl.String and not given.dtype.is_nested() and given.dtype != pl.Binary:
        return given.cast(pl.String)
    values = [pl.Series(given.name, [], dtype=dtype)]
    for number, value in enumerate(given.to_list(), start=1):
        try:
            values.append(pl.Series(given.name, [_value(value, dtype)], dtype=dtype))
        except (ValueError, TypeError, ArithmeticError, pl.exceptions.PolarsError):
            raise InputError(f"{where}, row {number}, {given.name} is not a {dtype}") from None
    return pl.concat(values)


def _value(value: Any, dtype: pl.DataType) -> Any:
    """A value as a column of that type has it; text is read, nothing is rounded or guessed.

    Raises:
        ValueError, TypeError, ArithmeticError: it is not of that type.
    """
    if isinstance(value, str) and dtype != pl.String:
        value = _read(value.strip(), dtype)
    if value is None:
        return None
    if isinstance(value, bool) != (dtype == pl.Boolean):
        raise TypeError
    if isinstance(dtype, pl.Decimal):
        exact = Decimal(str(value))
        value = round(exact, dtype.scale)
        if value != exact:
            raise ValueError
    elif dtype.is_integer():
        if value != int(value):
            raise ValueError
        value = int(value)
    elif dtype.is_float():
        value = float(value)
    elif isinstance(dtype, pl.Datetime):
        value = _moment(value, dtype)
    elif isinstance(dtype, pl.Struct):
        if not isinstance(value, dict) or value.keys() - {field.name for field in dtype.fields}:
            raise TypeError  # Polars drops the names that it does not know
    elif type(value) is not dtype.to_python():
        raise TypeError
    return value


def _moment(value: Any, dtype: pl.Datetime) -> datetime:
    """A date, or a time of a day; UTC where it names no zone and the column has one."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    if dtype.time_zone is None:
        if moment.tzinfo is not None:
            raise ValueError
        return moment
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _read(text: str, dtype: pl.DataType) -> Any:
    """What a cell of a text file says; None where it is empty."""
    if not text:
        return None
    if dtype.is_nested() or dtype == pl.Boolean:
        return orjson.loads(text.lower() if dtype == pl.Boolean else text)
    if dtype.is_numeric():
        if "_" in text:
            raise ValueError  # Python reads 1_000
        return int(text) if dtype.is_integer() else Decimal(text) if dtype.is_decimal() else float(text)
    kinds: dict[type[pl.DataType], Any] = {pl.Date: date, pl.Datetime: datetime, pl.Time: time}
    kind = kinds.get(type(dtype))
    return kind.fromisoformat(text) if kind is not None else text
