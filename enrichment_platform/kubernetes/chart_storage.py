"""Values of what is kept: PostgreSQL, the ledger, the lake, logs of steps, how long."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from enrichment_platform.kubernetes.chart_model import (
    ChartModel,
    ImageValues,
    OptionalName,
    Port,
    Resources,
    resources,
)
from enrichment_platform.pod_parts import Quantity


class DatabaseService(ChartModel):
    """Where PostgreSQL listens."""

    port: Port = Field(5432, description="Of the server")


class VolumeValues(ChartModel):
    """A volume of the bundled database."""

    size: Quantity = Field(
        "8Gi", description="Of the claim. Kubernetes lets no upgrade change it afterwards: edit the claim"
    )
    storage_class_name: str = Field("", description="The cluster's default when empty")


class PostgresqlValues(ChartModel):
    """Dagster's storage and the ledger: a server of yours, or a small one for trials."""

    enabled: bool = Field(False, description="Run a single small server in the cluster: for trials, without backup")
    image: ImageValues = Field(
        ImageValues.model_validate(
            {"repository": "docker.io/library/postgres", "tag": "18-alpine", "pullPolicy": "IfNotPresent"}
        ),
        description="Of the bundled server",
    )
    run_as_user: int = Field(70, ge=1, description="postgres in the bundled image (alpine 70, Debian 999)")
    postgresql_host: str = Field("", description="Your server; needed unless `enabled`")
    postgresql_username: str = Field("dagster", pattern=r"^[A-Za-z0-9_-]+$", description="Owner of the database")
    postgresql_database: str = Field("dagster", pattern=r"^[A-Za-z0-9_-]+$", description="Database of Dagster")
    postgresql_scheme: Literal["postgresql+psycopg2", "postgresql+psycopg", "postgresql"] = Field(
        "postgresql+psycopg2",
        description="Driver of Dagster's connection; by name: the default of SQLAlchemy 2.1 is another",
    )
    postgresql_params: dict[str, str] = Field(
        {}, description="Of Dagster's connection, e.g. sslmode: require; the ledger takes sslmode and sslrootcert"
    )
    service: DatabaseService = Field(DatabaseService(), description="Where the server listens")
    storage: VolumeValues = Field(VolumeValues(), description="Volume of the bundled server")
    resources: Resources = resources("250m", "512Mi")


class LedgerValues(ChartModel):
    """The record of every attempt and answer; beside Dagster's tables unless said otherwise."""

    postgresql_database: str = Field(
        "", pattern=r"^[A-Za-z0-9_-]*$", description="Another database of the same server; it has to be there"
    )
    url_secret_name: OptionalName = Field(
        "", description="Secret with the whole SQLAlchemy URL, its password in it: a ledger on another server"
    )
    url_secret_key: str = Field("url", pattern=r"^[-._a-zA-Z0-9]+$", description="Its key")


class LakeClaim(ChartModel):
    """A volume that all pods of enrichments share."""

    existing_claim: OptionalName = Field("", description="A claim that is there (ReadWriteMany); made when empty")
    size: Quantity = Field(
        "100Gi",
        description="Of the claim that is made. Kubernetes lets no upgrade change it afterwards: edit the claim",
    )
    storage_class_name: str = Field("", description="Has to offer ReadWriteMany; the cluster's default when empty")
    mount_path: str = Field("/lake", pattern=r"^/[-a-zA-Z0-9_/]*[a-zA-Z0-9]$", description="Where it is mounted")


class LakeValues(ChartModel):
    """Where the Delta tables lie."""

    type: Literal["s3", "claim"] = Field("s3", description="s3: an object store; claim: a shared volume")
    uri: str = Field("", pattern=r"^(s3://.+)?$", description="s3: s3://bucket/prefix")
    region: str = Field("", description="s3: AWS_REGION")
    endpoint_url: str = Field("", pattern=r"^(https?://.+)?$", description="s3: AWS_ENDPOINT_URL, of other stores")
    credentials_secret: OptionalName = Field(
        "", description="s3: Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; empty with a cloud role"
    )
    claim: LakeClaim = Field(LakeClaim(), description="claim: the volume")


class LocalLogs(ChartModel):
    """Logs of steps on a shared volume."""

    existing_claim: OptionalName = Field("", description="Claim (ReadWriteMany) that webservers and runs mount")


class CustomLogs(ChartModel):
    """A compute log manager that your image has, e.g. of dagster-aws."""

    module: str = Field("", description="Python module")
    class_: str = Field("", alias="class", description="Class in it")
    config: dict[str, Any] = Field({}, description="What the class takes")


class LogConfigs(ChartModel):
    """Settings by kind."""

    local_compute_log_manager: LocalLogs = Field(LocalLogs(), description="With LocalComputeLogManager")
    custom_compute_log_manager: CustomLogs = Field(CustomLogs(), description="With CustomComputeLogManager")


class ComputeLogs(ChartModel):
    """What steps print: in the pods' logs only, or in the UI too."""

    type: Literal["NoOpComputeLogManager", "LocalComputeLogManager", "CustomComputeLogManager"] = Field(
        "NoOpComputeLogManager", description="NoOp: in the pods' logs, which your cluster collects"
    )
    config: LogConfigs = Field(LogConfigs(), description="Settings of the kind")


class Purge(ChartModel):
    """When ticks are forgotten."""

    purge_after_days: int = Field(90, ge=-1, description="Days; -1 is never")


class RetentionValues(ChartModel):
    """How long ticks of schedules and sensors are kept."""

    enabled: bool = Field(True, description="Off: kept for ever")
    schedule: Purge = Field(Purge(), description="Ticks of schedules")
    sensor: Purge = Field(Purge.model_validate({"purgeAfterDays": 7}), description="Ticks of sensors")
