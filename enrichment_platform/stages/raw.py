"""Raw: a partition of the source into the lake, bad rows aside."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import polars as pl

from enrichment_platform.lake.tables import Lake
from enrichment_platform.sources import read_partition
from enrichment_platform.spec import EnrichmentSpec, FileSource, PartitionWindow, Stage
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

    Rows that cannot be placed in any partition (no readable timestamp) are seen by every read of a whole file, so they
    are kept once, under the partition key `unplaced`.
    """
    found = read_partition(spec.source, spec.partitions, partition, root)
    rejected, unplaced = found.rejected, found.unplaced
    whole_file = isinstance(spec.source, FileSource) and "{partition_key}" not in spec.source.path
    if not whole_file:
        rejected, unplaced = pl.concat([rejected, unplaced]), unplaced.clear()
    quarantine.replace(lake, spec, partition.key, Stage.RAW, rejected)
    _keep_unplaced(lake, spec, unplaced)
    lake.replace_partition(table(spec, Stage.RAW), partition.key, found.rows)
    figures = {"unplaced_rows": unplaced.height, "rows_outside_all_partitions": found.outside}
    return StageOutcome(found.rows, quarantine.by_reason(rejected), figures)


def _keep_unplaced(lake: Lake, spec: EnrichmentSpec, unplaced: pl.DataFrame) -> None:
    stored = quarantine.read(lake, spec, UNPLACED, Stage.RAW)
    columns = ["row_id", "reason", "detail"]
    # Every partition's run finds the same rows; writing only a difference keeps parallel runs from conflicting.
    if not stored.select(columns).sort(columns).equals(unplaced.select(columns).sort(columns)):
        quarantine.replace(lake, spec, UNPLACED, Stage.RAW, unplaced)
