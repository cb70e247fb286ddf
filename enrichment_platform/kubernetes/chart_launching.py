"""Values of what runs for a while: run pods, step pods, how many at once."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from enrichment_platform.kubernetes.chart_model import (
    ChartModel,
    Environment,
    Placement,
    PullPolicy,
    Resources,
    resources,
)
from enrichment_platform.pod_parts import Quantity


class K8sRunLauncherValues(Environment, Placement):
    """Pods of runs: small, they launch the steps and wait; nothing here reaches step pods."""

    image_pull_policy: PullPolicy = Field("IfNotPresent", description="Of runs and steps")
    active_deadline_seconds: int = Field(90000, ge=60, description="Kubernetes ends the run pod then")
    ttl_seconds_after_finished: int = Field(86400, ge=0, description="Finished Jobs are kept so long, for their logs")
    disk: Quantity = Field("2Gi", description="Of /tmp")
    resources: Resources = resources("250m", "1Gi")


class RunLauncherConfig(ChartModel):
    """Settings by kind."""

    k8s_run_launcher: K8sRunLauncherValues = Field(
        K8sRunLauncherValues(), alias="k8sRunLauncher", description="Pods of runs"
    )


class RunLauncherValues(ChartModel):
    """What starts a run: a Job."""

    type: Literal["K8sRunLauncher"] = Field("K8sRunLauncher", description="The only kind that the chart has")
    config: RunLauncherConfig = Field(RunLauncherConfig(), description="Settings of the kind")


class StepExecutorValues(Environment):
    """Pods of steps; what they need of a node stands in `podProfiles`."""

    max_concurrent: int = Field(8, ge=1, description="Steps of one run at once")
    annotations: dict[str, str] = Field({}, description="Further annotations of the pods")
    labels: dict[str, str] = Field({}, description="Further labels of the pods")
    resources: Resources = resources("250m", "1Gi")  # of steps that have no profile


class TagLimit(ChartModel):
    """How many runs with a tag go at once."""

    key: str = Field(min_length=1, description="Of the tag")
    value: str | None = Field(None, description="Of the tag; all values together when absent")
    limit: int = Field(ge=0, description="Runs at once")


class RunLimits(ChartModel):
    """How many runs go at once."""

    max_concurrent_runs: int = Field(10, ge=1, description="All together; the rest waits in the queue")
    tag_concurrency_limits: list[TagLimit] = Field([], description="Of runs with a tag")


class PoolLimits(ChartModel):
    """How many steps of a pool go at once; a pool is named after its model pool: model_default."""

    default_limit: int = Field(2, ge=1, description="Partitions that may ask one model at once")
    limits: dict[str, int] = Field({}, description="Of single pools; set by the migration Job")


class ConcurrencyValues(ChartModel):
    """How much goes at once."""

    runs: RunLimits = Field(RunLimits(), description="Runs")
    pools: PoolLimits = Field(PoolLimits(), description="Steps")
