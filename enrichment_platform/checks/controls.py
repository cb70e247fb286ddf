"""Rows of the partition that were asked a second time: do the answers stand, and do they hang on the labels' order."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from enrichment_platform.checks.asked_again import chosen_below, place
from enrichment_platform.checks.canaries import is_same_value
from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.dispersion import (
    MIN_PARTITIONS,
    WINDOW,
    WINDOW_DEFAULT,
    Calendar,
    FloatArray,
    forecast,
    upward,
)
from enrichment_platform.checks.findings import percent, sample_ids
from enrichment_platform.checks.history import PROFILE_SCHEMA
from enrichment_platform.checks.inputs import (
    CONTROL_COLUMNS,
    REASKED,
    REORDERED,
    ROW_ID,
    PartitionTables,
    UnusableInputError,
    is_answered,
    require_columns,
)
from enrichment_platform.checks.interval import wilson_interval
from enrichment_platform.checks.results import Signal
from enrichment_platform.spec import EnrichmentSpec, OutputField

MIN_EARLIER = 30
"""Answers of earlier partitions below which one is 3 points, more than the usual share itself."""

REASKED_MATTERS = 0.02
"""CHECKS.md allows a re-asked row no more mismatches than the baseline; two points are what a person is told of."""

REORDERED_MATTERS = 0.05
"""CHECKS.md: flips > baseline + 5 points."""

COMPARED = ("label", "boolean", "number", "integer", "date")
SAME, OTHER = "same", "other"


def stored_answers(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """Share of rows whose fresh answer is not the staged one, against earlier partitions.

    A cache that is stale or poisoned gives answers that the model would not give again. Free text is not compared: it
    is worded anew each time.

    Raises:
        UnusableInputError: rows should have been asked twice and were not, or not whole; a table lacks a column.
    """
    fields = [field for field in spec.output if field.type in COMPARED]
    if not fields:
        return Signal(1.0, False, "No field whose answers can be compared.", learning="no field to compare")
    pairs = _pairs(tables, REASKED, spec.checks.reask_share, fields)
    if pairs is None:
        return _nothing_asked("asked twice")
    advice = "The stored answers may be stale: materialize this partition again without the cache."
    told = "another answer when they are asked again"
    return _against_history(spec, tables, pairs, REASKED, told, REASKED_MATTERS, advice)


def label_order(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """Share of rows whose label is another one when the labels are shown in reverse order, against earlier partitions.

    Raises:
        UnusableInputError: rows should have been asked with reversed labels and were not, or not whole; a table lacks
            a column.
    """
    fields = [field for field in spec.output if field.type == "label"]
    if not fields:
        return Signal(1.0, False, "No label field, so there is no order of labels.", learning="no label field")
    pairs = _pairs(tables, REORDERED, spec.checks.reorder_share, fields)
    if pairs is None:
        return _nothing_asked("asked with the labels in reverse order")
    first, flips = _flips_to_first(pairs, fields)
    advice = (
        f"{first} of {flips} new labels are the one that was shown first. Describe the labels in more detail, or put"
        " the ones that are mixed up side by side."
    )
    told = "another label when the labels are shown in reverse order"
    return _against_history(spec, tables, pairs, REORDERED, told, REORDERED_MATTERS, advice)


def control_profile(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """What later partitions compare with: rows whose second answer was the same, and another one.

    Returns:
        `PROFILE_SCHEMA`: metrics `reasked` and `reordered`, field empty, values `same` and `other`; two rows a metric
        that rows were asked for.

    Raises:
        UnusableInputError: as `stored_answers` and `label_order`.
    """
    parts = [pl.DataFrame(schema=PROFILE_SCHEMA)]
    for metric, share, types in (
        (REASKED, spec.checks.reask_share, COMPARED),
        (REORDERED, spec.checks.reorder_share, ("label",)),
    ):
        fields = [field for field in spec.output if field.type in types]
        pairs = _pairs(tables, metric, share, fields) if fields else None
        if pairs is None:
            continue
        other = int(pairs.get_column("other").sum())
        key, fingerprint = pairs.select("partition_key", "fingerprint").row(0)
        parts.append(
            pl.DataFrame(
                [
                    (key, fingerprint, metric, "", value, count, pairs.height)
                    for value, count in ((SAME, pairs.height - other), (OTHER, other))
                ],
                schema=PROFILE_SCHEMA,
                orient="row",
            )
        )
    return pl.concat(parts)


def _pairs(tables: PartitionTables, kind: str, share: float, fields: list[OutputField]) -> pl.DataFrame | None:
    """Rows with both answers, and whether they differ in any field; None where none had to be asked.

    Raises:
        UnusableInputError: fewer than half of the rows that should have been asked have a second whole answer.
    """
    answered = tables.answered
    limit = chosen_below(share, tables.cleaned.height)
    wanted = sum(place(kind, row_id) < limit for row_id in answered.get_column(ROW_ID).drop_nulls()) if limit else 0
    if tables.controls is None:
        if wanted == 0:
            return None
        raise UnusableInputError("controls: nobody looked what was asked beside the rows")
    names = [field.name for field in fields]
    outputs = {field.name: DTYPES[field.type] for field in fields}
    require_columns("controls", tables.controls, CONTROL_COLUMNS | outputs)
    require_columns("staged", answered, {"partition_key": pl.String, "fingerprint": pl.String, **outputs})
    asked = tables.controls.filter(pl.col("kind").eq_missing(kind) & is_answered())
    again = asked.unique("of_row_id", keep="first", maintain_order=True).select("of_row_id", *names)
    staged = answered.select(ROW_ID, "partition_key", "fingerprint", *names).unique(ROW_ID, maintain_order=True)
    pairs = staged.join(again, left_on=ROW_ID, right_on="of_row_id", suffix="_again", maintain_order="left")
    if 2 * pairs.height < wanted:
        raise UnusableInputError(f"controls: {pairs.height} of {wanted} rows that should be {kind} have an answer")
    if pairs.is_empty():
        return None
    other = [
        not all(is_same_value(field, row[f"{field.name}_again"], _as_json(row[field.name])) for field in fields)
        for row in pairs.iter_rows(named=True)
    ]
    return pairs.with_columns(pl.Series("other", other, pl.Boolean))


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _nothing_asked(how: str) -> Signal:
    told = f"No row was {how}: the partition is small, or its share is 0"
    return Signal(1.0, False, f"{told}.", learning=told)


def _against_history(
    spec: EnrichmentSpec,
    tables: PartitionTables,
    pairs: pl.DataFrame,
    metric: str,
    told: str,
    matters: float,
    advice: str,
) -> Signal:
    """Chance of as many other answers as there are, from the latest partitions and how much they differ."""
    other, asked = int(pairs.get_column("other").sum()), pairs.height
    low, high = wilson_interval(other, asked)
    found = f"{other} of {asked} rows ({_shown(other / asked)}, {_shown(low)} to {_shown(high)}) have {told}"
    row_ids = sample_ids(pairs.filter("other").get_column(ROW_ID))
    counts, totals = _earlier(spec, tables, metric, pairs.get_column("partition_key")[0])
    before, trials, partitions = int(counts.sum()), int(totals.sum()), totals.size
    if partitions < MIN_PARTITIONS or trials < MIN_EARLIER:
        learning = f"{partitions} of {MIN_PARTITIONS} partitions, {trials} of {MIN_EARLIER} rows"
        return Signal(1.0, False, f"{found}; still learning: {learning}.", learning, row_ids, other)
    # A level alone: whether an answer stands hangs on no weekday, and a share that grows is to be told, not expected.
    level, now = Calendar(np.ones((partitions, 1)), np.ones(1)), np.array([float(other)])
    p_value = float(upward(forecast(counts[:, None], totals, now, asked, level), now, asked)[0])
    usual = before / trials
    large = other / asked > usual + matters and other > 1
    message = f"{found}; usual: {_shown(usual)} of {trials:,} rows in {partitions} partitions."
    return Signal(p_value, large, f"{message} {advice}" if large else message, "", row_ids, other)


def _earlier(spec: EnrichmentSpec, tables: PartitionTables, metric: str, key: str) -> tuple[FloatArray, FloatArray]:
    """Other answers, and rows that were asked, of the latest partitions but this one, in order."""
    profiles = tables.history.profiles
    require_columns("history.profiles", profiles, PROFILE_SCHEMA)
    mine = (pl.col("metric") == metric) & (pl.col("value") == OTHER) & (pl.col("total") > 0)
    window = WINDOW.get(spec.partitions.type, WINDOW_DEFAULT)
    latest = profiles.filter(mine & (pl.col("partition_key") != key)).sort("partition_key").tail(window)
    count, total = (latest.get_column(name).to_numpy().astype(np.float64) for name in ("count", "total"))
    return count, total


def _flips_to_first(pairs: pl.DataFrame, fields: list[OutputField]) -> tuple[int, int]:
    """New labels that were shown first in the reverse order, and new labels in all."""
    first = flips = 0
    for field in fields:
        new = pl.col(f"{field.name}_again")
        changed = pairs.filter(new.ne_missing(pl.col(field.name)))
        flips += changed.height
        first += changed.filter(new == list(field.labels)[-1]).height
    return first, flips


def _shown(share: float) -> str:
    return percent(round(share, 3))
