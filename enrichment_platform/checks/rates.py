"""Rates of a partition that rose against their own history: nulls, retries, rows set aside, one answer for all."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl

from enrichment_platform.checks.dispersion import MIN_ROWS, FloatArray, beta_binomial_tail, calendar, forecast, upward
from enrichment_platform.checks.family import Move, Q, strongest
from enrichment_platform.checks.findings import percent, sample_ids
from enrichment_platform.checks.inputs import OK, ROW_ID, PartitionTables, UnusableInputError, require_columns
from enrichment_platform.checks.profile import (
    ANSWERING,
    ATTEMPTS,
    LABEL,
    NULL_VALUE,
    SET_ASIDE,
    STATUS,
    Series,
    answering_counts,
    comparable,
    label_counts,
    null_counts,
    present_key,
    series,
    set_aside_counts,
)
from enrichment_platform.checks.results import Signal
from enrichment_platform.spec import EnrichmentSpec

NULL_MOVE = 0.02  # CHECKS.md
STATUS_MOVE = 0.02  # as for nulls: these rows have no value either
SET_ASIDE_MOVE = 0.02  # as for nulls: a row that is set aside has no value at all
RETRY_MOVE = 0.05
"""Rows answered at a later attempt or by another endpoint; ours: they have an answer, so a few more are no loss."""
MAJORITY = 0.97
"""Share of the rows that one label may have where nothing is known yet; ours. 174 rows tell it from one answer for all.
Where spam or fraud is rarer, it costs one look on the first day (98%: 3% of partitions of 174 rows, 0.2% of 300); with
99%, 528 rows, partitions of a few hundred would learn a provider that was wrong from the start as what is usual."""
SAME_ROWS = math.ceil(math.log(Q) / math.log(MAJORITY))
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


def set_aside_rate(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """More rows than in the history were rejected when read, or set aside in cleaning: nobody asks the model for those.

    Raises:
        UnusableInputError: quarantined or raw_ids lacks row_id.
    """
    usable, learning = comparable(series(tables, set_aside_counts(spec, tables)), spec.partitions.type)
    moves = [
        _risen(spec, tables, one.only([SET_ASIDE]), "the row was set aside before it was asked", SET_ASIDE_MOVE)
        for one in usable
    ]
    named = sample_ids(tables.quarantined.get_column(ROW_ID))
    moves = [replace(move, row_ids=named if move.matters else ()) for move in moves]
    return strongest(moves, "Rows were set aside as often as in the history, or less.", learning)


def same_answer(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """A label field has one label for every row, where its history, however short, says otherwise.

    The only statistical check that speaks on the first day: from 174 rows on, as many as show that even a large
    majority would have left others. An optional field that is null for every row has nothing to find, then.

    Raises:
        UnusableInputError: staged lacks an output column, or no row has an answer.
    """
    moves = []
    for one in series(tables, label_counts(spec, tables)):
        field = next(field for field in spec.output if field.name == one.field)
        least = MIN_ROWS if one.keys else SAME_ROWS
        if one.metric == LABEL and field.labels and one.total >= least:
            moves.append(_same(tables, one, required=field.required))
    needed = f"no label field with {SAME_ROWS} rows, or with {MIN_ROWS} rows and an earlier partition"
    return strongest(moves, "No label field has the same label for every row.", needed)


def _risen(
    spec: EnrichmentSpec, tables: PartitionTables, one: Series, what: str, least: float, rows: pl.Expr | None = None
) -> Move:
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
    ids = sample_ids(staged.filter(rows).get_column(ROW_ID)) if matters and rows is not None else ()
    p_value = float(upward(predicted, one.now, one.total)[0])
    return Move(p_value, matters, message, ids, max(0, round((share - expected) * one.total)))


def _same(tables: PartitionTables, one: Series, *, required: bool) -> Move:
    most = int(one.now.argmax())
    if one.now[most] < one.total:
        return Move(1.0, False, "")
    value, rows = one.values[most], float(one.totals.sum())
    if rows:
        usual = float(one.counts[:, most].sum())
        p_value = beta_binomial_tail(one.total, one.total, (usual + 0.5) / (rows + 1), _rho(one.totals))
        against = f"{_shown(usual / rows)} in {len(one.keys)} earlier partitions"
    elif value == NULL_VALUE and not required:
        return Move(1.0, False, "")
    else:
        p_value, against = MAJORITY**one.total, "and there is no earlier partition to compare with"
    message = f"{one.field}: `{value}` is the answer for all {one.total:,} rows; {against}."
    ids = sample_ids(tables.answered.get_column(ROW_ID))
    return Move(p_value, True, message, ids, one.total)


def _rho(totals: FloatArray) -> float:
    # Of a new day around the mean of earlier ones: its own variance, and that of the mean. Both per p (1 - p).
    rows = float(totals.sum())
    of_mean = (_SAME_RHO * float((totals**2).sum()) / rows + 1 - _SAME_RHO) / rows
    return min(_SAME_RHO + of_mean, 0.99)


def _all_but(one: Series, value: str) -> Series:
    good = one.only([value])
    counts = one.totals[:, None] - good.counts
    return replace(one, values=(f"not {value}",), counts=counts, now=one.total - good.now)


def _shown(share: float) -> str:
    return percent(round(share, 3))
