"""A partition after its cleaning steps: the rows that stay, and those taken out, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from enrichment_platform.cleaning.plan import PlannedStep, planned_steps
from enrichment_platform.errors import InputError
from enrichment_platform.spec import ROW_COLUMNS, EnrichmentSpec

EMPTY_TEXT = "empty_text"
# Unicode's White_Space property, spelled out: \s differs between engines and Unicode versions.
BLANK = r"^[\x09-\x0d \x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*$"
REMOVED_SCHEMA = {name: pl.String() for name in (*ROW_COLUMNS, "reason", "detail")}


@dataclass(frozen=True)
class Cleaned:
    """What cleaning a frame gave; `rows` and `removed` hold each row of the input exactly once.

    Attributes:
        rows: Surviving rows in their order, all columns of the input, text columns replaced.
        removed: row_id, partition_key, reason, detail (all String), by step; detail never holds row text.
        changed: Operation -> rows that it changed or removed; `empty_text` counts those without any text.
    """

    rows: pl.DataFrame
    removed: pl.DataFrame
    changed: dict[str, int]


def clean(frame: pl.DataFrame, spec: EnrichmentSpec) -> Cleaned:
    """Apply the cleaning steps in order, then remove the rows that are left without text.

    A row is removed as `empty_text` when every text column is null or whitespace. Prompt columns that are
    not text (numbers, dates) are left as they are and do not count, unless no text column is there at all.

    Args:
        frame: Rows with String columns `row_id` and `partition_key` and the spec's text columns.
        spec: Its `cleaning.steps`, on its `text_columns`.

    Raises:
        InputError: A step is wrong (see `check_steps`), a column is missing, or `cleaning.columns` names one
            that is not text.
    """
    steps = planned_steps(spec)
    columns = _text_columns(frame, spec)
    rows = frame.with_columns(pl.col(name).cast(pl.String) for name in columns if frame.schema[name] == pl.Null)
    removed = [pl.DataFrame(schema=REMOVED_SCHEMA)]
    changed = dict.fromkeys([step.operation.name for step in steps] + [EMPTY_TEXT], 0)
    for step in steps:
        if step.operation.kind == "transform":
            rows, count = _transformed(rows, columns, step)
        else:
            detail = _flagged(rows, columns, step)
            removed.append(_removed(rows, detail, step.operation.reason))
            rows, count = rows.filter(detail.is_null()), len(detail) - detail.null_count()
        changed[step.operation.name] += count
    empty = _without_text(rows, columns or spec.text_columns)
    removed.append(_removed(rows, empty, EMPTY_TEXT))
    changed[EMPTY_TEXT] = len(empty) - empty.null_count()
    return Cleaned(rows.filter(empty.is_null()).cast(frame.schema), pl.concat(removed), changed)


def _text_columns(frame: pl.DataFrame, spec: EnrichmentSpec) -> list[str]:
    missing = [name for name in (*ROW_COLUMNS, *spec.text_columns) if name not in frame.columns]
    if missing:
        raise InputError(
            f"enrichment {spec.name!r}: cleaning needs the columns {', '.join(missing)};"
            f" the table has {', '.join(frame.columns)}"
        )
    other = [name for name in spec.text_columns if frame.schema[name] not in (pl.String, pl.Null)]
    if other and spec.cleaning.columns:
        types = ", ".join(f"{name} ({frame.schema[name]})" for name in other)
        raise InputError(
            f"enrichment {spec.name!r}: cleaning.columns names columns that are not text: {types};"
            " take them out of the list"
        )
    return [name for name in spec.text_columns if name not in other]


def _transformed(rows: pl.DataFrame, columns: list[str], step: PlannedStep) -> tuple[pl.DataFrame, int]:
    new = {name: _column(rows, name, step) for name in columns}
    differs = _any([rows[name].ne_missing(series) for name, series in new.items()], rows.height)
    return rows.with_columns(**new), int(differs.sum())


def _flagged(rows: pl.DataFrame, columns: list[str], step: PlannedStep) -> pl.Series:
    """Return one detail a row, null where the row stays."""
    details = {name: _column(rows, name, step) for name in columns}
    flagged = _any([series.is_not_null() for series in details.values()], rows.height)
    if step.operation.scope == "all":
        spared = [details[name].is_null() & ~_blank(rows[name]) for name in columns]
        flagged = flagged & ~_any(spared, rows.height)
    parts = [pl.lit(f"{name}: ") + pl.col(name) for name in columns]
    joined = pl.DataFrame(details).select(pl.concat_str(parts, separator="; ", ignore_nulls=True).alias("detail"))
    return _where(flagged, joined["detail"])


def _column(rows: pl.DataFrame, name: str, step: PlannedStep) -> pl.Series:
    result = step.operation.kernel(rows[name], **step.parameters)
    if len(result) != rows.height or result.dtype not in (pl.String, pl.Null):
        raise TypeError(
            f"cleaning operation {step.operation.name!r} must return a String column of {rows.height} rows,"
            f" it returned {result.dtype} of {len(result)}"
        )
    return result.cast(pl.String).alias(name)


def _without_text(rows: pl.DataFrame, columns: list[str]) -> pl.Series:
    some = _any([~_blank(rows[name]) for name in columns], rows.height)
    return _where(~some, pl.Series([f"{', '.join(columns)}: no text"]).new_from_index(0, rows.height))


def _blank(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String:
        return column.is_null()
    return column.str.contains(BLANK).fill_null(True)


def _removed(rows: pl.DataFrame, detail: pl.Series, reason: str) -> pl.DataFrame:
    columns = [pl.col(name).cast(pl.String) for name in ROW_COLUMNS]
    taken = rows.select(*columns, pl.lit(reason).alias("reason"), detail.alias("detail"))
    return taken.filter(pl.col("detail").is_not_null())


def _any(masks: list[pl.Series], height: int) -> pl.Series:
    result = pl.Series([False]).new_from_index(0, height)
    for mask in masks:
        result = result | mask
    return result


def _where(mask: pl.Series, values: pl.Series) -> pl.Series:
    nothing: Mapping[str, pl.Series] = {"mask": mask, "value": values}
    return pl.DataFrame(nothing).select(pl.when("mask").then("value"))["value"]
