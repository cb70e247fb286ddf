"""Values of what runs all the time: webserver, daemon, code locations, accounts, the migration."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from enrichment_platform.kubernetes.chart_model import (
    ChartModel,
    Environment,
    ImageValues,
    ObjectName,
    OptionalName,
    Placement,
    Port,
    Resources,
    SecretName,
    UserPort,
    resources,
)


class GlobalValues(ChartModel):
    """Names that all parts share; a chart that uses this one may hand further ones to others."""

    model_config = ConfigDict(extra="allow")

    postgresql_secret_name: SecretName = Field(
        "dagster-postgresql-secret", description="Secret with the password, under the key `postgresql-password`"
    )
    dagster_home: str = Field(
        "/opt/dagster/dagster_home", pattern=r"^/.+[^/]$", description="Folder that dagster.yaml is mounted into"
    )


class PodSecurity(ChartModel):
    """Who the processes are; everything else of the restricted pod security standard is fixed."""

    run_as_user: int = Field(10001, ge=1, description="User of all containers; never root")
    run_as_group: int = Field(10001, ge=1, description="Group of all containers")
    fs_group: int = Field(10001, ge=1, description="Group that owns mounted volumes")


class Account(ChartModel):
    """One ServiceAccount."""

    name: OptionalName = Field("", description="An account that is there already; made by the chart when empty")
    annotations: dict[str, str] = Field({}, description="E.g. the cloud role that the pods may take")


class ServiceAccounts(ChartModel):
    """A ServiceAccount for each kind of pod; only three of them may ask the API for anything."""

    create: bool = Field(True, description="Make the accounts that have no name below")
    annotations: dict[str, str] = Field({}, description="Of all accounts that are made")
    webserver: Account = Field(Account(), description="Ends runs: deletes Jobs and pods")
    daemon: Account = Field(Account(), description="Launches and watches runs")
    run: Account = Field(Account(), description="Of run pods: launch and watch steps")
    step: Account = Field(Account(), description="Of step pods: no token, no rights; cloud roles for the lake go here")
    code: Account = Field(Account(), description="Of code locations: no token, no rights")
    migrate: Account = Field(Account(), description="Of the migration Job: no token, no rights; made before an upgrade")
    idle: Account = Field(Account(), description="Of everything else: no token, no rights")


class ServiceValues(ChartModel):
    """A Service."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field("ClusterIP", description="Kind of the Service")
    port: Port = Field(80, description="Port of the Service")
    annotations: dict[str, str] = Field({}, description="Of the Service")


class WebserverValues(Environment, Placement):
    """The UI and GraphQL; with `enableReadOnly` a second one that changes nothing."""

    replica_count: int = Field(1, ge=1, description="Pods")
    image: ImageValues = Field(ImageValues(), description="Other than `image`")
    service: ServiceValues = Field(ServiceValues(), description="Service of the webserver")
    path_prefix: str = Field("", pattern=r"^(/.*[^/])?$", description="Path under which it is served, e.g. /dagster")
    enable_read_only: bool = Field(False, description="A second webserver with `--read-only`, for everybody to look")
    db_statement_timeout: int = Field(15000, ge=0, description="Milliseconds that a statement of the UI may take")
    db_pool_recycle: int = Field(3600, ge=1, description="Seconds after which a connection is made anew")
    log_level: Literal["critical", "error", "warning", "info", "debug", "trace"] = Field(
        "info", description="Of the web server's own log"
    )
    resources: Resources = resources("250m", "1Gi")


class RunMonitoring(ChartModel):
    """What ends runs whose pod is gone, never starts or goes on for ever.

    There is no `maxResumeRunAttempts`: with it Dagster asks every process, steps and code locations too, for the API's
    token. `runRetries` starts the run anew, and the ledger knows what is paid.
    """

    enabled: bool = Field(True, description="Off, a run that no node takes shows STARTING for ever")
    start_timeout_seconds: int = Field(300, ge=1, description="A run pod has to run within so many")
    cancel_timeout_seconds: int = Field(300, ge=1, description="A cancelled run has to end within so many")
    max_runtime_seconds: int = Field(86400, ge=1, description="No run takes longer")
    poll_interval_seconds: int = Field(60, ge=1, description="How often the daemon looks")
    free_slots_after_run_end_seconds: int = Field(30, ge=1, description="A dead run gives its pool slots back")


class RunRetries(ChartModel):
    """What starts a run anew whose pod was evicted or crashed."""

    enabled: bool = Field(True, description="Needed for spot nodes: a drained pod is a failed run")
    max_retries: int = Field(2, ge=0, description="How often")
    retry_on_asset_or_op_failure: bool = Field(
        False, description="Also after a failed step; evicted step pods are such, failed checks too"
    )


class Threads(ChartModel):
    """Threads of a daemon."""

    use_threads: bool = Field(True, description="Several at once")
    num_workers: int = Field(4, ge=1, description="How many")


class DaemonValues(Environment, Placement):
    """Schedules, sensors, the run queue, run monitoring; always one pod."""

    image: ImageValues = Field(ImageValues(), description="Other than `image`")
    heartbeat_tolerance: int = Field(1800, ge=1, description="Seconds without a heartbeat until it is restarted")
    run_monitoring: RunMonitoring = Field(RunMonitoring(), description="Ends runs that are stuck")
    run_retries: RunRetries = Field(RunRetries(), description="Starts runs anew")
    sensors: Threads = Field(Threads(), description="Threads for sensors")
    schedules: Threads = Field(Threads(), description="Threads for schedules")
    resources: Resources = resources("250m", "1Gi")


class UserDeployment(Environment, Placement):
    """A code location: a gRPC server that tells webserver and daemon what there is; its image is that of its runs."""

    name: ObjectName = Field(description="Of the code location, and of its Deployment")
    image: ImageValues = Field(ImageValues(), description="Other than `image`")
    dagster_api_grpc_args: list[str] = Field([], description="Arguments of `dagster api grpc`")
    code_server_args: list[str] = Field(
        [], description="Arguments of `dagster code-server start`, instead of the above"
    )
    port: UserPort = Field(3030, description="Of the gRPC server")
    resources: Resources = resources("250m", "2Gi")


class UserDeployments(ChartModel):
    """The code locations."""

    deployments: list[UserDeployment] = Field(
        [
            UserDeployment.model_validate(
                {
                    "name": "enrichment-platform",
                    "dagsterApiGrpcArgs": ["--module-name", "enrichment_platform.definitions"],
                }
            )
        ],
        min_length=1,
        description="One Deployment and one Service each",
    )


class MigrateValues(ChartModel):
    """The Job that brings Dagster's tables up to date, after an installation and before an upgrade."""

    enabled: bool = Field(True, description="Off: run `dagster instance migrate` yourself")
    active_deadline_seconds: int = Field(900, ge=30, description="It has to be done within so many")
    resources: Resources = resources("100m", "512Mi")
