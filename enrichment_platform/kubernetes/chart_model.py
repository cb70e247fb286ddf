"""What the values of the chart are made from: camelCase fields, images, resources, environment, placement."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from enrichment_platform.pod_parts import TAKEN_PATHS, Quantity
from enrichment_platform.spec_model import SpecModel

NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
"""Of a Kubernetes object; no look-around, since Helm reads patterns with Go's RE2."""

ObjectName = Annotated[str, StringConstraints(pattern=NAME, max_length=63)]
OptionalName = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$", max_length=253)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
OWN_VOLUMES = (
    "tmp",
    "scratch",
    "instance",
    "workspace",
    "pods",
    "lake",
    "compute-logs",
    "vllm-tmp",
    "shm",
    "model-cache",
)
"""Volumes that the chart and pod profiles make; those of a profile are called profile-0, profile-1, ..."""


def _volume_name(value: str) -> str:
    if value in OWN_VOLUMES or value.startswith("profile-"):
        raise ValueError(f"{value} is a volume of the platform: call yours otherwise")
    return value


VolumeName = Annotated[
    ObjectName,
    AfterValidator(_volume_name),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": NAME,
            "maxLength": 63,
            "not": {"anyOf": [{"enum": list(OWN_VOLUMES)}, {"pattern": "^profile-"}]},
        }
    ),
]
_PATH = r"^/[^:]*[^:/]$"


def _mount_path(value: str) -> str:
    if value in TAKEN_PATHS:
        raise ValueError(f"{value} is the platform's own; mount it elsewhere")
    return value


MountPath = Annotated[
    str,
    StringConstraints(pattern=_PATH),
    AfterValidator(_mount_path),
    WithJsonSchema({"type": "string", "pattern": _PATH, "not": {"enum": list(TAKEN_PATHS)}}),
]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
UserPort = Annotated[int, Field(ge=1024, le=65535)]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]


def _plain(value: str) -> str:
    """No $(NAME): Kubernetes would put the variable in, also where the settings of runs stand in arguments."""
    if "$(" in value:
        raise ValueError("$( is not taken: Kubernetes would put a variable in its place; use envSecrets")
    return value


PLAIN_TEXT: dict[str, Any] = {"type": "string", "pattern": r"^([^$]|\$+[^$(])*\$*$"}
PlainText = Annotated[str, AfterValidator(_plain), WithJsonSchema(PLAIN_TEXT)]
PlainVariables = dict[Variable, PlainText]


class ChartModel(SpecModel):
    """Values in Kubernetes' spelling (camelCase); an unknown key is an error that names it."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=False, validate_by_alias=True)


class ImageValues(ChartModel):
    """An image; a digest counts more than a tag."""

    repository: str = Field("", description="Registry and name; that of `image` when empty")
    tag: str = Field("", description="That of `image` when empty")
    digest: Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64})?$")] = Field(
        "", description="sha256:...; pins the image whatever the tag says"
    )
    pull_policy: PullPolicy | Literal[""] = Field("", description="Always, IfNotPresent, Never")


class NameReference(ChartModel):
    """The name of a Secret or a ConfigMap in the namespace of the release."""

    name: SecretName = Field(description="Name of the object; the chart makes none")


class ResourceAmounts(ChartModel):
    """CPU, memory, disk."""

    cpu: Quantity | None = Field(None, description="Cores, e.g. 500m")
    memory: Quantity | None = Field(None, description="Bytes, e.g. 512Mi")
    ephemeral_storage: Quantity | None = Field(
        None, alias="ephemeral-storage", description="Disk of the node, e.g. 2Gi"
    )


class Resources(ChartModel):
    """What a container asks for and may use; no CPU limit, which only slows down."""

    requests: ResourceAmounts = Field(ResourceAmounts(), description="What the scheduler puts aside")
    limits: ResourceAmounts = Field(ResourceAmounts(), description="What it may use at most")


def resources(cpu: str, memory: str) -> Any:
    """A field of resources: a request for CPU, a request and limit of memory."""
    amounts = Resources(
        requests=ResourceAmounts.model_validate({"cpu": cpu, "memory": memory}),
        limits=ResourceAmounts.model_validate({"memory": memory}),
    )
    return Field(amounts, description="Requests and limits of the container")


class ChartToleration(ChartModel):
    """A taint of nodes that a pod puts up with."""

    key: str | None = Field(None, description="Of the taint; all when absent")
    operator: Literal["Exists", "Equal"] | None = Field(None, description="Equal when absent")
    value: str | None = Field(None, description="Of the taint, with Equal")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(None, description="All when absent")
    toleration_seconds: int | None = Field(None, description="How long, with NoExecute")


class Placement(ChartModel):
    """Where a pod runs and what it is marked with."""

    node_selector: dict[str, str] = Field({}, description="Labels that the node has")
    tolerations: list[ChartToleration] = Field([], description="Taints that are put up with")
    affinity: dict[str, Any] = Field({}, description="As Kubernetes writes it: nodeAffinity, podAntiAffinity")
    priority_class_name: OptionalName = Field("", description="PriorityClass of the pods")
    annotations: dict[str, str] = Field({}, description="Further annotations of the pods")
    labels: dict[str, str] = Field({}, description="Further labels of the pods")


VOLUME_KINDS = ("configMap", "secret", "persistentVolumeClaim", "projected", "csi", "emptyDir")


class ChartVolume(ChartModel):
    """A volume of a pod, as Kubernetes writes it; no folder of a node, which the restricted standard forbids."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in VOLUME_KINDS]})

    name: VolumeName = Field(description="Of the volume, for its mounts")
    config_map: dict[str, Any] | None = Field(None, description="{name: ...}")
    secret: dict[str, Any] | None = Field(None, description="{secretName: ...}")
    persistent_volume_claim: dict[str, Any] | None = Field(None, description="{claimName: ...}")
    projected: dict[str, Any] | None = Field(None, description="{sources: [...]}")
    csi: dict[str, Any] | None = Field(None, description="{driver: ...}; e.g. secrets of a vault")
    empty_dir: dict[str, Any] | None = Field(None, description="{sizeLimit: ...}")

    @model_validator(mode="after")
    def _of_one_kind(self) -> ChartVolume:
        if sum(value is not None for name, value in self if name != "name") != 1:
            raise ValueError(f"a volume is exactly one of {', '.join(VOLUME_KINDS)}")
        return self


class ChartMount(ChartModel):
    """Where a container finds a volume."""

    name: VolumeName = Field(description="Of the volume")
    mount_path: MountPath = Field(description="Folder or file in the container; none of the platform's own")
    sub_path: str | None = Field(None, description="One file or folder of the volume")
    read_only: bool = Field(True, description="Nothing is written to it")


class Mounts(ChartModel):
    """Further volumes of a pod: a CA of one's own, secrets of a vault, files that a source reads."""

    volumes: list[ChartVolume] = Field([], description="Further volumes, as Kubernetes writes them; no hostPath")
    volume_mounts: list[ChartMount] = Field([], description="Where the containers find them; read-only unless said")


class Environment(Mounts):
    """Variables and volumes of a container; secrets by the name of the Secret."""

    env: PlainVariables = Field(
        {}, description="Plain variables; no secrets, everybody can read them, and no $(NAME): that is for envSecrets"
    )
    env_config_maps: list[NameReference] = Field([], description="ConfigMaps whose keys become variables")
    env_secrets: list[NameReference] = Field([], description="Secrets whose keys become variables")
