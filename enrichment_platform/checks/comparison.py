"""What a change of prompt or model did: the same golden rows before and after, and the labels that changed."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from enrichment_platform.checks.findings import percent
from enrichment_platform.checks.history import CANARY_SCHEMA
from enrichment_platform.checks.inputs import ROW_ID, UnusableInputError, require_columns
from enrichment_platform.checks.interval import wilson_interval


@dataclass(frozen=True)
class Comparison:
    """Golden rows that were answered under both fingerprints; a row is right where all its known fields are.

    Args:
        rows: How many there are.
        right_before, right_after: How many of them were right.
        repaired: Wrong before and right after.
        broken: Right before and wrong after.
        p_value: Of McNemar's exact test that as many are repaired as are broken; 1 where there is no row.
    """

    rows: int
    right_before: int
    right_after: int
    repaired: int
    broken: int
    p_value: float


@dataclass(frozen=True)
class FlipRate:
    """Rows that were labelled twice, and how many got another label; `low` and `high` bound the share (95%, Wilson)."""

    flipped: int
    rows: int
    low: float
    high: float


def mcnemar(before: pl.DataFrame, after: pl.DataFrame) -> Comparison:
    """Compare the latest answer of each golden row and field before with the latest one after.

    Args:
        before, after: `CANARY_SCHEMA`; fields and golden rows that are not in both are left out.

    Raises:
        UnusableInputError: a table lacks a column.
    """
    pairs = _latest(before, "before").join(_latest(after, "after"), on=["golden_id", "field"], suffix="_after")
    rows = pairs.group_by("golden_id").agg(pl.col("correct", "correct_after").all())
    was, now = rows.get_column("correct"), rows.get_column("correct_after")
    repaired, broken = int((~was & now).sum()), int((was & ~now).sum())
    return Comparison(rows.height, int(was.sum()), int(now.sum()), repaired, broken, _sign_test(repaired, broken))


def flip_rate(before: pl.DataFrame, after: pl.DataFrame) -> FlipRate:
    """Share of rows that have another value in any column that both tables have.

    Args:
        before, after: row_id and label columns; rows that are not in both are left out. Null is a value of its own.

    Raises:
        UnusableInputError: a table lacks row_id, has it twice, or the two have no other column in common.
    """
    for name, table in (("before", before), ("after", after)):
        require_columns(name, table, {ROW_ID: pl.String})
        if table.get_column(ROW_ID).n_unique() < table.height:
            raise UnusableInputError(f"{name}: a row_id is there twice")
    labels = [column for column in before.columns if column in after.columns and column != ROW_ID]
    if not labels:
        raise UnusableInputError("before, after: no label column in common")
    pairs = before.select(ROW_ID, *labels).join(after.select(ROW_ID, *labels), on=ROW_ID, suffix="_after")
    other = pl.any_horizontal(pl.col(label).ne_missing(pl.col(f"{label}_after")) for label in labels)
    flipped = pairs.filter(other).height
    return FlipRate(flipped, pairs.height, *wilson_interval(flipped, pairs.height))


def comparison_sentence(golden: Comparison, flips: FlipRate | None) -> str:
    """What the change did, in one sentence: `accuracy 91% -> 94% on 120 golden rows, McNemar p = .03; ...`."""
    parts = []
    if golden.rows:
        was, now = _whole(golden.right_before / golden.rows), _whole(golden.right_after / golden.rows)
        parts.append(
            f"accuracy {was} -> {now} on {golden.rows:,} golden rows"
            f" ({golden.repaired} repaired, {golden.broken} broken), McNemar p = {shown_p(golden.p_value)}"
        )
    else:
        parts.append("no golden row was answered under both, so the accuracy cannot be compared")
    if flips is not None and flips.rows:
        share = flips.flipped / flips.rows
        parts.append(
            f"{_whole(share)} of labels flipped ({_whole(flips.low)} to {_whole(flips.high)}, {flips.rows:,} rows)"
        )
    else:
        parts.append("no row was labelled under both, so the share of flipped labels is not known")
    return "; ".join(parts)


def shown_p(p_value: float) -> str:
    """The p-value for a person: .03, .0004, below .0001."""
    if p_value >= 0.995:
        return "1"
    return f"{p_value:.2g}".removeprefix("0") if p_value >= 0.0001 else "below .0001"


def _latest(table: pl.DataFrame, name: str) -> pl.DataFrame:
    require_columns(name, table, CANARY_SCHEMA)
    ordered = table.sort("partition_key", "golden_id", "field", "correct")
    return ordered.unique(["golden_id", "field"], keep="last", maintain_order=True)


def _sign_test(repaired: int, broken: int) -> float:
    from scipy import stats

    changed = repaired + broken
    return float(stats.binomtest(repaired, changed).pvalue) if changed else 1.0


def _whole(share: float) -> str:
    return percent(round(share, 2))
