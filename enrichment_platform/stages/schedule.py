"""The job of an enrichment and the schedule that fills its newest partition."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform.stages.naming import job_name
from enrichment_platform.stages.partitions import newest_key, partitions_definition

# Dagster's run queue starts the run with the larger number first.
RUN_PRIORITIES = {"high": "1", "normal": "0", "low": "-1"}


def enrichment_job(spec: EnrichmentSpec) -> UnresolvedAssetJobDefinition:
    """A job over all stages and checks of one partition."""
    return dg.define_asset_job(
        job_name(spec.name),
        selection=dg.AssetSelection.groups(spec.name),
        description=f"All stages of {spec.name} for one partition.",
        tags={"enrichment": spec.name, "dagster/priority": RUN_PRIORITIES[spec.priority]},
    )


def enrichment_schedule(spec: EnrichmentSpec, job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """A schedule whose tick materializes the newest partition (every partition, where they are static)."""
    partitions = partitions_definition(spec.partitions)

    @dg.schedule(
        name=f"{spec.name}_schedule",
        job=job,
        cron_schedule=spec.schedule,  # type: ignore[arg-type]
        execution_timezone=spec.partitions.timezone,
        description=f"Materializes the newest partition of {spec.name}.",
    )
    def _schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        tick = context.scheduled_execution_time
        if isinstance(partitions, dg.StaticPartitionsDefinition):
            keys = list(partitions.get_partition_keys())
        else:
            newest = newest_key(partitions, tick)
            keys = [newest] if newest else []
        if not keys:
            return dg.SkipReason(f"no partition of {spec.name} has ended yet")
        # The tick is part of the run key, so that a later tick fills the same partition again (late rows).
        return [dg.RunRequest(run_key=f"{key}@{tick.isoformat()}", partition_key=key) for key in keys]

    return _schedule
