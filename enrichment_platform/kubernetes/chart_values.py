"""The values of the chart as a pydantic model; values.schema.json and values.yaml are generated from it."""

from __future__ import annotations

from pydantic import Field

from enrichment_platform.kubernetes.chart_components import (
    DaemonValues,
    GlobalValues,
    MigrateValues,
    PodSecurity,
    ServiceAccounts,
    UserDeployments,
    WebserverValues,
)
from enrichment_platform.kubernetes.chart_exposure import (
    DisruptionBudgets,
    IngressValues,
    MonitoringValues,
    NetworkPolicyValues,
)
from enrichment_platform.kubernetes.chart_launching import ConcurrencyValues, RunLauncherValues, StepExecutorValues
from enrichment_platform.kubernetes.chart_model import (
    ChartModel,
    ImageValues,
    Mounts,
    NameReference,
    OptionalName,
    PlainVariables,
)
from enrichment_platform.kubernetes.chart_serving import PodProfiles, SharedVllm
from enrichment_platform.kubernetes.chart_storage import (
    ComputeLogs,
    LakeValues,
    LedgerValues,
    PostgresqlValues,
    RetentionValues,
)


class Telemetry(ChartModel):
    """What Dagster sends to its makers."""

    enabled: bool = Field(False, description="On: usage statistics are sent")


class ChartValues(Mounts):
    """Helm values of the enrichment platform; names follow the official Dagster chart where it has them."""

    enabled: bool = Field(True, description="For the `condition` of a chart that uses this one; nothing here reads it")
    name_override: OptionalName = Field("", description="Instead of the chart's name")
    fullname_override: OptionalName = Field("", description="Instead of release and chart in the names of all objects")
    global_: GlobalValues = Field(GlobalValues(), alias="global", description="Names that all parts share")
    image: ImageValues = Field(
        ImageValues.model_validate({"repository": "enrichment-platform", "pullPolicy": "IfNotPresent"}),
        description="Of the platform: webserver, daemon, code locations, runs, steps; tag: the chart's appVersion",
    )
    image_pull_secrets: list[NameReference] = Field([], description="Secrets that open your registry")
    rbac_enabled: bool = Field(True, description="Make Roles and RoleBindings, of this namespace only")
    service_account: ServiceAccounts = Field(ServiceAccounts(), description="A ServiceAccount for each kind of pod")
    pod_security_context: PodSecurity = Field(PodSecurity(), description="Who the processes are")
    env: PlainVariables = Field(
        {}, description="Plain variables of code locations, runs and steps; no secrets, no $(NAME): use envSecrets"
    )
    env_config_maps: list[NameReference] = Field([], description="ConfigMaps of variables, likewise")
    env_secrets: list[NameReference] = Field([], description="Secrets of variables, likewise: keys of hosted models")
    dagster_webserver: WebserverValues = Field(WebserverValues(), description="The UI")
    dagster_daemon: DaemonValues = Field(DaemonValues(), description="Schedules, sensors, run queue, run monitoring")
    user_deployments: UserDeployments = Field(
        UserDeployments(), alias="dagster-user-deployments", description="Code locations"
    )
    run_launcher: RunLauncherValues = Field(RunLauncherValues(), description="Pods of runs")
    step_executor: StepExecutorValues = Field(StepExecutorValues(), description="Pods of steps")
    concurrency: ConcurrencyValues = Field(ConcurrencyValues(), description="How much goes at once")
    pod_profiles: PodProfiles = Field(
        {},
        description="Pod profiles by name, with the fields that are other than the built-in ones (docs/kubernetes.md)",
    )
    vllm: SharedVllm = Field(SharedVllm(), description="A vLLM server that all enrichments share")
    postgresql: PostgresqlValues = Field(PostgresqlValues(), description="Dagster's storage and the ledger")
    ledger: LedgerValues = Field(LedgerValues(), description="The record of every attempt and answer")
    lake: LakeValues = Field(LakeValues(), description="Where the tables lie")
    compute_log_manager: ComputeLogs = Field(ComputeLogs(), description="What steps print")
    retention: RetentionValues = Field(RetentionValues(), description="How long ticks are kept")
    telemetry: Telemetry = Field(Telemetry(), description="What Dagster sends to its makers")
    migrate: MigrateValues = Field(MigrateValues(), description="Brings Dagster's tables up to date")
    ingress: IngressValues = Field(IngressValues(), description="The UI for people")
    network_policy: NetworkPolicyValues = Field(NetworkPolicyValues(), description="Who may talk to whom")
    pod_disruption_budget: DisruptionBudgets = Field(DisruptionBudgets(), description="What a drain may take at once")
    monitoring: MonitoringValues = Field(MonitoringValues(), description="Metrics and alerts")
