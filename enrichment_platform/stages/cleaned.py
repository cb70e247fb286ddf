"""Cleaned: the cleaning steps over a raw partition, filtered rows aside."""

from __future__ import annotations

import dagster as dg

from enrichment_platform.cleaning import clean, cleaning_version
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.asset import same_columns, stage_asset
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.outcome import StageOutcome


def cleaned_asset(spec: EnrichmentSpec) -> dg.AssetsDefinition:
    """The cleaned asset."""

    def work(_: dg.AssetExecutionContext, key: str) -> StageOutcome:
        return clean_partition(Lake.from_environment(), spec, key)

    steps = ", ".join(step.operation for step in spec.cleaning.steps) or "none"
    return stage_asset(
        spec,
        Stage.CLEANED,
        work,
        description=f"Raw rows after cleaning {', '.join(spec.text_columns)}. Steps: {steps}.",
        kinds={"deltalake", "polars"},
        upstream=Stage.RAW,
        lineage=same_columns(Stage.RAW),
    )


def clean_partition(lake: Lake, spec: EnrichmentSpec, partition_key: str) -> StageOutcome:
    """Clean the raw partition and replace the partition of the cleaned table."""
    raw = lake.read(table(spec, Stage.RAW), partition_key)
    cleaned = clean(raw, spec)
    quarantine.replace(lake, spec, partition_key, Stage.CLEANED, cleaned.removed)
    lake.replace_partition(table(spec, Stage.CLEANED), partition_key, cleaned.rows)
    figures = {"cleaning_version": cleaning_version(spec), "rows_changed": cleaned.changed}
    return StageOutcome(cleaned.rows, quarantine.by_reason(cleaned.removed), figures)
