"""The relational end of the cleaning plan, on rows whose texts are clean: one Polars LazyFrame, which cuDF runs too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from enrichment_platform.cleaning.joined import with_joined
from enrichment_platform.cleaning.tokens import estimated_tokens_expr
from enrichment_platform.cleaning_spec import DUPLICATE_COLUMNS, JoinSpec

POSITION = "~position"
SMALLEST_BUCKET, LARGEST_BUCKET = 5, 20  # powers of two


@dataclass(frozen=True)
class TailInputs:
    """What the rows of a batch are joined with, by `~position` (Int64).

    Attributes:
        duplicates: `~position`, DUPLICATE_COLUMNS, `asked_as` of the rows that are duplicates; None: not looked for.
        groups: `~position`, `prefix_group` (Int64) of rows that share their beginning; None: not asked for.
        joins: Each join with its table (see `joined_table`); rows carry `~key0`, `~at0` of the first, and so on.
        as_of: Whether the engine has as-of joins (see `with_joined`).
    """

    duplicates: pl.LazyFrame | None = None
    groups: pl.LazyFrame | None = None
    joins: Sequence[tuple[JoinSpec, pl.LazyFrame]] = ()
    as_of: bool = False


def tail(rows: pl.LazyFrame, inputs: TailInputs, token_columns: Sequence[str], add: Sequence[str]) -> pl.LazyFrame:
    """Add what the spec asks for to each row, in the order of the rows.

    Args:
        rows: Rows with `~position`, unique and ascending.
        inputs: What they are joined with.
        token_columns: Text columns that the prompt holds.
        add: Of `cleaning.add`.

    Returns:
        The rows without `~position`, with the columns of the joins, then `add`, then DUPLICATE_COLUMNS and `asked_as`.
    """
    for number, (join, table) in enumerate(inputs.joins):
        named = {f"~key{number}": "~key", f"~at{number}": "~at"}
        renamed = rows.rename({old: new for old, new in named.items() if join.known_at or new == "~key"})
        rows = with_joined(renamed, table, join, as_of=inputs.as_of)
    if "estimated_tokens" in add or "length_bucket" in add:
        rows = rows.with_columns(_tokens(token_columns).alias("~tokens"))
    if "estimated_tokens" in add:
        rows = rows.with_columns(pl.col("~tokens").alias("estimated_tokens"))
    if "length_bucket" in add:
        rows = rows.with_columns(_bucket(pl.col("~tokens")).alias("length_bucket"))
    if inputs.groups is not None:
        rows = rows.join(inputs.groups, on=POSITION, how="left", maintain_order="left").with_columns(
            pl.col("prefix_group").fill_null(0)
        )
    if inputs.duplicates is not None:
        rows = rows.join(inputs.duplicates, on=POSITION, how="left", maintain_order="left")
    # The streaming engine of cuDF keeps no order: a total key restores it.
    last = [*add, *([*DUPLICATE_COLUMNS, "asked_as"] if inputs.duplicates is not None else [])]
    return rows.sort(POSITION).select(pl.exclude(POSITION, "~tokens", *last), *last)


def _tokens(columns: Sequence[str]) -> pl.Expr:
    return pl.sum_horizontal(estimated_tokens_expr(name).fill_null(0) for name in columns).cast(pl.Int32)


def _bucket(tokens: pl.Expr) -> pl.Expr:
    """Return the smallest power of two that is not below `tokens`, at least 32 and at most 1,048,576 (Int32)."""
    bucket = pl.lit(2**LARGEST_BUCKET, pl.Int32)
    for power in range(LARGEST_BUCKET - 1, SMALLEST_BUCKET - 1, -1):
        bucket = pl.when(tokens <= 2**power).then(pl.lit(2**power, pl.Int32)).otherwise(bucket)
    return bucket
