"""One boolean SQL expression over the rows of a partition, in a DuckDB that can reach nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from enrichment_platform.checks.inputs import ROW_ID

HOLDS = "holds"
MEMORY_LIMIT = "256MB"  # half of what a whole suite may use
# An expression, and nothing that looks elsewhere: no SUBQUERY, no STAR (it can become several columns), no PARAMETER.
PARTS = frozenset(
    (
        *("BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT"),
        *("FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR", "TYPE"),
    )
)
_NAMES = {
    **{"SUBQUERY": "a query inside it", "STAR": "`*`", "PARAMETER": "a parameter", "POSITIONAL_REFERENCE": "`#n`"},
    "WINDOW": "a window, `over (...)`, which looks at other rows and at their order,",
}
# DuckDB evaluates these without brackets where no column has the name.
_CLOCK = frozenset(("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"))
_SESSION = frozenset(("current_catalog", "current_role", "current_schema", "current_user", "session_user"))
_USER = "user"  # the same, but likely enough as a column of the source
# Functions of the clock or the session that DuckDB lists as consistent, or without saying.
_UNSTEADY = frozenset(
    (
        *("ago", "getdate", "current_localtime", "current_localtimestamp", "current_query", "current_database"),
        *("current_schemas", "current_setting", "getvariable", "pg_conf_load_time", "pg_postmaster_start_time"),
        *("pg_my_temp_schema", _USER, *_SESSION),
    )
)
_UNKNOWN_COLUMN = re.compile(r'Referenced (?:column|table) "(.+?)" not found')
# DuckDB quotes the value that it stumbled on, so its own words stay out of what is said of rows.
_AT_RUN_TIME: dict[type[duckdb.Error], str] = {
    duckdb.ConversionException: "a value cannot be converted; with try_cast only its own row fails",
    duckdb.OutOfRangeException: "a number is out of range",
    duckdb.OutOfMemoryException: f"it needs more than {MEMORY_LIMIT} of memory",
    duckdb.InvalidInputException: "a function does not accept one of the values",
}


class ExpressionError(Exception):
    """An expression that cannot be used; the message holds names and types, never a value of a row."""


class UnknownColumnError(ExpressionError):
    """The expression names a column that there is not."""

    def __init__(self, column: str) -> None:
        super().__init__(f"there is no column {column}")
        self.column = column


@dataclass(frozen=True)
class SqlExpression:
    """A parsed expression: its text, and in lower case whatever in it may be the name of a column.

    `alone` are the names that stand without a table or struct before them.
    """

    text: str
    names: frozenset[str]
    alone: frozenset[str] = frozenset()


def parse(text: str) -> SqlExpression:
    """Read one expression.

    Raises:
        ExpressionError: it is none, more than one, holds a query or a window, or changes from call to call.
    """
    if re.search(r"[\x00\ud800-\udfff]", text):
        raise ExpressionError("it holds a character that is no text")
    with _sandbox() as connection:
        # Alone it may hold no bracket that closes ours; in brackets no alias, list or clause that follows it.
        found = [_select_list(connection, f"SELECT {form}") for form in (f"\n{text}\n", f"(\n{text}\n)")]
        parts = list(_parts(found[-1]))
        foreign = sorted({part["class"] for part in parts} - PARTS, key=lambda name: (name != "SUBQUERY", name))
        if foreign:
            raise ExpressionError(f"{_NAMES.get(foreign[0], foreign[0].lower())} is not allowed; write one expression")
        functions = {part["function_name"].lower() for part in parts if part.get("function_name")}
        fickle = connection.execute(
            "SELECT function_name FROM duckdb_functions() WHERE function_type IN ('scalar', 'macro')"
            " GROUP BY ALL HAVING bool_and(stability <> 'CONSISTENT')"
        ).fetchall()
    unsteady = sorted(functions & ({name for (name,) in fickle} | _UNSTEADY))
    if unsteady:
        raise _changing(f"{unsteady[0]}()")
    if any(part.get("function_name", "").lower() == "age" and len(part.get("children", [])) < 2 for part in parts):
        raise _changing("age() of one time")
    columns = [[name.lower() for name in part["column_names"]] for part in parts if part.get("column_names")]
    alone = frozenset(names[0] for names in columns if len(names) == 1)
    return SqlExpression(text, frozenset(name for names in columns for name in names), alone)


def result_type(expression: SqlExpression, columns: Mapping[str, str | None]) -> str:
    """DuckDB's name of the type that the expression has.

    Args:
        expression: The expression.
        columns: DuckDB type by column name, row_id among them; None where it is not known.

    Raises:
        UnknownColumnError: it names another column.
        ExpressionError: DuckDB does not accept it for these types.
    """
    _refuse_unsteady_names(expression, columns)
    fields = ", ".join(f"NULL{f'::{dtype}' if dtype else ''} AS {_quoted(name)}" for name, dtype in columns.items())
    query = f"SELECT {ROW_ID}, (\n{expression.text}\n) AS {HOLDS} FROM (SELECT {fields}) AS answered"  # noqa: S608
    with _sandbox() as connection:
        try:
            described = connection.execute(f"DESCRIBE {query}").fetchall()
            rows = len(connection.execute(query).fetchall())  # a constant that cannot be converted shows only now
        except duckdb.Error as error:
            raise _unknown_column(error) or ExpressionError(_first_paragraph(str(error))) from None
    if rows != 1:
        raise ExpressionError(f"it gives {rows} rows for one")
    return str(described[1][1])


def evaluate(expression: SqlExpression, rows: pl.DataFrame) -> pl.DataFrame:
    """The expression of each row.

    Args:
        expression: The expression.
        rows: row_id and the columns that it may use.

    Returns:
        Frame (row_id String, holds Boolean or null), one row a row of `rows`, in any order.

    Raises:
        ExpressionError: a column is missing or ambiguous, a value breaks the expression, it is not boolean.
    """
    _refuse_unsteady_names(expression, rows.columns)
    used = [name for name in rows.columns if name == ROW_ID or name.lower() in expression.names]
    twice = sorted({name.lower() for name in used if [other.lower() for other in used].count(name.lower()) > 1})
    if twice:
        raise ExpressionError(
            f"column {twice[0]} is there twice, in upper and lower case, which SQL does not tell apart"
        )
    plain = rows.select(used).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    with _sandbox(plain) as connection:
        try:
            result = connection.execute(
                f"SELECT {ROW_ID}, (\n{expression.text}\n) AS {HOLDS} FROM answered"  # noqa: S608
            ).to_arrow_table()
        except duckdb.Error as error:
            raise _unknown_column(error) or ExpressionError(_reason(error, plain)) from None
    outcome = pl.DataFrame(result)
    if outcome.schema.get(HOLDS) != pl.Boolean:
        raise ExpressionError(f"it gives {outcome.schema.get(HOLDS)}, not true or false")
    return outcome


def _refuse_unsteady_names(expression: SqlExpression, columns: Iterable[str]) -> None:
    absent = expression.alone - {name.lower() for name in columns}
    if _USER in absent:
        raise UnknownColumnError(_USER)
    unsteady = sorted(absent & (_CLOCK | _SESSION))
    if unsteady:
        raise _changing(unsteady[0])


def _changing(what: str) -> ExpressionError:
    return ExpressionError(
        f"{what} gives another result each time; a verdict has to be the same whenever it is reached"
    )


@contextmanager
def _sandbox(rows: pl.DataFrame | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory, with `rows` as table `answered`, and no way to a file, a network, a setting or an extension."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": "",
        "memory_limit": MEMORY_LIMIT,
        "threads": "1",
        "ieee_floating_point_ops": "false",  # 1 / 0 is null, and the row fails, instead of infinite and large enough
    }
    with duckdb.connect(":memory:", config=settings) as connection:
        connection.execute("SET TimeZone = 'UTC'")  # a verdict does not depend on where it is reached
        if rows is not None:
            connection.register("answered", rows.to_arrow())
        connection.execute("SET lock_configuration = true")
        yield connection


def _select_list(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    try:
        found = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    except duckdb.Error as error:
        raise ExpressionError(f"it is not one SQL expression ({type(error).__name__})") from None
    tree = json.loads(found[0][0])
    if tree["error"]:
        raise ExpressionError(f"it is not one SQL expression: {_first_paragraph(tree.get('error_message', ''))}")
    nodes = [statement["node"] for statement in tree["statements"]]
    alone = len(nodes) == 1 and nodes[0]["type"] == "SELECT_NODE" and len(nodes[0]["select_list"]) == 1
    empty = {"select_list", "type", "from_table", "cte_map", "aggregate_handling"}
    if (
        not alone
        or nodes[0]["from_table"]["type"] != "EMPTY"
        or nodes[0]["cte_map"]["map"]
        or nodes[0]["aggregate_handling"] != "STANDARD_HANDLING"
        or any(value for name, value in nodes[0].items() if name not in empty)
        or nodes[0]["select_list"][0].get("alias")
    ):
        raise ExpressionError("it is not one SQL expression; write what may stand between SELECT and FROM, once")
    return list(nodes[0]["select_list"])


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from _parts(branch)


def _unknown_column(error: duckdb.Error) -> UnknownColumnError | None:
    found = _UNKNOWN_COLUMN.search(str(error)) if isinstance(error, duckdb.BinderException) else None
    return UnknownColumnError(found[1]) if found else None


def _reason(error: duckdb.Error, rows: pl.DataFrame) -> str:
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        types = ", ".join(f"{name} {dtype}" for name, dtype in rows.schema.items() if name != ROW_ID)
        return f"it does not fit the types of its columns ({types})"
    return next((text for kind, text in _AT_RUN_TIME.items() if isinstance(error, kind)), type(error).__name__)


def _first_paragraph(message: str) -> str:
    words = re.split(r"\n\s*(?:\n|LINE |Candidate )", message)[0].split()
    return re.sub(r"^\w+(?: \w+)? Error: ", "", " ".join(words)).rstrip(".")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
