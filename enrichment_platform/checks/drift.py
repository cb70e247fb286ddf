"""Distributions of a partition that moved away from their own history: labels, inputs, lengths of outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from scipy import special

from enrichment_platform.checks.dispersion import MIN_ROWS, FloatArray, Forecast, calendar, forecast, quasi_f, upward
from enrichment_platform.checks.family import Move, strongest
from enrichment_platform.checks.findings import percent, sample_ids
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables
from enrichment_platform.checks.profile import (
    ITEM,
    LABEL,
    LENGTH,
    NULL_VALUE,
    Series,
    comparable,
    input_counts,
    label_counts,
    output_counts,
    present_key,
    series,
)
from enrichment_platform.checks.results import Signal
from enrichment_platform.spec import EnrichmentSpec

LABEL_MOVE = 0.03  # CHECKS.md
SCRIPT_MOVE = 0.03  # as for labels: a script is a category of the row
LENGTH_MOVE = 0.10
"""Share of rows in other length classes; ours. Inputs change by themselves: a smaller move is no reason to look."""
SLOW_MOVE = 0.05
"""Between a collapse that one day shows (20%: 13 points of a 35% label) and a year's natural change; ours."""
_BLOCKS = {"hourly": 168, "daily": 7, "weekly": 4, "monthly": 3}
"""Partitions that are pooled, so that what comes round cancels: hours and weekdays in a week, the turn of the month in
four weeks. A year would be six years of history; a quarter is what months leave."""
_SLOW_BLOCKS = 6


def label_shift(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """Labels, booleans and items of closed lists are spread otherwise than in the history.

    Each field is compared as a whole (quasi-F), and for what a collapse does: the majority label, or the first of the
    list, has grown (one-sided).

    Raises:
        UnusableInputError: staged lacks an output column, or no row has an answer.
    """
    usable, learning = comparable(series(tables, label_counts(spec, tables)), spec.partitions.type)
    moves = [move for one in usable for move in _label_moves(spec, tables, one)]
    return strongest(moves, f"Labels are spread as in {_span(usable)}.", learning)


def input_shift(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """Lengths or scripts of the texts that the model saw differ from the history.

    Raises:
        UnusableInputError: cleaned lacks row_id or a column of the prompt.
    """
    usable, learning = comparable(series(tables, input_counts(spec, tables)), spec.partitions.type)
    moves = [
        move
        for one in usable
        for move in (
            _length_moves(spec, tables, one, "the texts' length")
            if one.metric == LENGTH
            else [_whole(spec, tables, one, "the texts' script", SCRIPT_MOVE)]
        )
    ]
    return strongest(moves, f"Texts are as long, and in the same scripts, as in {_span(usable)}.", learning)


def output_shift(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """Values of free-text fields are longer or shorter than in the history.

    Raises:
        UnusableInputError: staged lacks an output column, or no row has an answer.
    """
    usable, learning = comparable(series(tables, output_counts(spec, tables)), spec.partitions.type)
    moves = [move for one in usable for move in _length_moves(spec, tables, one, f"the length of {one.field}")]
    return strongest(moves, f"Free texts are as long as in {_span(usable)}.", learning)


def slow_drift(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """A label, the majority or the first of the list, that has grown for weeks by less than a day's variation a day.

    The last block of partitions, of days 7, is pooled and compared with the first two of the baseline. The yardstick is
    how much blocks differ from one to the next, over as many as lie between (a random walk): level changes that are
    usual for this enrichment explain themselves. Static partitions have no order, so there is none.

    Raises:
        UnusableInputError: staged lacks an output column, or no row has an answer.
    """
    found = [one for one in series(tables, label_counts(spec, tables)) if one.metric == LABEL]
    if spec.partitions.type == "static":
        return strongest([], "", "static partitions have no order in time")
    size = _BLOCKS[spec.partitions.type]
    needed = size * _SLOW_BLOCKS
    usable = [one for one in found if len(one.keys) + 1 >= needed and one.total >= MIN_ROWS]
    partitions = max((len(one.keys) for one in found), default=0)
    moves = [_slow_move(one, label, size) for one in usable for label in _collapsing(spec, one)]
    return strongest(
        moves, f"No label has grown since {_span(usable)}.", f"{partitions:,} of {needed - 1:,} partitions"
    )


def _label_moves(spec: EnrichmentSpec, tables: PartitionTables, one: Series) -> list[Move]:
    if one.metric == ITEM:
        return [_two_sided(spec, tables, one, value) for value in one.values]
    if len(one.values) == 2:  # the shares mirror each other: one comparison says it all
        return [_two_sided(spec, tables, one, one.values[int(one.counts.sum(axis=0).argmax())])]
    whole = _whole(spec, tables, one, one.field, LABEL_MOVE, rows_of=True)
    return [whole, *(_absorbed(spec, tables, one, label) for label in _collapsing(spec, one))]


def _whole(
    spec: EnrichmentSpec, tables: PartitionTables, one: Series, what: str, least: float, *, rows_of: bool = False
) -> Move:
    days = calendar(one.keys, present_key(tables), spec.partitions.type)
    predicted = forecast(one.counts, one.totals, one.now, one.total, days)
    p_value = quasi_f(one.counts, one.totals, one.now, one.total, predicted, days)
    moved = one.now / one.total - predicted.expected
    # Labels: the largest move; lengths and scripts: the share of rows that are in another class.
    size = float(np.abs(moved).max() if rows_of else np.abs(moved).sum() / 2)
    most, grown = int(np.abs(moved).argmax()), int(moved.argmax())
    message = f"{what}: {_moved(one, most, predicted.expected)}. Compared with {_span([one])}."
    rows = _rows_with(spec, tables, one.field, one.values[grown]) if rows_of else ()
    return Move(p_value, size >= least, message, rows, round(float(moved[grown]) * one.total))


def _length_moves(spec: EnrichmentSpec, tables: PartitionTables, one: Series, what: str) -> list[Move]:
    """As a whole, and the one direction that lengths have: how many rows are above the usual half."""
    order = sorted(range(len(one.values)), key=lambda place: int(one.values[place].split("-")[0]))
    pooled = one.counts.sum(axis=0)[order].cumsum() / one.counts.sum()
    longer = [place for place, below in zip(order[1:], pooled[:-1], strict=True) if below >= 0.5] or order[-1:]
    half = Series(
        *(one.metric, one.field, one.keys, (f"{one.values[longer[0]].split('-')[0]} characters and more",)),
        *(one.counts[:, longer].sum(axis=1, keepdims=True), one.totals, one.now[longer].sum(keepdims=True), one.total),
    )
    days = calendar(one.keys, present_key(tables), spec.partitions.type)
    predicted = forecast(half.counts, half.totals, half.now, half.total, days)
    moved = float(half.now[0] / half.total - predicted.expected[0])
    p_value = _both_ways(half, predicted)
    message = f"{what}: {_moved(half, 0, predicted.expected)}. Compared with {_span([one])}."
    directed = Move(p_value, abs(moved) >= LENGTH_MOVE, message, (), round(abs(moved) * one.total))
    return [_whole(spec, tables, one, what, LENGTH_MOVE), directed]


def _two_sided(spec: EnrichmentSpec, tables: PartitionTables, one: Series, value: str) -> Move:
    alone = one.only([value])
    days = calendar(one.keys, present_key(tables), spec.partitions.type)
    predicted = forecast(alone.counts, alone.totals, alone.now, alone.total, days)
    moved = float(alone.now[0] / one.total - predicted.expected[0])
    message = f"{one.field}: {_moved(alone, 0, predicted.expected)}. Compared with {_span([one])}."
    rows = _rows_with(spec, tables, one.field, value) if moved > 0 else ()
    return Move(_both_ways(alone, predicted), abs(moved) >= LABEL_MOVE, message, rows, round(abs(moved) * one.total))


def _both_ways(alone: Series, predicted: Forecast) -> float:
    rest = replace(predicted, expected=1 - predicted.expected, t=-predicted.t)  # an angle's complement mirrors it
    both = (upward(predicted, alone.now, alone.total)[0], upward(rest, alone.total - alone.now, alone.total)[0])
    return float(min(1.0, 2 * min(both)))


def _absorbed(spec: EnrichmentSpec, tables: PartitionTables, one: Series, label: str) -> Move:
    alone = one.only([label])
    days = calendar(one.keys, present_key(tables), spec.partitions.type)
    predicted = forecast(alone.counts, alone.totals, alone.now, alone.total, days)
    p_value = float(upward(predicted, alone.now, one.total)[0])
    moved = float(alone.now[0] / one.total - predicted.expected[0])
    message = f"{one.field}: {_moved(alone, 0, predicted.expected)}{_alike(spec, tables, one, label)}."
    message += f" Compared with {_span([one])}."
    rows = _rows_with(spec, tables, one.field, label) if moved >= LABEL_MOVE else ()
    return Move(p_value, moved >= LABEL_MOVE, message, rows, max(0, round(moved * one.total)))


def _alike(spec: EnrichmentSpec, tables: PartitionTables, one: Series, label: str) -> str:
    """Whether the other labels kept their proportions: a collapse takes from each alike, a new topic does not."""
    rest = one.only([value for value in one.values if value != label])
    left, totals = int(rest.now.sum()), rest.counts.sum(axis=1)
    if len(rest.values) < 2 or left < MIN_ROWS or (totals == 0).any():
        return ""
    days = calendar(one.keys, present_key(tables), spec.partitions.type)
    predicted = forecast(rest.counts, totals, rest.now, left, days)
    alike = quasi_f(rest.counts, totals, rest.now, left, predicted, days) > 0.05
    return ", taken from the other labels alike" if alike else ", not from all other labels alike"


def _collapsing(spec: EnrichmentSpec, one: Series) -> list[str]:
    majority = one.values[int(one.counts.sum(axis=0).argmax())]
    labels = next(list(field.labels) for field in spec.output if field.name == one.field)
    return list(dict.fromkeys([majority, *labels[:1]]))


def _slow_move(one: Series, label: str, size: int) -> Move:
    alone = one.only([label])
    counts = np.append(alone.counts[:, 0], alone.now[0])
    totals = np.append(alone.totals, float(alone.total))
    pooled = _blocks(totals, size)
    blocks, shares = pooled.size, _blocks(counts, size) / pooled
    angles = np.arcsin(np.sqrt(shares))
    steps = np.diff(angles)
    distance = blocks - 1.5  # steps between the last block and the middle of the first two
    first = float(shares[:2].mean())
    spread = float(np.sqrt(max(steps.var(ddof=1), 1 / (2 * pooled.mean())) * distance))
    t = (angles[-1] - angles[:2].mean()) / spread
    moved = float(shares[-1] - first)
    p_value = float(special.stdtr(steps.size - 1, -t))
    message = (
        f"{one.field}: `{label}` has grown to {percent(round(float(shares[-1]), 3))} of the last {size} partitions"
        f" from {percent(round(first, 3))} in the first {2 * size} (from {one.keys[-(blocks * size - 1)]} on)."
    )
    return Move(p_value, moved >= SLOW_MOVE, message, (), max(0, round(moved * one.total)))


def _blocks(values: FloatArray, size: int) -> FloatArray:
    blocks = values.size // size
    return np.asarray(values[-blocks * size :].reshape(blocks, size).sum(axis=1))


def _rows_with(spec: EnrichmentSpec, tables: PartitionTables, name: str, value: str) -> tuple[str, ...]:
    column = pl.col(name)
    if value == NULL_VALUE:
        return sample_ids(tables.answered.filter(column.is_null()).get_column(ROW_ID))
    field = next(field for field in spec.output if field.name == name)
    has = column.list.contains(value) if field.type == "list" else column.cast(pl.String) == value
    return sample_ids(tables.answered.filter(has).get_column(ROW_ID))


def _moved(one: Series, place: int, expected: FloatArray) -> str:
    share = percent(round(float(one.now[place]) / one.total, 3))
    return (
        f"`{one.values[place]}` is {share} of {one.total:,} rows, {percent(round(float(expected[place]), 3))} expected"
    )


def _span(found: list[Series]) -> str:
    if not found:
        return "the history"
    keys = max((one.keys for one in found), key=len)
    return f"{len(keys)} earlier partitions ({keys[0]} to {keys[-1]})"
