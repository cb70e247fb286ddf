"""Tell Dagster that a partition was restored, so that the UI shows what is published."""

from __future__ import annotations

import dagster as dg

from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.instance import open_instance
from enrichment_platform.stages.naming import asset_key


def report_restored(spec: EnrichmentSpec, partition_key: str, version: int) -> None:
    """Record a materialization of the enriched asset that names the version it went back to."""
    with open_instance() as instance:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                asset_key(spec, Stage.ENRICHED),
                partition=partition_key,
                description="restored to an earlier version",
                metadata={"restored_version": version},
            )
        )
