"""The quarantine table: rows that were not published, each with its stage and reason."""

from __future__ import annotations

import polars as pl

from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.lake.spool import Spool
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.naming import quarantine_table

SCHEMA = dict.fromkeys(("row_id", "partition_key", "stage", "reason", "detail"), pl.String)


def replace(lake: Lake, spec: EnrichmentSpec, partition_key: str, stage: Stage, rows: pl.DataFrame | Spool) -> str:
    """Replace what a stage quarantined in a partition; `rows` has row_id, reason and detail."""

    def of_stage(part: pl.DataFrame) -> pl.DataFrame:
        return part.select(
            "row_id",
            pl.lit(partition_key).alias("partition_key"),
            pl.lit(stage.value).alias("stage"),
            pl.col("reason").cast(pl.String),
            pl.col("detail").cast(pl.String),
        )

    if isinstance(rows, Spool):
        with Spool(SCHEMA) as spool:
            for part in rows.batches():
                spool.append(of_stage(part))
            return lake.replace_partition(quarantine_table(spec), partition_key, spool, where={"stage": stage.value})
    frame = of_stage(rows)
    return lake.replace_partition(quarantine_table(spec), partition_key, frame, where={"stage": stage.value})


def read(lake: Lake, spec: EnrichmentSpec, partition_key: str | None, stage: Stage | None = None) -> pl.DataFrame:
    """Quarantined rows of a partition (or all), of a stage (or all)."""
    where = {"stage": stage.value} if stage else None
    try:
        return lake.read(quarantine_table(spec), partition_key, where=where).select(list(SCHEMA))
    except TableNotFoundError:
        return pl.DataFrame(schema=SCHEMA)


def by_reason(rows: pl.DataFrame) -> dict[str, int]:
    """Count of rows by reason, most frequent first."""
    counted = rows.group_by("reason").len().sort(["len", "reason"], descending=[True, False])
    return dict(counted.select("reason", "len").iter_rows())
