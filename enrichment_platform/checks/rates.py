"""Rates of a partition that rose against their own history: nulls, retries, one answer for all, rates of one's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from scipy import special

from enrichment_platform.checks.dispersion import (
    MIN_PARTITIONS,
    MIN_ROWS,
    Calendar,
    beta_binomial_tail,
    calendar,
    forecast,
    upward,
)
from enrichment_platform.checks.family import Move, strongest
from enrichment_platform.checks.findings import percent, sample_ids
from enrichment_platform.checks.inputs import OK, ROW_ID, PartitionTables, UnusableInputError, require_columns
from enrichment_platform.checks.profile import (
    ANSWERING,
    ATTEMPTS,
    LABEL,
    NULL_VALUE,
    STATUS,
    Series,
    answering_counts,
    comparable,
    label_counts,
    null_counts,
    present_key,
    series,
)
from enrichment_platform.checks.results import Signal
from enrichment_platform.spec import EnrichmentSpec

NULL_MOVE = 0.02  # CHECKS.md
STATUS_MOVE = 0.02  # as for nulls: these rows have no value either
RETRY_MOVE = 0.05
"""Rows answered at a later attempt or by another endpoint; ours: they have an answer, so a few more are no loss."""
SAME_ROWS = 50
SAME_ROWS_OF_TWO = 200  # one of two labels for every row is common where the other one is rare
_SAME_RHO = 0.05  # between-day sd of 10 points of a 35% label: five times what CHECKS.md measured


def null_rate(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """Optional fields are null more often than in the history; fewer nulls are no signal.

    Raises:
        UnusableInputError: staged lacks an output column, or no row has an answer.
    """
    usable, learning = comparable(series(tables, null_counts(spec, tables)), spec.partitions.type)
    moves = [
        _risen(spec, tables, one.only([NULL_VALUE]), f"{one.field} is null", NULL_MOVE, pl.col(one.field).is_null())
        for one in usable
    ]
    return strongest(moves, "Optional fields are null as often as in the history, or less.", learning)


def retry_rate(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """More rows than in the history had no good answer, needed another attempt, or were answered by another endpoint.

    Raises:
        UnusableInputError: staged lacks status or partition_key, or attempts or endpoint where the history has them;
            it is empty where cleaned is not.
    """
    if tables.staged.is_empty() and not tables.cleaned.is_empty():
        raise UnusableInputError(f"staged is empty, cleaned has {tables.cleaned.height:,} rows")
    known = set(tables.history.profiles.get_column("metric"))
    require_columns("staged", tables.staged, {name: dtype for name, dtype in ANSWERING.items() if name in known})
    usable, learning = comparable(series(tables, answering_counts(spec, tables)), spec.partitions.type)
    moves = []
    for one in usable:
        if one.metric == STATUS:
            good, what, least = OK, "the status is not ok", STATUS_MOVE
        elif one.metric == ATTEMPTS:
            good, what, least = "1", "more than one attempt was needed", RETRY_MOVE
        else:
            good = one.values[int(one.counts.sum(axis=0).argmax())]
            what, least = "another endpoint than the usual one answered", RETRY_MOVE
        rows = pl.col(one.metric) > 1 if one.metric == ATTEMPTS else pl.col(one.metric).ne_missing(pl.lit(good))
        moves.append(_risen(spec, tables, _all_but(one, good), what, least, rows))
    return strongest(moves, "Rows were answered at once, by the usual endpoint, as often as in the history.", learning)


def same_answer(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """A label field has one label for every row, where its set, or its history however short, says otherwise.

    The only statistical check that speaks on the first day: from 50 rows on, 200 for a set of two.

    Raises:
        UnusableInputError: staged lacks an output column, or no row has an answer.
    """
    moves = []
    for one in series(tables, label_counts(spec, tables)):
        labels = [label for field in spec.output if field.name == one.field for label in field.labels]
        least = SAME_ROWS if len(labels) > 2 else SAME_ROWS_OF_TWO
        if one.metric == LABEL and labels and one.total >= least:
            moves.append(_same(tables, one, len(labels)))
    needed = f"no label field with {SAME_ROWS} rows ({SAME_ROWS_OF_TWO} where it has two labels)"
    return strongest(moves, "No label field has the same label for every row.", needed)


def rate_shift(name: str, count: int, total: int, earlier: pl.DataFrame, max_shift: float) -> Signal:
    """A rate of one's own has moved, up or down, from the mean of the history by more than it may.

    Args:
        name: Of the rate, for the message.
        count: Rows for which the expression is true.
        total: Rows that it was asked of.
        earlier: `count`, `total` of the earlier partitions.
        max_shift: Share; a smaller move does not matter.

    Returns:
        The signal; p is two-sided, of the beta-binomial prediction interval, without trend and weekday.
    """
    known = earlier.filter(pl.col("total") > 0)
    if known.height < MIN_PARTITIONS or total < MIN_ROWS:
        few = known.height < MIN_PARTITIONS
        learning = f"{known.height} of {MIN_PARTITIONS} partitions" if few else f"{total} of {MIN_ROWS} rows"
        return strongest([], "", learning)
    counts, totals = known["count"].to_numpy().astype(float), known["total"].to_numpy().astype(float)
    level = Calendar(np.ones((totals.size, 1)), np.ones(1))
    chances = []
    for true, now in ((counts, float(count)), (totals - counts, float(total - count))):
        predicted = forecast(true[:, None], totals, np.array([now]), total, level)
        chances.append(float(upward(predicted, np.array([now]), total)[0]))
    mean, share = float((counts / totals).mean()), count / total
    low, high = usual_range(known, total)
    message = (
        f"{name}: {_shown(share)} of {total:,} rows, {_shown(mean)} in the mean of {known.height} earlier partitions;"
        f" {_shown(low)} to {_shown(high)} would be usual."
    )
    size = abs(share - mean)
    move = Move(min(1.0, 2 * min(chances)), size > max_shift, message, (), round(size * total))
    return strongest([move], message)


def usual_range(earlier: pl.DataFrame, total: int, level: float = 0.99) -> tuple[float, float]:
    """Shares between which a partition of `total` rows lies with this chance; earlier: (count, total)."""
    counts, totals = earlier["count"].to_numpy().astype(float), earlier["total"].to_numpy().astype(float)
    predicted = forecast(counts[:, None], totals, np.zeros(1), total, Calendar(np.ones((totals.size, 1)), np.ones(1)))
    middle = float(np.arcsin(np.sqrt(predicted.expected[0])))
    sd = np.sqrt(predicted.spread[0] + 1 / (4 * total + 2))
    width = float(special.stdtrit(predicted.freedom, (1 + level) / 2) * sd)
    low, high = (float(np.sin(np.clip(angle, 0, np.pi / 2)) ** 2) for angle in (middle - width, middle + width))
    return low, high


def _risen(spec: EnrichmentSpec, tables: PartitionTables, one: Series, what: str, least: float, rows: pl.Expr) -> Move:
    predicted = forecast(
        one.counts, one.totals, one.now, one.total, calendar(one.keys, present_key(tables), spec.partitions.type)
    )
    expected, share = float(predicted.expected[0]), float(one.now[0]) / one.total
    matters = share - expected >= least
    message = (
        f"{what} in {int(one.now[0]):,} of {one.total:,} rows ({_shown(share)}); {_shown(expected)} expected from"
        f" {len(one.keys)} earlier partitions ({one.keys[0]} to {one.keys[-1]})."
    )
    staged = tables.staged if one.field == "" else tables.answered
    ids = sample_ids(staged.filter(rows).get_column(ROW_ID)) if matters else ()
    p_value = float(upward(predicted, one.now, one.total)[0])
    return Move(p_value, matters, message, ids, max(0, round((share - expected) * one.total)))


def _same(tables: PartitionTables, one: Series, labels: int) -> Move:
    most = int(one.now.argmax())
    if one.now[most] < one.total:
        return Move(1.0, False, "")
    value, rows = one.values[most], float(one.totals.sum())
    if rows:
        usual = float(one.counts[:, most].sum()) / rows
        p_value = beta_binomial_tail(one.total, one.total, usual, _SAME_RHO)
        against = f"{_shown(usual)} in {len(one.keys)} earlier partitions"
    else:
        # A convention rather than a chance: nobody asks for one of K labels where the answer is always the same.
        p_value, against = float(labels ** -float(one.total - 1)), "and there is no earlier partition to compare with"
    message = f"{one.field}: `{value}` is the answer for all {one.total:,} rows; {against}."
    ids = sample_ids(tables.answered.get_column(ROW_ID))
    return Move(p_value, True, message, ids, one.total)


def _all_but(one: Series, value: str) -> Series:
    good = one.only([value])
    counts = one.totals[:, None] - good.counts
    return replace(one, values=(f"not {value}",), counts=counts, now=one.total - good.now)


def _shown(share: float) -> str:
    return percent(round(share, 3))
