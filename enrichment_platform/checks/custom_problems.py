"""What is wrong with the checks of one's own, as far as it can be told before any data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import polars as pl

from enrichment_platform.check_spec import CustomCheck
from enrichment_platform.checks import polars_expression, sql_expression
from enrichment_platform.checks.catalogue import DESCRIPTIONS
from enrichment_platform.checks.custom import output_types
from enrichment_platform.checks.sql_expression import ExpressionError, UnknownColumnError
from enrichment_platform.spec import ROW_COLUMNS, EnrichmentSpec

T = TypeVar("T")
_SQL_TYPES = {
    pl.String(): "VARCHAR",
    pl.Float64(): "DOUBLE",
    pl.Int64(): "BIGINT",
    pl.Date(): "DATE",
    pl.Boolean(): "BOOLEAN",
    pl.List(pl.String): "VARCHAR[]",
}
# Parquet and SQL sources keep their types, so a source column may be any of these.
_SQL_CANDIDATES = (None, "VARCHAR", "BOOLEAN", "DOUBLE", "TIMESTAMP", "VARCHAR[]")
_POLARS_CANDIDATES: tuple[pl.DataType, ...] = (
    pl.String(),
    pl.Boolean(),
    pl.Float64(),
    pl.Datetime("us", "UTC"),
    pl.List(pl.String),
)


def custom_problems(spec: EnrichmentSpec) -> list[str]:
    """Problems of `checks.custom`, one sentence each, empty where there is none.

    Where `source.columns` does not list the columns of the source, one that is not known may exist; whether it does
    shows when the check runs.
    """
    problems = []
    for check in spec.checks.custom:
        where = f"checks.custom.{check.name}"
        if check.name in DESCRIPTIONS:
            taken = ", ".join(DESCRIPTIONS)
            problems.append(f"{where}: the name belongs to a check of the suite; choose one that is none of {taken}")
            continue
        try:
            _look(check, spec)
        except UnknownColumnError as error:
            known = ", ".join([*_outputs(spec), *sorted(_sources(spec))])
            problems.append(f"{where}: {error}; use {known}")
        except ExpressionError as error:
            problems.append(f"{where}: {error}")
    return problems


def _look(check: CustomCheck, spec: EnrichmentSpec) -> None:
    if check.polars is not None:
        _look_at_polars(polars_expression.load(check.polars), spec)
    else:
        _look_at_sql(sql_expression.parse(check.sql or check.rate or ""), spec)


def _look_at_sql(expression: sql_expression.SqlExpression, spec: EnrichmentSpec) -> None:
    own: dict[str, str | None] = {name: _SQL_TYPES[dtype] for name, dtype in _outputs(spec).items()}
    sources = _sources(spec)

    def typed(candidate: str | None) -> str:
        while True:
            try:
                return sql_expression.result_type(expression, {**dict.fromkeys(sources, candidate), **own})
            except UnknownColumnError as error:
                if spec.source.columns or error.column in sources:
                    raise
                sources.add(error.column)

    untyped = _settled(typed, _SQL_CANDIDATES, "BOOLEAN")
    used = {name for name in (*own, *sources) if name.lower() in expression.names}
    if not used:
        raise ExpressionError("it names no column, so it says nothing of a row")
    if untyped is not None and used <= own.keys():
        raise untyped


def _look_at_polars(expression: pl.Expr, spec: EnrichmentSpec) -> None:
    own = _outputs(spec)
    roots = set(expression.meta.root_names())
    if not roots and not expression.meta.has_multiple_outputs():
        raise ExpressionError("it names no column, so it says nothing of a row")
    sources = _sources(spec) if spec.source.columns else _sources(spec) | (roots - own.keys())

    def typed(candidate: pl.DataType) -> pl.DataType:
        return polars_expression.result_type(expression, {**dict.fromkeys(sources, candidate), **own})

    untyped = _settled(typed, _POLARS_CANDIDATES, pl.Boolean())
    if untyped is not None and roots <= own.keys():
        raise untyped


def _settled(typed: Callable[[T], object], candidates: tuple[T, ...], boolean: object) -> ExpressionError | None:
    """Try the types that source columns may have.

    Returns:
        None where the expression is boolean for one of them; the first error where it fits none of them, but might
        fit columns of several types.

    Raises:
        ExpressionError: it is of another type whenever it fits, or the error is not one of types.
    """
    types: list[object] = []
    errors: list[ExpressionError] = []
    for candidate in candidates:
        try:
            types.append(typed(candidate))
        except UnknownColumnError:
            raise
        except ExpressionError as error:
            errors.append(error)
    if boolean in types:
        return None
    if types:
        raise ExpressionError(f"it gives {types[0]}, not true or false; compare it with something")
    if len({str(error) for error in errors}) == 1:
        raise errors[0]  # the types make no difference to it
    return errors[0]


def _outputs(spec: EnrichmentSpec) -> Mapping[str, pl.DataType]:
    return {**dict.fromkeys(ROW_COLUMNS, pl.String()), **output_types(spec)}


def _sources(spec: EnrichmentSpec) -> set[str]:
    kept = {*spec.source.columns, *spec.source.key, *([spec.source.timestamp] if spec.source.timestamp else [])}
    return kept | set(spec.prompt.columns)
