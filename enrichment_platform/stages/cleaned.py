"""Cleaned: the cleaning plan over a raw partition, streamed from the lake and back; filtered rows aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import polars as pl
import pyarrow as pa

from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.cleaning.earlier import store_signatures
from enrichment_platform.cleaning.engine import choose_engine
from enrichment_platform.cleaning.partition import PartitionCleaner
from enrichment_platform.cleaning_spec import JoinSpec
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.asset import Lineage, same_columns, stage_asset
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.outcome import StageOutcome

READ_ROWS = 16_384
DID = "cleaning"  # note of the commit: what was done, as JSON
_SHOWN_ROWS = 20  # the most that a preview may have


def cleaned_asset(spec: EnrichmentSpec, root: Path) -> dg.AssetsDefinition:
    """The cleaned asset."""

    def work(_: dg.AssetExecutionContext, key: str) -> StageOutcome:
        return clean_partition(Lake.from_environment(), spec, key, root)

    def lineage(rows: pl.DataFrame) -> Lineage:
        written = set(spec.cleaning.written_columns)
        sources = [(Stage.RAW, column) for column in spec.text_columns]
        return {
            column: [(Stage.RAW, column)] if column not in written else sources
            for column in rows.columns
            if column not in spec.joined_columns
        }

    steps = ", ".join(step.operation for step in spec.cleaning.steps) or "none"
    return stage_asset(
        spec,
        Stage.CLEANED,
        work,
        description=f"Raw rows after cleaning {', '.join(spec.text_columns)}. Steps: {steps}.",
        kinds={"deltalake", "polars"},
        upstream=Stage.RAW,
        lineage=lineage if spec.cleaning.written_columns else same_columns(Stage.RAW),
        joined=[key for join in spec.cleaning.join if (key := _joined_asset(join))],
    )


def clean_partition(lake: Lake, spec: EnrichmentSpec, partition_key: str, root: Path = Path()) -> StageOutcome:
    """Clean the raw partition and replace the partition of the cleaned table; memory does not grow with it.

    Raises:
        InputError: the plan does not fit the table, the machine or what is joined.
    """
    with cleaner(lake, spec, partition_key, root) as cleaning, cleaning.finish() as rows:
        # A join that fails does so in `finish`; then nothing has changed in the lake.
        quarantine.replace(lake, spec, partition_key, Stage.CLEANED, cleaning.removed)
        first = next(rows.batches(), rows.empty).head(_SHOWN_ROWS)
        did = cleaning.figures() | {"cleaning_version": cleaning_version(spec)}
        notes = {DID: json.dumps(did)}
        lake.replace_partition(table(spec, Stage.CLEANED), partition_key, rows, notes=notes)
        signatures = cleaning.signatures(partition_key)
        if signatures is not None:
            with signatures:
                store_signatures(lake, spec, partition_key, signatures)
        figures = {
            "cleaning_version": did["cleaning_version"],
            "rows_changed": cleaning.work.changed,
            "cleaning": did,
        }
        return StageOutcome(first, did["removed"], figures, streamed_rows=rows.rows)


@contextmanager
def cleaner(lake: Lake, spec: EnrichmentSpec, partition_key: str, root: Path) -> Iterator[PartitionCleaner]:
    """The raw rows of a partition after the steps; nothing is written to the lake.

    Raises:
        InputError: the plan does not fit the table or the machine.
    """
    source = table(spec, Stage.RAW)
    engine = choose_engine(spec)
    stored = _frame(lake.dataset(source).schema.empty_table()).schema
    given = {*spec.source.columns, *spec.source.key, spec.source.timestamp} if spec.source.columns else set(stored)
    # Columns that the source once had stay in the stored table, empty; cleaning may write one of that name by now.
    schema = pl.Schema(
        {name: dtype for name, dtype in stored.items() if name in given or name not in spec.cleaning.written_columns}
    )
    with PartitionCleaner(lake, spec, partition_key, schema, engine, root) as cleaning:
        for batch in lake.stream(source, partition_key, list(schema), READ_ROWS):
            cleaning.add(batch)
        cleaning.flush()
        yield cleaning


def _frame(data: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(data)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _joined_asset(join: JoinSpec) -> dg.AssetKey | None:
    if join.asset is not None:
        return dg.AssetKey(join.asset.split("/"))
    return dg.AssetKey(join.table.split(".")) if join.table is not None else None
