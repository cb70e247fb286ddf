"""What pod profiles are made of: quantities, names, nodes, volumes, keys of Secrets."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from enrichment_platform.spec_model import SpecModel

_QUANTITY = re.compile(r"^\d+(?:\.\d+)?(?:m|k|[MGTPE]|[KMGTPE]i)?$")
_BYTES = re.compile(r"^(?:\d+(?:\.\d+)?(?:[MGTPE]i?|Ki|k)|\d{7,})$")
_LABEL = re.compile(r"^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
_DNS_NAME = re.compile(r"^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$")
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
TAKEN_PATHS = (
    *("/tmp", "/var/tmp", "/dev/shm"),  # noqa: S108 - paths in the pod
    *("/etc/enrichment-platform", "/etc/dagster", "/var/log/dagster"),
)
"""Where the platform mounts its own: a second mount there is a pod that Kubernetes refuses."""


def _quantity(value: str) -> str:
    if not _QUANTITY.fullmatch(value):
        raise ValueError(f"{value!r} is no Kubernetes quantity; write 500m, 2, 4Gi")
    return value


def _bytes(value: str) -> str:
    if not _BYTES.fullmatch(_quantity(value)):
        raise ValueError(f"{value!r} is no amount of memory or disk; write 512Mi, 4Gi")
    return value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _dns_name(value: str) -> str:
    if not _DNS_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is no name of a Kubernetes object: lower-case letters, digits, - and .")
    return value


def _labels(value: dict[str, str]) -> dict[str, str]:
    wrong = [name for name in value if not _LABEL.fullmatch(name)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: no name of a Kubernetes label")
    return value


def _variables(value: dict[str, str]) -> dict[str, str]:
    wrong = [name for name in value if not _VARIABLE.fullmatch(name)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: no name of an environment variable")
    return value


Quantity = Annotated[
    str,
    BeforeValidator(_text),
    AfterValidator(_quantity),
    WithJsonSchema({"type": ["string", "number"], "pattern": _QUANTITY.pattern}),
]
Bytes = Annotated[
    str,
    BeforeValidator(_text),
    AfterValidator(_bytes),
    WithJsonSchema({"type": ["string", "number"], "pattern": _BYTES.pattern, "minimum": 1_000_000}),
]
DnsName = Annotated[str, AfterValidator(_dns_name), WithJsonSchema({"type": "string", "pattern": _DNS_NAME.pattern})]
Labels = Annotated[dict[str, str], AfterValidator(_labels)]
LabelValue = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number"]})]
Variables = Annotated[dict[str, str], AfterValidator(_variables)]


class TolerationSpec(SpecModel):
    """A taint of nodes that the pod puts up with."""

    key: str | None = Field(None, description="All keys when absent; then `operator` is Exists")
    operator: Literal["Exists", "Equal"] = Field("Equal", description="Exists: whatever the value is")
    value: str | None = Field(None, description="Of the taint, with Equal")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(None, description="All when absent")
    seconds: int | None = Field(None, ge=0, description="How long, with NoExecute; for ever when absent")

    @model_validator(mode="after")
    def _consistent(self) -> TolerationSpec:
        if self.operator == "Equal" and self.key is None:
            raise ValueError("a toleration without `key` is `operator: Exists`: it tolerates everything")
        if self.operator == "Exists" and self.value is not None:
            raise ValueError("`operator: Exists` takes no `value`")
        if self.seconds is not None and self.effect != "NoExecute":
            raise ValueError("`seconds` goes with `effect: NoExecute`")
        return self


class SpreadSpec(SpecModel):
    """How the pods of an enrichment are spread over nodes or zones."""

    topology_key: str = Field("topology.kubernetes.io/zone", description="Label of nodes that tells the places apart")
    max_skew: int = Field(1, ge=1, description="How many pods more one place may have than another")
    when_unsatisfiable: Literal["ScheduleAnyway", "DoNotSchedule"] = Field(
        "ScheduleAnyway", description="DoNotSchedule: the pod waits rather"
    )


class NodeTermSpec(SpecModel):
    """What a label of the node has to be, beyond `node_selector`: one of several values, or not there."""

    key: str = Field(pattern=_LABEL.pattern, description="Of the label")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = Field("In", description="As Kubernetes'")
    values: list[LabelValue] = Field(default_factory=list, description="With In and NotIn; one number with Gt and Lt")

    @model_validator(mode="after")
    def _consistent(self) -> NodeTermSpec:
        if self.operator in ("Exists", "DoesNotExist") and self.values:
            raise ValueError(f"`operator: {self.operator}` takes no `values`")
        if self.operator in ("In", "NotIn") and not self.values:
            raise ValueError(f"`operator: {self.operator}` needs `values`")
        if self.operator in ("Gt", "Lt") and (len(self.values) != 1 or not self.values[0].isdecimal()):
            raise ValueError(f"`operator: {self.operator}` takes one whole number in `values`")
        return self


class VolumeSpec(SpecModel):
    """A folder or a file that the step finds: a ConfigMap, a Secret or a claim of the namespace."""

    mount_path: str = Field(pattern=r"^/[^:]*[^:/]$", description="Where; not /tmp, which the pod has for scratch")
    config_map: DnsName | None = Field(None, description="ConfigMap: settings, prompts")
    secret: DnsName | None = Field(None, description="Secret: keys and certificates as files")
    claim: DnsName | None = Field(None, description="PersistentVolumeClaim: files that a source reads")
    sub_path: str | None = Field(None, pattern=r"^[^/].*$", description="One file or folder of it")
    read_only: bool = Field(True, description="Of a claim; the others always are")

    @model_validator(mode="after")
    def _complete(self) -> VolumeSpec:
        if sum(one is not None for one in (self.config_map, self.secret, self.claim)) != 1:
            raise ValueError("a volume is one of `config_map`, `secret`, `claim`: give exactly one")
        if not self.read_only and self.claim is None:
            raise ValueError("`read_only: false` goes with `claim`: ConfigMaps and Secrets cannot be written")
        if self.sub_path and ".." in self.sub_path.split("/"):
            raise ValueError("`sub_path` lies within the volume: no ..")
        if self.mount_path in TAKEN_PATHS:
            raise ValueError(f"{self.mount_path} is the platform's own; mount it elsewhere")
        return self


class SecretKeySpec(SpecModel):
    """A key of a Secret; never the value."""

    name: DnsName = Field(description="Of the Secret, in the namespace of the release")
    key: str = Field("api-key", pattern=r"^[-._a-zA-Z0-9]+$", description="Within the Secret")
