"""Replay: quarantined rows are asked again, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import dagster as dg
import polars as pl

from enrichment_platform.errors import InputError, TableNotFoundError
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.controls import read_controls
from enrichment_platform.stages.materialize import PartitionRun, materialize_partitions
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.publish import failing_rows, publications, read_staged

_IDS_SHOWN = 5
NO_REASON = "no check of rows"


@dataclass(frozen=True)
class Replay:
    """What became of the rows that were asked again, by the reason that they were quarantined for."""

    name: str
    partition_key: str
    rows: int
    succeeded: bool
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)
    failed_checks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The replay as plain data."""
        return asdict(self)


def rows_to_replay(
    lake: Lake,
    spec: EnrichmentSpec,
    partition_key: str,
    reason: str | None = None,
    row_ids: Sequence[str] = (),
    *,
    every: bool = False,
) -> pl.DataFrame:
    """Rows of the staged version that failed a check: the quarantine where that version is published.

    With `every`, all rows that were answered: what the provider answered while it was broken fails no check of rows.

    Raises:
        InputError: nothing is staged, a row is not among them, or no row has that reason.
    """
    if every:
        staged = lake.read(table(spec, Stage.CLASSIFIED), partition_key, columns=["row_id"])
        if staged.is_empty():
            raise InputError(
                f"{spec.name} {partition_key} has no answered rows; `enrichment run {spec.name}` asks them"
            )
        failed = failing_rows(lake, spec, partition_key).select("row_id", "reason")
        return staged.join(failed, on="row_id", how="left").with_columns(pl.col("reason").fill_null(NO_REASON))
    aside = quarantine.read(lake, spec, partition_key)
    if _staged_is_published(lake, spec, partition_key):
        failing = aside.filter(pl.col("stage") == Stage.CLASSIFIED.value)
    else:
        failing = failing_rows(lake, spec, partition_key)
    chosen = failing.filter(pl.col("reason") == reason) if reason is not None else failing
    if reason is not None and chosen.is_empty():
        known = ", ".join(sorted(set(failing["reason"]))) or "none"
        raise InputError(
            f"no row of {spec.name} {partition_key} that can be asked again has reason {reason!r};"
            f" reasons there: {known}"
        )
    absent = [row_id for row_id in row_ids if row_id not in set(chosen["row_id"])]
    early = aside.filter(pl.col("row_id").is_in(absent) & (pl.col("stage") != Stage.CLASSIFIED.value))
    if early.height:
        row_id, stage, why = early.select("row_id", "stage", "reason").row(0)
        raise InputError(
            f"row {row_id!r} was quarantined at {stage} ({why}) before any model was asked: asking cannot help;"
            " correct the source or the cleaning steps and run the partition again"
        )
    if absent:
        raise InputError(
            f"rows {', '.join(absent[:_IDS_SHOWN])} are not in the quarantine of {spec.name} {partition_key};"
            f" `enrichment quarantine {spec.name} --partition {partition_key}` lists those that are"
        )
    return chosen.filter(pl.col("row_id").is_in(list(row_ids))) if row_ids else chosen


def replay(
    defs: dg.Definitions,
    spec: EnrichmentSpec,
    partition_key: str,
    rows: pl.DataFrame,
    on_partition: Callable[[PartitionRun], None] = lambda _: None,
) -> Replay:
    """Forget the stored answers of rows and their controls, materialize the partition again, tell what became of them.

    Golden rows are asked again where all rows are. Their attempts are kept: they were paid for. Rows that share an
    answer with one of them are asked with it.

    Args:
        defs: The loaded code location.
        spec: The enrichment.
        partition_key: The partition.
        rows: From `rows_to_replay`.
        on_partition: Called after the run.
    """
    if rows.is_empty():
        return Replay(spec.name, partition_key, 0, succeeded=True)
    lake = Lake.from_environment()
    staged = lake.read(table(spec, Stage.CLASSIFIED), partition_key, columns=["row_id", "request_key"])
    keys = staged.filter(pl.col("row_id").is_in(rows["row_id"].implode()))["request_key"].unique().to_list()
    keys += _control_keys(lake, spec, partition_key, rows, every=rows.height == staged.height)
    with Ledger(ledger_url()) as ledger:
        ledger.forget(keys)
    (run,) = materialize_partitions(defs, spec, [partition_key], on_partition=on_partition)
    now = _standings(lake, spec, partition_key, rows, published=run.succeeded)
    return Replay(spec.name, partition_key, rows.height, run.succeeded, now, run.failed_checks, run.errors)


def _control_keys(
    lake: Lake, spec: EnrichmentSpec, partition_key: str, rows: pl.DataFrame, *, every: bool
) -> list[str]:
    """Requests of the controls of some rows: a new answer beside an old one would count as a change of mind."""
    controls = read_controls(lake, spec, partition_key)
    if controls is None:
        return []
    own = pl.lit(every) | pl.col("of_row_id").is_in(rows["row_id"].implode())
    return controls.filter(own & pl.col("request_key").is_not_null())["request_key"].unique().to_list()


def _standings(
    lake: Lake, spec: EnrichmentSpec, partition_key: str, rows: pl.DataFrame, *, published: bool
) -> dict[str, dict[str, int]]:
    """By the reason before: how many rows passed, failed and why, or are gone from the source."""
    if published:
        aside = quarantine.read(lake, spec, partition_key)
        passed = lake.read(table(spec, Stage.ENRICHED), partition_key, columns=["row_id"])
    else:
        try:
            aside = failing_rows(lake, spec, partition_key)
            staged = lake.read(table(spec, Stage.CLASSIFIED), partition_key, columns=["row_id"])
        except TableNotFoundError:
            return {}
        passed = staged.join(aside, on="row_id", how="anti")
    became = pl.concat(
        [
            aside.select("row_id", pl.col("reason").alias("now")),
            passed.select("row_id", pl.lit("published" if published else "passes").alias("now")),
        ]
    ).unique("row_id", keep="first", maintain_order=True)
    counted = (
        rows.select("row_id", "reason")
        .join(became, on="row_id", how="left")
        .with_columns(pl.col("now").fill_null("gone from the source"))
        .group_by("reason", "now")
        .len()
        .sort("reason", "now")
    )
    told: dict[str, dict[str, int]] = {}
    for before, now, count in counted.iter_rows():
        told.setdefault(before, {})[now] = count
    return told


def _staged_is_published(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> bool:
    try:
        newest = publications(lake, spec, partition_key)[:1]
        return bool(newest) and newest[0].notes.get("staged_version") == read_staged(lake, spec, partition_key).version
    except TableNotFoundError:
        return False
