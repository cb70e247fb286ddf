"""Where the stages of an enrichment run on Kubernetes, as plain data: pod profiles, and what is changed in one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from enrichment_platform.pod_parts import (
    Bytes,
    DnsName,
    Labels,
    NodeTermSpec,
    Quantity,
    SecretKeySpec,
    SpreadSpec,
    TolerationSpec,
    Variables,
    VolumeSpec,
)
from enrichment_platform.spec_model import SpecModel

OWN_FLAGS = frozenset(
    {
        *("--host", "--port", "--model", "--served-model-name", "--api-key", "--max-model-len", "--max-num-seqs"),
        *("--gpu-memory-utilization", "--tensor-parallel-size", "-tp", "--dtype", "--structured-outputs-config"),
        *("--enable-prefix-caching", "--no-enable-prefix-caching", "--enable-prompt-tokens-details"),
    }
)


def _profile_name(value: Any) -> Any:
    return {"profile": value} if isinstance(value, str) else value


class ModelCacheSpec(SpecModel):
    """Where the model's weights lie: a claim, an image, or a folder that is filled anew in each pod."""

    type: Literal["claim", "image", "empty"] = Field("empty", description="empty: fetched anew by each pod")
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
    gpu_memory_utilization: float = Field(0.92, gt=0, le=1, description="Share of the GPU's memory that it takes")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field("auto", description="Numbers of the weights")
    prefix_caching: bool = Field(True, description="Prompts that begin alike are computed once")
    structured_outputs: Literal["auto", "xgrammar", "guidance", "outlines"] = Field(
        "xgrammar", description="What holds answers to their JSON schema"
    )
    extra_flags: list[str] = Field(default_factory=list, description="Further flags of `vllm serve`, as they are")
    environment: Variables = Field(default_factory=dict, description="Of the server; no secrets")
    hub_token: SecretKeySpec | None = Field(None, description="HF_TOKEN, for models that ask for one")
    api_key: SecretKeySpec | None = Field(None, description="Shared by stage and server; asked of every request")
    cache: ModelCacheSpec = Field(ModelCacheSpec(), description="Where the weights lie")
    shared_memory: Bytes = Field("8Gi", description="Tensor parallel workers talk through it")
    cpu: Quantity = Field("4", description="Request; there is no CPU limit")
    memory: Bytes = Field("32Gi", description="Request and limit")
    port: int = Field(8000, ge=1024, le=65535, description="Within the pod")
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
    volumes: list[VolumeSpec] = Field(default_factory=list, description="Of the step, beside those of the deployment")
    node_selector: Labels = Field(default_factory=dict, description="Labels that the node has")
    node_affinity: list[NodeTermSpec] = Field(
        default_factory=list, description="All have to hold: certain GPUs, no spot nodes"
    )
    tolerations: list[TolerationSpec] = Field(default_factory=list, description="Taints of nodes that it puts up with")
    priority_class: DnsName | None = Field(None, description="PriorityClass; what may push others aside")
    runtime_class: DnsName | None = Field(
        None, description="Where nodes do not run GPU containers by default: nvidia, on k3s, RKE2 and Talos"
    )
    spread: list[SpreadSpec] = Field(default_factory=list, description="Over zones or nodes, the pods of one stage")
    deadline_minutes: int = Field(
        24 * 60, ge=1, le=60 * 24 * 365, description="The pod is ended then, whatever it does"
    )
    keep_minutes: int = Field(
        24 * 60, ge=5, le=60 * 24 * 365, description="Finished Jobs are kept so long, for their logs"
    )
    user: int = Field(10001, ge=1, le=2**31 - 1, description="User of all containers; never root")
    group: int | None = Field(None, ge=1, le=2**31 - 1, description="Their group; the user's number when absent")
    fs_group: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Group that owns mounted volumes; the user's number when absent"
    )

    @model_validator(mode="after")
    def _consistent(self) -> PodProfileSpec:
        if self.vllm is not None and self.endpoint is not None:
            raise ValueError("`vllm` is a server in the pod, `endpoint` one elsewhere: give one of them")
        if self.vllm is not None and not self.gpus and self.vllm.dtype != "float32":
            raise ValueError("`vllm` needs `gpus` (on a CPU build of vLLM: `dtype: float32`)")
        if (self.model or self.api_key) and self.endpoint is None:
            raise ValueError("`model` and `api_key` of a profile go with `endpoint`; a vLLM server has its own")
        paths = [one.mount_path for one in self.volumes]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(f"volumes: {', '.join(twice)} is mounted twice")
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
