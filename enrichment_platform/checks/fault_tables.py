"""Faults of the classified table that no provider can cause: rows lost, delivered twice or given to a neighbour."""

from __future__ import annotations

import random
from collections.abc import Collection

import polars as pl

from enrichment_platform.checks.fault_choice import Arrangement, FaultNotPossibleError, chosen, faulty_rows
from enrichment_platform.spec import ANSWER_COLUMNS, ROW_COLUMNS

TABLE_FAULTS = ("lost", "duplicated", "misaligned", "misaligned_values")


def as_table_fault(
    name: str, staged: pl.DataFrame, share: float, seed: int, arrangement: Arrangement = "scattered"
) -> tuple[pl.DataFrame, frozenset[str]]:
    """A classified table with one fault in it.

    Args:
        name: lost: rows are missing. duplicated: rows are there twice. misaligned: rows have the whole answer of the
            row before them, its request key included. misaligned_values: only the output columns moved, which no key
            tells.
        staged: row_id, partition_key, output columns and answer columns, in request order.
        share: Of the rows, in (0, 1]; rounded up.
        seed: The same seed, the same rows.
        arrangement: scattered, or one contiguous block of rows that can have it.

    Returns:
        The table and the ids of the faulty rows; every other row is as it was.

    Raises:
        ValueError: another name; a share out of range.
        FaultNotPossibleError: too few rows can have it.
    """
    if name not in TABLE_FAULTS:
        raise ValueError(f"{name} is no fault of a table; those are {', '.join(TABLE_FAULTS)}")
    wanted = faulty_rows(share, staged.height)
    rng = random.Random(f"{seed}/{name}/{share}/{arrangement}")  # noqa: S311 - no secret
    moved = [] if name in ("lost", "duplicated") else _moving(name, staged)
    places = list(range(staged.height)) if not moved else _unlike_the_one_before(staged, moved)
    if len(places) < wanted:
        raise FaultNotPossibleError(name, wanted, len(places))
    hit = sorted(chosen(places, wanted, arrangement, rng))
    ids = frozenset(staged.get_column("row_id").gather(hit))
    if name == "lost":
        kept = sorted(set(range(staged.height)) - set(hit))
        return staged[kept], ids
    if name == "duplicated":
        return staged[_twice(staged.height, hit, arrangement)], ids
    return _moved(staged, moved, hit), ids


def _moving(name: str, staged: pl.DataFrame) -> list[str]:
    fixed: Collection[str] = ROW_COLUMNS if name == "misaligned" else (*ROW_COLUMNS, *ANSWER_COLUMNS)
    return [column for column in staged.columns if column not in fixed]


def _unlike_the_one_before(staged: pl.DataFrame, columns: list[str]) -> list[int]:
    """Places of the rows to which it makes a difference; a text asked once answers all rows that have it."""
    identity = ["request_key"] if "request_key" in columns else columns
    values = staged.select(
        pl.struct(identity).map_batches(lambda column: column.struct.json_encode(), return_dtype=pl.String).alias("v")
    )
    differs = values.get_column("v").ne_missing(values.get_column("v").shift(1))
    return [place for place in differs.arg_true().to_list() if place > 0]


def _twice(height: int, hit: list[int], arrangement: Arrangement) -> list[int]:
    if arrangement == "contiguous":
        end = hit[-1] + 1
        return [*range(end), *hit, *range(end, height)]
    again = set(hit)
    return [place for row in range(height) for place in ([row, row] if row in again else [row])]


def _moved(staged: pl.DataFrame, columns: list[str], hit: list[int]) -> pl.DataFrame:
    is_hit = set(hit)
    source = [place - 1 if place in is_hit else place for place in range(staged.height)]
    taken = staged.select(columns)[source]
    return staged.with_columns(taken.get_columns())
