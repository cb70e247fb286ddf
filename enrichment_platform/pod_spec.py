"""Where the stages of an enrichment run on Kubernetes, as plain data: pod profiles, and what is changed in one."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from enrichment_platform.spec_model import SpecModel

_QUANTITY = re.compile(r"^\d+(?:\.\d+)?(?:m|k|[MGTPE]|[KMGTPE]i)?$")
_LABEL = re.compile(r"^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
_DNS_NAME = re.compile(r"^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$")
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
OWN_FLAGS = frozenset(
    {
        *("--host", "--port", "--model", "--served-model-name", "--api-key", "--max-model-len", "--max-num-seqs"),
        *("--gpu-memory-utilization", "--tensor-parallel-size", "-tp", "--dtype", "--structured-outputs-config"),
        *("--enable-prefix-caching", "--no-enable-prefix-caching", "--enable-prompt-tokens-details"),
    }
)


def _quantity(value: str) -> str:
    if not _QUANTITY.fullmatch(value):
        raise ValueError(f"{value!r} is no Kubernetes quantity; write 500m, 2, 4Gi")
    return value


def _bytes(value: str) -> str:
    if not re.fullmatch(r"\d+(?:\.\d+)?(?:[MGTPE]i?|Ki|k)|\d{7,}", _quantity(value)):
        raise ValueError(f"{value!r} is no amount of memory or disk; write 512Mi, 4Gi")
    return value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _dns_name(value: str) -> str:
    if not _DNS_NAME.match(value):
        raise ValueError(f"{value!r} is no name of a Kubernetes object: lower-case letters, digits, - and .")
    return value


def _labels(value: dict[str, str]) -> dict[str, str]:
    wrong = [name for name in value if not _LABEL.match(name)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: no name of a Kubernetes label")
    return value


def _variables(value: dict[str, str]) -> dict[str, str]:
    wrong = [name for name in value if not _VARIABLE.match(name)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: no name of an environment variable")
    return value


def _profile_name(value: Any) -> Any:
    return {"profile": value} if isinstance(value, str) else value


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
    WithJsonSchema({"type": ["string", "number"], "pattern": _QUANTITY.pattern}),
]
DnsName = Annotated[str, AfterValidator(_dns_name), WithJsonSchema({"type": "string", "pattern": _DNS_NAME.pattern})]
Labels = Annotated[dict[str, str], AfterValidator(_labels)]
Variables = Annotated[dict[str, str], AfterValidator(_variables)]


class TolerationSpec(SpecModel):
    """A taint of nodes that the pod puts up with."""

    key: str | None = Field(None, description="All keys when absent; then `operator` is Exists")
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str | None = None
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

    topology_key: str = "topology.kubernetes.io/zone"
    max_skew: int = Field(1, ge=1)
    when_unsatisfiable: Literal["ScheduleAnyway", "DoNotSchedule"] = "ScheduleAnyway"


class SecretKeySpec(SpecModel):
    """A key of a Secret; never the value."""

    name: DnsName
    key: str = Field("api-key", pattern=r"^[-._a-zA-Z0-9]+$")


class ModelCacheSpec(SpecModel):
    """Where the model's weights lie: a claim, an image, or a folder that is filled anew in each pod."""

    type: Literal["claim", "image", "empty"] = "empty"
    claim: DnsName | None = Field(None, description="claim: PersistentVolumeClaim that holds the Hugging Face cache")
    image: str | None = Field(
        None, description="image: OCI image that holds the model's folder (Kubernetes >= 1.33, or ImageVolume on)"
    )
    read_only: bool = Field(False, description="claim: it holds the model already; pods share it without a lock")
    size_limit: Bytes = Field("60Gi", description="empty: the most that is kept on the node")

    @model_validator(mode="after")
    def _complete(self) -> ModelCacheSpec:
        for kind, given in (("claim", self.claim), ("image", self.image)):
            if (self.type == kind) != (given is not None):
                raise ValueError(f"`{kind}` is given with `type: {kind}`, and only with it")
        return self


class VllmSpec(SpecModel):
    """The vLLM server beside the stage: image, model, flags, probes."""

    image: str = Field("docker.io/vllm/vllm-openai:v0.32.0", description="Upstream's image, or one made from it")
    model: str = Field(description="Name on the Hugging Face hub, or a folder of the model cache")
    served_model_name: str | None = Field(None, description="What requests call it; `model` when absent")
    max_model_len: int | None = Field(8192, ge=256, description="Tokens of prompt and answer; the model's when null")
    max_num_seqs: int = Field(256, ge=1, description="Requests computed together")
    gpu_memory_utilization: float = Field(0.92, gt=0, le=1)
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    prefix_caching: bool = Field(True, description="Prompts that begin alike are computed once")
    structured_outputs: Literal["auto", "xgrammar", "guidance", "outlines"] = Field(
        "xgrammar", description="What holds answers to their JSON schema"
    )
    extra_flags: list[str] = Field(default_factory=list, description="Further flags of `vllm serve`, as they are")
    environment: Variables = Field(default_factory=dict, description="Of the server; no secrets")
    hub_token: SecretKeySpec | None = Field(None, description="HF_TOKEN, for models that ask for one")
    api_key: SecretKeySpec | None = Field(None, description="Shared by stage and server; asked of every request")
    cache: ModelCacheSpec = ModelCacheSpec()
    shared_memory: Bytes = Field("8Gi", description="Tensor parallel workers talk through it")
    cpu: Quantity = "4"
    memory: Bytes = "32Gi"
    port: int = Field(8000, ge=1024, le=65535)
    start_seconds: int = Field(1200, ge=30, description="It has to answer within so many: loading and compiling")
    silent_seconds: int = Field(120, ge=30, description="It is restarted when it has not answered for so long")

    @field_validator("extra_flags")
    @classmethod
    def _others(cls, value: list[str]) -> list[str]:
        taken = sorted({flag.split("=")[0].replace("_", "-") for flag in value} & OWN_FLAGS)
        if taken:
            raise ValueError(f"{', '.join(taken)} are set by the platform: use the fields of `vllm`")
        return value


class PodProfileSpec(SpecModel):
    """A kind of pod: what a stage needs of a node, how long it may take, and which server stands beside it."""

    image: str | None = Field(None, description="Of the step; the code location's when absent")
    cpu: Quantity = Field("1", description="Request; there is no CPU limit, which only slows down")
    memory: Bytes = Field("4Gi", description="Request and limit")
    disk: Bytes = Field("10Gi", description="Of /tmp, request and limit: the rows on their way through a stage")
    gpus: int = Field(0, ge=0, le=16, description="Of the step, or of the vLLM server where there is one")
    gpu_resource: str = Field(
        "nvidia.com/gpu", pattern=r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$", description="How nodes name their GPUs"
    )
    vllm: VllmSpec | None = Field(None, description="A vLLM server in the same pod (native sidecar)")
    endpoint: str | None = Field(
        None, pattern=r"^https?://\S+$", description="A server elsewhere: shared vLLM, inference gateway; base URL"
    )
    model: str | None = Field(None, description="endpoint: the model's name there")
    api_key: SecretKeySpec | None = Field(None, description="endpoint: its key")
    environment: Variables = Field(default_factory=dict, description="Of the step; no secrets")
    environment_secrets: list[DnsName] = Field(default_factory=list, description="Secrets whose keys become variables")
    node_selector: Labels = Field(default_factory=dict)
    tolerations: list[TolerationSpec] = Field(default_factory=list)
    priority_class: DnsName | None = None
    runtime_class: DnsName | None = Field(
        None, description="Where nodes do not run GPU containers by default: nvidia, on k3s, RKE2 and Talos"
    )
    spread: list[SpreadSpec] = Field(default_factory=list)
    deadline_minutes: int = Field(
        24 * 60, ge=1, le=60 * 24 * 365, description="The pod is ended then, whatever it does"
    )
    keep_minutes: int = Field(
        24 * 60, ge=5, le=60 * 24 * 365, description="Finished Jobs are kept so long, for their logs"
    )
    user: int = Field(10001, ge=1, le=2**31 - 1, description="User and group of all containers; never root")

    @model_validator(mode="after")
    def _consistent(self) -> PodProfileSpec:
        if self.vllm is not None and self.endpoint is not None:
            raise ValueError("`vllm` is a server in the pod, `endpoint` one elsewhere: give one of them")
        if self.vllm is not None and not self.gpus and self.vllm.dtype != "float32":
            raise ValueError("`vllm` needs `gpus` (on a CPU build of vLLM: `dtype: float32`)")
        if (self.model or self.api_key) and self.endpoint is None:
            raise ValueError("`model` and `api_key` of a profile go with `endpoint`; a vLLM server has its own")
        return self


class PodSpec(SpecModel):
    """The profile of a stage, and what is other for this enrichment; fields that are not named are the profile's."""

    profile: str = "cpu"
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Fields of the profile; `vllm` field by field, everything else as a whole"
    )

    @model_validator(mode="before")
    @classmethod
    def _beside(cls, value: Any) -> Any:
        """`{profile: gpu-serve, gpus: 2}`: what stands beside `profile` are overrides."""
        if not isinstance(value, dict) or "overrides" in value:
            return value
        return {
            **({"profile": value["profile"]} if "profile" in value else {}),
            "overrides": {name: one for name, one in value.items() if name != "profile"},
        }


PodOf = Annotated[PodSpec, BeforeValidator(_profile_name, json_schema_input_type=str | dict[str, Any])]


class PodsSpec(SpecModel):
    """The pods of the four stages; a name, or a profile with fields that are other: `{profile: gpu-serve, gpus: 2}`."""

    raw: PodOf = PodSpec()
    cleaned: PodOf = Field(PodSpec(), description="gpu-clean runs cuDF")
    classified: PodOf = Field(PodSpec(), description="gpu-serve brings its model, service asks one elsewhere")
    enriched: PodOf = PodSpec()
    checks: PodOf = PodSpec()
