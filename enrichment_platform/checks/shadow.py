"""A partition's labels against a classifier that learned from the enrichment's own earlier published labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from enrichment_platform.checks.findings import percent
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, UnusableInputError, require_columns
from enrichment_platform.checks.results import MAX_ROW_IDS, Signal
from enrichment_platform.checks.shadow_model import Integers, trained_shadow
from enrichment_platform.checks.shadow_statistics import Judged, Suspicion, by_cell, by_label, overall
from enrichment_platform.spec import EnrichmentSpec, OutputField

MIN_PARTITIONS = 5
MIN_ROWS = 500
MAX_PARTITIONS = 30
MAX_JUDGED = 20_000
MATTERS = 0.02
"""Share of wrong rows from which on a person is told; CHECKS.md: what is at or below 1% needs checks of single rows."""

CERTAIN = 0.01
"""p-value up to which a test's estimate of the wrong rows is believed beside that of the strongest one."""

MIN_MAPPED = 10
"""Rows of one label, more than half of which are given as another one, from which on a person is told in any case."""


def shadow_model(spec: EnrichmentSpec, tables: PartitionTables) -> Signal:
    """Judge every label field with a classifier that is trained on earlier published rows, and on no others.

    Rows with the same text and label count once, so that a form letter that the classifier misreads is one surprise.

    Raises:
        UnusableInputError: a label column is missing or no text, no answered row has a text in cleaned, or the
            history's rows lack a column.
    """
    fields = [field for field in spec.output if field.type == "label"]
    if not fields:
        return Signal(1.0, False, "No label field, so there is nothing to compare.")
    answered = tables.answered
    names = [field.name for field in fields]
    require_columns("staged", answered, dict.fromkeys(names, pl.String))
    history = tables.history.rows
    if answered.is_empty():
        return Signal(1.0, False, "No row, so there is nothing to compare.", learning="no row in this partition")
    today = answered.select(ROW_ID, *names).join(tables.sources(spec), on=ROW_ID)
    if today.is_empty():
        raise UnusableInputError("staged: no answered row is in cleaned, so no label has a text to be judged by")
    if history.is_empty():
        return _learning(0, 0)
    wanted = [ROW_ID, "partition_key", "source", *names]
    require_columns("history.rows", history, dict.fromkeys(wanted, pl.String))
    trained = _training_rows(history.select(wanted))
    partitions = trained.get_column("partition_key").n_unique()
    if partitions < MIN_PARTITIONS or trained.height < MIN_ROWS:
        return _learning(partitions, trained.height)
    found = [_judged(field, trained, today, len(fields)) for field in fields]
    return min(found, key=lambda signal: (not signal.matters, signal.p_value))


def _learning(partitions: int, rows: int) -> Signal:
    counts = ((partitions, MIN_PARTITIONS, "partitions"), (rows, MIN_ROWS, "rows"))
    told = ", ".join(f"{have:,} of {least:,} {what}" for have, least, what in counts if have < least)
    return Signal(1.0, False, f"Still learning: {told} with different texts are published.", learning=told)


def _training_rows(history: pl.DataFrame) -> pl.DataFrame:
    """Rows to train on and to be judged, evenly from the latest partitions, each text once.

    A text that several partitions share must not be in sight when one of them is judged.
    """
    latest = history.get_column("partition_key").unique().sort(descending=True).head(MAX_PARTITIONS)
    shuffled = pl.col(ROW_ID).hash(seed=7)
    rows = history.filter(pl.col("partition_key").is_in(latest.implode())).sort(shuffled, ROW_ID)
    place = pl.int_range(pl.len()).over("partition_key")
    return rows.unique("source", keep="first", maintain_order=True).sort(place, maintain_order=True).head(MAX_JUDGED)


def _judged(field: OutputField, trained: pl.DataFrame, today: pl.DataFrame, fields: int) -> Signal:
    """The signal of one field; p-values are for all fields and all three tests together."""
    labels = [*field.labels, "no label"]
    alike = today.group_by("source", field.name, maintain_order=True)
    distinct = alike.agg(pl.col(ROW_ID).first(), pl.len().alias("rows"))
    partitions = trained.get_column("partition_key").rank("dense").to_numpy().astype(np.int64) - 1
    classes = _codes(trained.get_column(field.name), labels)
    shadow = trained_shadow(trained.get_column("source"), classes, partitions, len(labels))
    history = Judged(shadow.out_of_sample, classes, partitions)
    given = _codes(distinct.get_column(field.name), labels)
    now = Judged(shadow.probabilities(distinct.get_column("source")), given, np.zeros(len(given), np.int64))
    tests = [overall(history, now, shadow.prior), by_label(history, now), by_cell(history, now)]
    found = min(tests, key=lambda suspicion: suspicion.p_value)
    wrong = max(suspicion.wrong for suspicion in tests if suspicion.p_value <= max(found.p_value, CERTAIN))
    doubted = distinct.get_column("rows").to_numpy()[now.opinion.max(axis=1) > now.believed]
    wrong = min(today.height, wrong * float(doubted.mean() if len(doubted) else 1.0))
    share = wrong / today.height
    cell = tests[-1]
    if cell.p_value <= CERTAIN and 2 * cell.wrong >= wrong:
        found = replace(cell, p_value=found.p_value)
    mapped = found.wrong >= MIN_MAPPED and found.replaced >= 0.5
    return Signal(
        p_value=min(1.0, found.p_value * len(tests) * fields),
        matters=share >= MATTERS or mapped,
        message=_message(field.name, labels, found, share, history, now),
        row_ids=_suspects(distinct, now, found),
        failed_rows=round(wrong),
    )


def _codes(given: pl.Series, labels: list[str]) -> Integers:
    """Place of each label in the closed set; the last one for null and for what is not in it."""
    places = {label: place for place, label in enumerate(labels[:-1])}
    codes = given.replace_strict(places, default=len(labels) - 1, return_dtype=pl.Int64)
    return codes.fill_null(len(labels) - 1).to_numpy()


def _message(name: str, labels: list[str], found: Suspicion, share: float, history: Judged, now: Judged) -> str:
    before = float((history.opinion.argmax(axis=1) != history.given).mean())
    disagreed = float((now.opinion.argmax(axis=1) != now.given).mean())
    told = (
        f"{name}: a classifier that learned from earlier partitions ({len(history.given):,} rows) disagrees with"
        f" {percent(round(disagreed, 3))} of the labels (usual: {percent(round(before, 3))});"
        f" about {percent(round(share, 3))} of them look wrong."
    )
    if found.instead >= 0:
        return f"{told} Most of all, `{labels[found.given]}` is given where `{labels[found.instead]}` is expected."
    return f"{told} Most of all, `{labels[found.given]}` is given too freely." if found.given >= 0 else told


def _suspects(rows: pl.DataFrame, now: Judged, found: Suspicion) -> tuple[str, ...]:
    """Rows whose label the shadow believes least, those that the strongest test is about before the others."""
    about = np.ones(len(now.given), bool)
    if found.given >= 0:
        about &= now.given == found.given
    if found.instead >= 0:
        about &= now.opinion.argmax(axis=1) == found.instead
    surprising = now.opinion.max(axis=1) > now.believed
    order = np.lexsort((now.believed, ~about, ~surprising))
    order = order[surprising[order]][:MAX_ROW_IDS]
    return tuple(rows.get_column(ROW_ID)[order].to_list())
