"""Enriched: the published table, changed only by a staged version whose checks passed."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg
import polars as pl

from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage, output_columns
from enrichment_platform.stages.accounting import close_books
from enrichment_platform.stages.asset import Lineage, stage_asset
from enrichment_platform.stages.outcome import StageOutcome
from enrichment_platform.stages.publish import PROVENANCE, publish
from enrichment_platform.stages.standing import provenance_column


def enriched_asset(spec: EnrichmentSpec) -> dg.AssetsDefinition:
    """The enriched asset."""
    outputs = {column: column for field in spec.output for column in output_columns(field)}

    def work(_: dg.AssetExecutionContext, key: str) -> StageOutcome:
        lake = Lake.from_environment()
        outcome = publish(lake, spec, key)
        return replace(outcome, figures=outcome.figures | close_books(lake, spec, key))

    def lineage(rows: pl.DataFrame) -> Lineage:
        answered = outputs | {provenance_column(rows.columns, name): name for name in PROVENANCE}
        return {c: [(Stage.CLASSIFIED, answered[c]) if c in answered else (Stage.CLEANED, c)] for c in rows.columns}

    return stage_asset(
        spec,
        Stage.ENRICHED,
        work,
        description="Published rows: cleaned columns and checked answers. Rows that failed a check are in quarantine.",
        kinds={"deltalake", "table"},
        upstream=Stage.CLASSIFIED,
        lineage=lineage,
    )
