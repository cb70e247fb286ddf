"""Raw: a partition of the source into the lake, bad rows aside."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import polars as pl

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.sources import read_partition
from enrichment_platform.spec import EnrichmentSpec, PartitionWindow, Stage, output_columns
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.asset import stage_asset
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.outcome import StageOutcome
from enrichment_platform.stages.partitions import partitions_definition, window

UNPLACED = "unplaced"


def raw_asset(spec: EnrichmentSpec, root: Path) -> dg.AssetsDefinition:
    """The raw asset; relative paths of the source are below `root`."""
    partitions = partitions_definition(spec.partitions)

    def work(_: dg.AssetExecutionContext, key: str) -> StageOutcome:
        return ingest(Lake.from_environment(), spec, window(partitions, key), root)

    return stage_asset(
        spec,
        Stage.RAW,
        work,
        description="Rows of the source as they came. Rows that cannot be read are in quarantine, with file and line.",
        kinds={"deltalake", spec.source.type},
    )


def ingest(lake: Lake, spec: EnrichmentSpec, partition: PartitionWindow, root: Path) -> StageOutcome:
    """Read the partition's rows from the source and replace the partition of the raw table.

    Rows that cannot be placed in any partition (no readable timestamp) are found by every read of a source that is
    read whole, so they are kept once, under the partition key `unplaced`. Otherwise they belong to the partition that
    asked for them.
    """
    found = read_partition(spec.source, spec.partitions, partition, root)
    _refuse_taken_names(spec, found.rows.columns)
    rejected, unplaced = found.rejected, found.unplaced
    if not found.whole:
        rejected, unplaced = pl.concat([rejected, unplaced]), unplaced.clear()
    quarantine.replace(lake, spec, partition.key, Stage.RAW, rejected)
    _keep_unplaced(lake, spec, unplaced)
    lake.replace_partition(table(spec, Stage.RAW), partition.key, found.rows)
    figures = {"unplaced_rows": unplaced.height, "rows_outside_all_partitions": found.outside}
    return StageOutcome(found.rows, quarantine.by_reason(rejected), figures)


def _refuse_taken_names(spec: EnrichmentSpec, columns: list[str]) -> None:
    taken = sorted({column for field in spec.output for column in output_columns(field)} & set(columns))
    if taken:
        raise EnrichmentError(
            f"the source has columns {', '.join(taken)}, which are also output fields of {spec.name}; rename the field,"
            f" or list the columns that you need in source.columns (`{{reported_{taken[0]}: {taken[0]}}}` renames one)"
        )


def _keep_unplaced(lake: Lake, spec: EnrichmentSpec, unplaced: pl.DataFrame) -> None:
    stored = quarantine.read(lake, spec, UNPLACED, Stage.RAW)
    columns = ["row_id", "reason", "detail"]
    # Every partition's run finds the same rows; writing only a difference keeps parallel runs from conflicting.
    if not stored.select(columns).sort(columns).equals(unplaced.select(columns).sort(columns)):
        quarantine.replace(lake, spec, UNPLACED, Stage.RAW, unplaced)
