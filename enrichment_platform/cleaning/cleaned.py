"""A partition after its cleaning steps: the rows that stay, and those taken out, each with its reason."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from enrichment_platform.cleaning.engine import Engine, choose_engine
from enrichment_platform.cleaning.plan import PlannedStep, planned_steps
from enrichment_platform.cleaning.text_column import TextColumn
from enrichment_platform.cleaning.work import CleaningWork
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
        work: What each step did; `empty_text` counts the rows without any text.
    """

    rows: pl.DataFrame
    removed: pl.DataFrame
    work: CleaningWork

    @property
    def changed(self) -> dict[str, int]:
        """Operation -> rows that it changed or removed; `empty_text` counts those without any text."""
        return self.work.changed


def clean(frame: pl.DataFrame, spec: EnrichmentSpec, engine: Engine | None = None) -> Cleaned:
    """Apply the cleaning steps in order, then remove the rows that are left without text.

    A row is removed as `empty_text` when every text column is null or whitespace. Prompt columns that are
    not text (numbers, dates) are left as they are and do not count, unless no text column is there at all.

    Args:
        frame: Rows with String columns `row_id` and `partition_key` and the spec's text columns.
        spec: Its `cleaning.steps`, on its `text_columns`.
        engine: Where the steps run; as `cleaning.engine` says when absent.

    Raises:
        InputError: A step is wrong (see `check_steps`), a column is missing, `cleaning.columns` names one that is not
            text, or the engine that is asked for is not there.
    """
    steps = planned_steps(spec)
    engine = engine or choose_engine(spec)
    names = _text_columns(frame, spec)
    slices = math.ceil(_bytes(frame, names) / engine.slice_bytes) or 1
    parts = [
        _cleaned(part, spec, steps, names, engine) for part in frame.iter_slices(math.ceil(frame.height / slices) or 1)
    ] or [_cleaned(frame, spec, steps, names, engine)]
    return Cleaned(
        pl.concat([part.rows for part in parts]),
        pl.concat([part.removed for part in parts]),
        CleaningWork.total(part.work for part in parts),
    )


def _cleaned(
    frame: pl.DataFrame, spec: EnrichmentSpec, steps: list[PlannedStep], names: list[str], engine: Engine
) -> Cleaned:
    rows = frame.with_columns(pl.col(name).cast(pl.String) for name in names if frame.schema[name] == pl.Null)
    work = CleaningWork(engine.name, frame.height, _bytes(rows, names))
    began = time.perf_counter()
    texts = {name: engine.open(rows[name]) for name in names}
    removed = [pl.DataFrame(schema=REMOVED_SCHEMA)]
    alive = pl.Series([True]).new_from_index(0, frame.height)  # rows stay in place until the end, where the texts are
    for step in steps:
        started, tally = time.perf_counter(), work.step(step.operation.name)
        if step.operation.kind == "transform":
            changed = _any([text.transform(step) for text in texts.values()], frame.height)
            tally.rows += int((changed & alive).sum())
        else:
            detail = _where(alive, _flagged(texts, step, frame.height))
            removed.append(_removed(rows, detail, step.operation.reason))
            alive = alive & detail.is_null()
            tally.rows += len(detail) - detail.null_count()
        tally.seconds += time.perf_counter() - started
    rows = rows.with_columns(text.series().alias(name) for name, text in texts.items())
    empty = _where(alive, _without_text(rows, names or spec.text_columns))
    removed.append(_removed(rows, empty, EMPTY_TEXT))
    work.step(EMPTY_TEXT).rows += len(empty) - empty.null_count()
    kept = rows.filter(alive & empty.is_null())
    work.bytes_out = _bytes(kept, names)
    work.seconds = time.perf_counter() - began
    return Cleaned(kept.cast(frame.schema), pl.concat(removed), work)


def _bytes(rows: pl.DataFrame, columns: list[str]) -> int:
    return sum(int(rows[name].cast(pl.String).str.len_bytes().sum()) for name in columns)


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


def _flagged(texts: Mapping[str, TextColumn], step: PlannedStep, height: int) -> pl.Series:
    """Return one detail a row, null where the row stays."""
    details = {name: text.details(step) for name, text in texts.items()}
    flagged = _any([series.is_not_null() for series in details.values()], height)
    if step.operation.scope == "all":
        spared = [detail.is_null() & ~_blank(texts[name].series()) for name, detail in details.items()]
        flagged = flagged & ~_any(spared, height)
    parts = [pl.lit(f"{name}: ") + pl.col(name) for name in details]
    joined = pl.DataFrame(details).select(pl.concat_str(parts, separator="; ", ignore_nulls=True).alias("detail"))
    return _where(flagged, joined["detail"])


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
