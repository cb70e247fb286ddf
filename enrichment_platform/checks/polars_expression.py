"""One boolean Polars expression over the rows of a partition, from a function of the project."""

from __future__ import annotations

import importlib

import polars as pl

from enrichment_platform.checks.inputs import ROW_ID
from enrichment_platform.checks.sql_expression import HOLDS, ExpressionError, UnknownColumnError


def load(path: str) -> pl.Expr:
    """What the function `package.module:function` returns, called without arguments.

    Raises:
        ExpressionError: it cannot be imported or called, or returns something else.
    """
    module_name, _, name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - whatever a project's module raises when it is imported
        raise ExpressionError(f"{module_name} cannot be imported ({type(error).__name__}: {error})") from None
    function = getattr(module, name, None)
    if not callable(function):
        raise ExpressionError(f"{module_name} has no function {name}")
    try:
        expression = function()
    except Exception as error:  # noqa: BLE001 - whatever a project's function raises
        raise ExpressionError(f"{path} raises {type(error).__name__}; it is called without arguments") from None
    if not isinstance(expression, pl.Expr):
        raise ExpressionError(f"{path} returns {type(expression).__name__}, not a polars.Expr")
    return expression


def result_type(expression: pl.Expr, columns: dict[str, pl.DataType]) -> pl.DataType:
    """The type that the expression has over columns of these types.

    Raises:
        UnknownColumnError: it names another column.
        ExpressionError: Polars does not accept it for these types, or it gives several columns.
    """
    unknown = [name for name in expression.meta.root_names() if name not in columns]
    if unknown:
        raise UnknownColumnError(unknown[0])
    try:
        schema = pl.LazyFrame(schema=columns).select(expression).collect_schema()
    except Exception as error:  # noqa: BLE001 - Polars and functions inside the expression raise what they like
        raise ExpressionError(f"it does not fit the types of its columns ({type(error).__name__})") from None
    if len(schema) != 1:
        raise ExpressionError(f"it gives {len(schema)} columns, not one")
    return schema.dtypes()[0]


def evaluate(expression: pl.Expr, rows: pl.DataFrame) -> pl.DataFrame:
    """The expression of each row.

    Returns:
        Frame (row_id String, holds Boolean or null), one row a row of `rows`.

    Raises:
        ExpressionError: a column is missing, a value breaks the expression, it is not boolean.
    """
    dtype = result_type(expression, dict(rows.schema))
    if dtype != pl.Boolean:
        raise ExpressionError(f"it gives {dtype}, not true or false")
    try:
        return rows.select(ROW_ID, expression.alias(HOLDS))
    except Exception as error:  # noqa: BLE001 - Polars quotes values in its errors, so only their kind is told
        raise ExpressionError(f"it fails on a value ({type(error).__name__})") from None
