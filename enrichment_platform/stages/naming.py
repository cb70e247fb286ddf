"""Names of an enrichment's assets, tables and jobs."""

from __future__ import annotations

import dagster as dg

from enrichment_platform.spec import CONTROLS, QUARANTINE, EnrichmentSpec, Stage


def asset_key(spec: EnrichmentSpec, stage: Stage) -> dg.AssetKey:
    """`[name, stage]`."""
    return dg.AssetKey([spec.name, stage.value])


def table(spec: EnrichmentSpec, stage: Stage) -> str:
    """`name/stage` in the lake."""
    return f"{spec.name}/{stage.value}"


def quarantine_table(spec: EnrichmentSpec) -> str:
    """`name/quarantine` in the lake."""
    return f"{spec.name}/{QUARANTINE}"


def controls_table(spec: EnrichmentSpec) -> str:
    """`name/controls` in the lake."""
    return f"{spec.name}/{CONTROLS}"


def job_name(name: str) -> str:
    """Job that materializes all stages of an enrichment."""
    return f"{name}_job"


def model_pool(name: str) -> str:
    """Dagster concurrency pool of a model pool."""
    return f"model_{name}"
