"""Materialize partitions of an enrichment in this process, recorded in the Dagster instance like any run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError

from enrichment_platform.errors import InputError, RunInterruptedError
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.instance import end_orphaned_runs, open_instance, release_run, slot_holders
from enrichment_platform.stages.naming import asset_key, job_name, model_pool

logger = logging.getLogger("enrichment_platform.run")

# The terminal shows our progress lines; Dagster's own log of the run is in its instance, for the UI.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class PartitionRun:
    """How one partition went; `errors` are the messages of the steps that failed, `requests` were sent to the model."""

    partition_key: str
    run_id: str
    succeeded: bool
    materialized: list[str] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    interrupted: bool = False
    requests: int = 0
    asking_seconds: float = 0.0


def materialize_partitions(
    defs: dg.Definitions,
    spec: EnrichmentSpec,
    keys: Sequence[str],
    stage: Stage | None = None,
    on_partition: Callable[[PartitionRun], None] = lambda _: None,
) -> list[PartitionRun]:
    """Run the enrichment's job for each partition, one after the other; a partition that fails does not stop the rest.

    Args:
        defs: The loaded code location.
        spec: The enrichment.
        keys: Partition keys.
        stage: Only this stage (with its checks) instead of all.
        on_partition: Called after each partition.

    Raises:
        InputError: the location has no such enrichment.
    """
    try:
        job = defs.resolve_job_def(job_name(spec.name))
    except dg.DagsterInvariantViolationError as error:
        raise InputError(f"the location has no job {job_name(spec.name)}") from error
    selection = [asset_key(spec, stage)] if stage else None
    with open_instance() as instance:
        end_orphaned_runs(instance)
        runs = []
        for key in keys:
            holders = slot_holders(instance, model_pool(spec.model.pool))
            if holders:
                logger.info(
                    "waiting for a slot of %s, held by runs %s", model_pool(spec.model.pool), ", ".join(holders)
                )
            result = job.execute_in_process(
                instance=instance,
                partition_key=key,
                run_config=QUIET,
                asset_selection=selection,
                raise_on_error=False,
            )
            release_run(result.run_id)
            runs.append(_partition_run(key, result))
            on_partition(runs[-1])
            if runs[-1].interrupted:
                break
        return runs


def _partition_run(key: str, result: dg.ExecuteInProcessResult) -> PartitionRun:
    checks = result.get_asset_check_evaluations()
    figures = _figures(result)
    return PartitionRun(
        partition_key=key,
        run_id=result.run_id,
        succeeded=result.success,
        materialized=[
            event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key
        ],
        failed_checks=[check.check_name for check in checks if not check.passed],
        errors=[_message(event) for event in result.get_step_failure_events() if not _is_check_failure(event)],
        interrupted=any(_is_interruption(event) for event in result.get_step_failure_events()),
        requests=int(figures.get("requests", 0)),
        asking_seconds=float(figures.get("seconds", 0.0)),
    )


def _figures(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    for event in result.get_asset_materialization_events():
        if event.asset_key and event.asset_key.path[-1] == Stage.CLASSIFIED.value:
            return {name: entry.value for name, entry in event.materialization.metadata.items()}
    return {}


def _is_check_failure(event: dg.DagsterEvent) -> bool:
    # `failed_checks` says it already.
    error = event.step_failure_data.error
    return error is not None and error.cls_name == DagsterAssetCheckFailedError.__name__


def _is_interruption(event: dg.DagsterEvent) -> bool:
    failure = event.step_failure_data
    entries = failure.user_failure_data.metadata if failure.user_failure_data else {}
    ours = entries.get("error") == dg.TextMetadataValue(RunInterruptedError.__name__)
    return ours or (failure.error is not None and failure.error.cls_name == "DagsterExecutionInterruptedError")


def _message(event: dg.DagsterEvent) -> str:
    failure = event.step_failure_data
    if failure.error is not None and failure.error.cls_name == "DagsterExecutionInterruptedError":
        return "interrupted; run the same command again"
    said = failure.user_failure_data.description if failure.user_failure_data else None
    if said:
        return said
    error = failure.error
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else event.message or "the step failed"
