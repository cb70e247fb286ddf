"""Values of the shared vLLM server, and of the pod profiles."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, WithJsonSchema

from enrichment_platform.kubernetes.chart_model import (
    PLAIN_TEXT,
    ChartModel,
    ObjectName,
    OptionalName,
    Placement,
    PlainVariables,
)
from enrichment_platform.kubernetes.profiles import BUILT_IN, merge
from enrichment_platform.pod_spec import PodProfileSpec, VllmSpec

SERVED = BUILT_IN["gpu-serve"]["vllm"]
_VARIABLES = TypeAdapter(PlainVariables)


def _checked(given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each profile together with the built-in one of its name has to be whole."""
    for name, fields in given.items():
        profile = PodProfileSpec.model_validate(merge(BUILT_IN.get(name, {}), fields))
        _VARIABLES.validate_python(profile.environment)
        if profile.vllm:
            _without_references(profile.vllm)
    return given


def _without_references(server: VllmSpec) -> VllmSpec:
    _VARIABLES.validate_python(server.environment)
    return server


def _plain_variables(*models: dict[str, Any]) -> None:
    for model in models:
        model["properties"]["environment"]["additionalProperties"] = PLAIN_TEXT


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without references to its own definitions; none of them refers to itself."""
    definitions = schema.get("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(one) for one in part]
        if not isinstance(part, dict):
            return part
        own = {name: resolved(one) for name, one in part.items() if name not in ("$ref", "$defs")}
        if "$ref" not in part:
            return own
        return {**resolved(definitions[part["$ref"].removeprefix("#/$defs/")]), **own}

    whole: dict[str, Any] = resolved(schema)
    return whole


def _parts() -> dict[str, Any]:
    """JSON schema of a profile of which any field may be left out: the built-in one has it."""
    schema = PodProfileSpec.model_json_schema()
    schema["$defs"]["VllmSpec"].pop("required")  # the model; gpu-serve has one
    _plain_variables(schema, schema["$defs"]["VllmSpec"])
    return inlined(schema)


def _server() -> dict[str, Any]:
    schema = VllmSpec.model_json_schema()
    _plain_variables(schema)
    return inlined(schema)


PodProfiles = Annotated[
    dict[ObjectName, dict[str, Any]],
    AfterValidator(_checked),
    WithJsonSchema({"type": "object", "additionalProperties": _parts()}),
]


def _with_model(given: Any) -> Any:
    """As Helm does: what is not said stands in values.yaml."""
    return {**SERVED, **given} if isinstance(given, dict) else given


class Autoscaling(ChartModel):
    """Pods by the length of the queue; asks for prometheus-adapter to serve the metric."""

    enabled: bool = Field(False, description="A HorizontalPodAutoscaler instead of `replicaCount`")
    min_replicas: int = Field(1, ge=1, description="At least")
    max_replicas: int = Field(4, ge=1, description="At most")
    metric: str = Field("vllm:num_requests_waiting", description="The name that prometheus-adapter serves it under")
    waiting_requests: int = Field(
        16, ge=1, description="Waiting requests a pod, on average, above which pods are added"
    )
    scale_down_seconds: int = Field(600, ge=0, description="The queue has to be short for so long before a pod goes")


class SharedVllm(Placement):
    """One vLLM server for all enrichments; the profile `service` asks it."""

    enabled: bool = Field(False, description="Deployment and Service; sets the endpoint of the profile `service`")
    replica_count: int = Field(1, ge=1, description="Pods")
    gpus: int = Field(1, ge=0, le=16, description="Of each pod; the model is split over them")
    gpu_resource: str = Field("nvidia.com/gpu", description="How nodes name their GPUs")
    runtime_class_name: OptionalName = Field("", description="nvidia, where nodes do not run GPU containers by default")
    server: Annotated[
        VllmSpec, BeforeValidator(_with_model), AfterValidator(_without_references), WithJsonSchema(_server())
    ] = Field(
        VllmSpec.model_validate(SERVED), description="Image, model and flags: the fields of `vllm` of a pod profile"
    )
    autoscaling: Autoscaling = Field(Autoscaling(), description="Pods by the length of the queue")
