"""The contract of the output fields, as a Pandera schema built from the spec."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from enrichment_platform.checks.findings import SCHEMA
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, UnusableInputError
from enrichment_platform.spec import EnrichmentSpec, OutputField

if TYPE_CHECKING:  # Pandera brings pandas: a second of every command's start, and only the suite needs it
    import pandera.polars as pa
    from pandera.api.polars.types import PolarsData

DTYPES: dict[str, pl.DataType] = {
    "label": pl.String(),
    "string": pl.String(),
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "date": pl.Date(),
    "boolean": pl.Boolean(),
    "list": pl.List(pl.String),
}
MISSING = "is missing, and the field is required"
NULL_CHECK = "not_nullable"  # Pandera's name


def output_schema(spec: EnrichmentSpec) -> pa.DataFrameSchema:
    """Schema of the answered rows of the classified table: row columns and every output column.

    Each check's name is what is wrong with a row that fails it, so results need no second table of texts.
    """
    import pandera.polars as pa

    columns = {
        ROW_ID: pa.Column(pl.String, nullable=False),
        "partition_key": pa.Column(pl.String, nullable=False),
    }
    for field in spec.output:
        columns[field.name] = pa.Column(DTYPES[field.type], _rules(field), nullable=not field.required)
        if field.evidence:
            columns[field.evidence_column] = pa.Column(pl.String, nullable=True)
    return pa.DataFrameSchema(columns, name=f"{spec.name}/classified", coerce=False, strict=False)


def output_contract(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Rows whose outputs break the contract.

    Returns:
        Findings (row_id, detail), detail like `category: is not one of the labels`.

    Raises:
        UnusableInputError: a column is missing or has another type, or a check could not be evaluated.
    """
    from pandera.config import ValidationDepth, config_context
    from pandera.errors import SchemaErrors

    answered = tables.answered
    try:
        # Both settings can be switched off by environment variables; then everything would pass.
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            output_schema(spec).validate(answered, lazy=True)
    except SchemaErrors as errors:
        return _findings(errors.failure_cases, answered)
    return pl.DataFrame(schema=SCHEMA)


def _findings(cases: pl.DataFrame, answered: pl.DataFrame) -> pl.DataFrame:
    # failure_case holds values of the row: it is never read for row-level failures.
    whole = cases.filter(pl.col("index").is_null())
    if whole.height:
        raise UnusableInputError(f"staged: {', '.join(_column_problems(whole, answered))}")
    problem = pl.when(pl.col("check") == NULL_CHECK).then(pl.lit(MISSING)).otherwise(pl.col("check"))
    rows = cases.sort("index", maintain_order=True).select(
        answered.get_column(ROW_ID).gather(cases.sort("index", maintain_order=True).get_column("index")),
        pl.format("{}: {}", pl.col("column"), problem).alias("detail"),
    )
    return rows.unique(maintain_order=True)


def _column_problems(whole: pl.DataFrame, answered: pl.DataFrame) -> list[str]:
    problems = []
    for case, column, check in whole.select("failure_case", "column", "check").iter_rows():
        if check == "column_in_dataframe":
            problems.append(f"no column {case}")
        elif str(check).startswith("dtype("):
            problems.append(f"column {column} is {answered.schema[column]}, not what its field needs")
    return sorted(set(problems)) or ["a check of the contract could not be evaluated"]


def _rules(field: OutputField) -> list[pa.Check]:
    rules: list[pa.Check] = []
    if field.type == "label":
        rules.append(_rule("is not one of the labels", lambda value: value.is_in(list(field.labels))))
    if field.type == "string":
        rules.append(_rule("is blank; the model must answer null instead", _not_blank))
        rules.append(
            _rule(
                f"is longer than {field.max_length} characters",
                lambda value: value.str.len_chars() <= field.max_length,
            )
        )
    if field.pattern is not None:
        rules.append(_pattern_rule(field.pattern))
    if field.type == "number":
        rules.append(_rule("is not a finite number", lambda value: value.is_finite()))
    rules += _bounds(field)
    if field.type == "list":
        rules += _list_rules(field)
    return rules


def _bounds(field: OutputField) -> list[pa.Check]:
    # NaN sorts above every number in Polars; `is_finite` reports it, the bounds leave it alone.
    rules = []
    if field.minimum is not None and math.isfinite(field.minimum):
        low = field.minimum
        rules.append(_rule(f"is below the minimum of {low:g}", lambda value: value >= low))
    if field.maximum is not None and math.isfinite(field.maximum):
        high = field.maximum
        rules.append(_rule(f"is above the maximum of {high:g}", lambda value: value <= high))
    return rules


def _list_rules(field: OutputField) -> list[pa.Check]:
    def all_items(test: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Expr], pl.Expr]:
        return lambda value: value.list.eval(test(pl.element()).fill_null(False)).list.all()

    rules = [
        _rule("has an item that is null or blank", all_items(_not_blank)),
        _rule(f"has more than {field.max_length} items", lambda value: value.list.len() <= field.max_length),
    ]
    if field.labels:
        labels = list(field.labels)
        rules.append(_rule("has an item that is not one of the labels", all_items(lambda item: item.is_in(labels))))
    return rules


def _not_blank(value: pl.Expr) -> pl.Expr:
    return value.str.strip_chars() != ""


def _rule(problem: str, holds: Callable[[pl.Expr], pl.Expr]) -> pa.Check:
    """A check of one column by a Polars expression; null passes, because nullability is a rule of its own."""
    import pandera.polars as pa

    def evaluate(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(holds(pl.col(data.key)).fill_null(True))

    return pa.Check(evaluate, name=problem, error=problem)


def _pattern_rule(pattern: str) -> pa.Check:
    # Python's `re`, as the spec promises: Polars' engine has no lookaround and no back-references.
    compiled = re.compile(pattern)

    def matches(values: pl.Series) -> pl.Series:
        wrong = [value for value in values.drop_nulls().unique() if compiled.fullmatch(value) is None]
        return ~values.is_in(wrong)

    return _rule("does not match its pattern", lambda value: value.map_batches(matches, return_dtype=pl.Boolean))
