"""A pod profile as dagster-k8s takes it: the tag `dagster-k8s/config` of a step."""

from __future__ import annotations

import math
from typing import Any

from enrichment_platform.kubernetes.vllm_server import CACHE_FOLDER, serve_command, serve_environment
from enrichment_platform.pod_parts import NodeTermSpec, SecretKeySpec, TolerationSpec, VolumeSpec
from enrichment_platform.pod_spec import ModelCacheSpec, PodProfileSpec, VllmSpec

TAG = "dagster-k8s/config"
SIDECAR = "vllm"
GRACE_SECONDS = 60  # from SIGTERM: what is in flight is answered and written down
SCRATCH = "/tmp"  # noqa: S108 - an empty volume of the pod
_SERVER_SCRATCH = "20Gi"  # compiled kernels and graphs
_SERVER_DISK = "20Gi"  # that, and a model that fits one GPU; large ones belong into a claim or an image
_PROBE_SECONDS = 5
_LIVE_SECONDS = 10
_CONTAINER_SECURITY = {
    "allow_privilege_escalation": False,
    "read_only_root_filesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

Config = dict[str, Any]


def pod_config(profile: PodProfileSpec, labels: dict[str, str]) -> Config:
    """Return the configuration of a step's Job, in the spelling of the Kubernetes client (snake case).

    The server is a native sidecar, an init container that is always restarted (Kubernetes >= 1.29): the step starts
    when its startup probe passes, and the Job ends with the step. It is defined here and nowhere else: dagster-k8s
    joins lists of different layers.

    Args:
        profile: What the pod is like.
        labels: Of the pod: the enrichment, the stage.
    """
    vllm = profile.vllm
    volumes = [_scratch("tmp", profile.disk), *(_volume(name, one) for name, one in _named(profile.volumes))]
    pod: Config = {
        "automount_service_account_token": False,
        "enable_service_links": False,
        "termination_grace_period_seconds": GRACE_SECONDS,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": profile.user,
            "run_as_group": profile.group or profile.user,
            "fs_group": profile.fs_group or profile.user,
            "fs_group_change_policy": "OnRootMismatch",
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
    }
    if vllm is not None:
        pod["init_containers"] = [sidecar(vllm, profile.gpus, profile.gpu_resource)]
        volumes += server_volumes(vllm)
    if profile.node_selector:
        pod["node_selector"] = dict(profile.node_selector)
    if profile.node_affinity:
        terms = [{"match_expressions": [_term(one) for one in profile.node_affinity]}]
        required = {"required_during_scheduling_ignored_during_execution": {"node_selector_terms": terms}}
        pod["affinity"] = {"node_affinity": required}
    if profile.tolerations:
        pod["tolerations"] = [_toleration(one) for one in profile.tolerations]
    if profile.priority_class:
        pod["priority_class_name"] = profile.priority_class
    if profile.runtime_class:
        pod["runtime_class_name"] = profile.runtime_class
    if profile.spread:
        pod["topology_spread_constraints"] = [
            {**one.model_dump(), "label_selector": {"match_labels": dict(labels)}} for one in profile.spread
        ]
    return {
        "container_config": _step(profile),
        "pod_spec_config": {**pod, "volumes": volumes},
        "pod_template_spec_metadata": {"labels": dict(labels)},
        "job_metadata": {"labels": dict(labels)},
        "job_spec_config": {
            "active_deadline_seconds": 60 * profile.deadline_minutes,
            "backoff_limit": 0,  # with retries of the Job, a preempted step hangs (dagster #33755)
            "ttl_seconds_after_finished": 60 * profile.keep_minutes,
        },
    }


def sidecar(vllm: VllmSpec, gpus: int, gpu_resource: str) -> Config:
    """Return the server's container."""
    probe = {"http_get": {"path": "/health", "port": vllm.port}, "timeout_seconds": _PROBE_SECONDS}
    program, *arguments = serve_command(vllm, gpus)
    secrets = [("VLLM_API_KEY", vllm.api_key), ("HF_TOKEN", vllm.hub_token)]
    return {
        "name": SIDECAR,
        "image": vllm.image,
        "command": [program],
        "args": arguments,
        "restart_policy": "Always",
        "env": [
            *({"name": name, "value": value} for name, value in serve_environment(vllm).items()),
            *(_from_secret(name, secret) for name, secret in secrets if secret is not None),
        ],
        "ports": [{"name": "http-vllm", "container_port": vllm.port}],
        "resources": _resources(vllm.cpu, vllm.memory, gpus, gpu_resource, disk=_SERVER_DISK),
        "startup_probe": {
            **probe,
            "period_seconds": _PROBE_SECONDS,
            "failure_threshold": math.ceil(vllm.start_seconds / _PROBE_SECONDS),
        },
        "liveness_probe": {
            **probe,
            "period_seconds": _LIVE_SECONDS,
            "failure_threshold": math.ceil(vllm.silent_seconds / _LIVE_SECONDS),
        },
        "security_context": dict(_CONTAINER_SECURITY),
        "volume_mounts": [
            {"name": "vllm-tmp", "mount_path": SCRATCH},
            {"name": "shm", "mount_path": "/dev/shm"},  # noqa: S108
            {"name": "model-cache", "mount_path": CACHE_FOLDER, "read_only": _fixed(vllm.cache)},
        ],
    }


def server_volumes(vllm: VllmSpec) -> list[Config]:
    """Return the volumes that the server's container mounts."""
    cache: Config = {"name": "model-cache"}
    if vllm.cache.type == "claim":
        cache["persistent_volume_claim"] = {"claim_name": vllm.cache.claim, "read_only": vllm.cache.read_only}
    elif vllm.cache.type == "image":
        cache["image"] = {"reference": vllm.cache.image, "pull_policy": "IfNotPresent"}
    else:
        cache["empty_dir"] = {"size_limit": vllm.cache.size_limit}
    memory = {"name": "shm", "empty_dir": {"medium": "Memory", "size_limit": vllm.shared_memory}}
    return [_scratch("vllm-tmp", _SERVER_SCRATCH), memory, cache]


def _step(profile: PodProfileSpec) -> Config:
    served = profile.vllm is not None
    step: Config = {
        "env": _step_environment(profile),
        "resources": _resources(
            profile.cpu, profile.memory, 0 if served else profile.gpus, profile.gpu_resource, disk=profile.disk
        ),
        "security_context": dict(_CONTAINER_SECURITY),
        "volume_mounts": [
            {"name": "tmp", "mount_path": SCRATCH},
            *(_mount(name, one) for name, one in _named(profile.volumes)),
        ],
    }
    if profile.image:
        step["image"] = profile.image
    if profile.environment_secrets:
        step["env_from"] = [{"secret_ref": {"name": name}} for name in profile.environment_secrets]
    return step


def _step_environment(profile: PodProfileSpec) -> list[Config]:
    vllm = profile.vllm
    # An image whose file system is read-only has no folder of its own; what the launcher says is overruled.
    plain = {"HOME": SCRATCH, "TMPDIR": SCRATCH}
    key: SecretKeySpec | None = profile.api_key
    if vllm is not None:
        key = vllm.api_key
        plain |= {
            "ENRICHMENT_ENDPOINT": f"http://127.0.0.1:{vllm.port}/v1",
            "ENRICHMENT_MODEL": vllm.served_model_name or vllm.model,
            "ENRICHMENT_SIDECAR_START_SECONDS": f"{vllm.start_seconds}",
        }
    elif profile.endpoint is not None:
        plain["ENRICHMENT_ENDPOINT"] = profile.endpoint
        plain |= {"ENRICHMENT_MODEL": profile.model} if profile.model else {}
    environment = [{"name": name, "value": value} for name, value in {**plain, **profile.environment}.items()]
    return [*environment, _from_secret("ENRICHMENT_API_KEY", key)] if key is not None else environment


def _resources(cpu: str, memory: str, gpus: int, gpu_resource: str, disk: str) -> Config:
    limits = {"memory": memory, **({gpu_resource: f"{gpus}"} if gpus else {})}
    # Disk is asked of the node, or pods are evicted when it is full; its limits are those of the volumes.
    return {"requests": {"cpu": cpu, "ephemeral-storage": disk, **limits}, "limits": limits}


def _scratch(name: str, size: str) -> Config:
    return {"name": name, "empty_dir": {"size_limit": size}}


def _named(volumes: list[VolumeSpec]) -> list[tuple[str, VolumeSpec]]:
    return [(f"profile-{number}", one) for number, one in enumerate(volumes)]


def _volume(name: str, one: VolumeSpec) -> Config:
    if one.config_map is not None:
        return {"name": name, "config_map": {"name": one.config_map}}
    if one.secret is not None:
        return {"name": name, "secret": {"secret_name": one.secret}}
    return {"name": name, "persistent_volume_claim": {"claim_name": one.claim, "read_only": one.read_only}}


def _mount(name: str, one: VolumeSpec) -> Config:
    within = {"sub_path": one.sub_path} if one.sub_path else {}
    return {"name": name, "mount_path": one.mount_path, "read_only": one.read_only, **within}


def _term(one: NodeTermSpec) -> Config:
    return {"key": one.key, "operator": one.operator, **({"values": list(one.values)} if one.values else {})}


def _fixed(cache: ModelCacheSpec) -> bool:
    return cache.type == "image" or cache.read_only


def _from_secret(name: str, secret: SecretKeySpec) -> Config:
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret.name, "key": secret.key}}}


def _toleration(one: TolerationSpec) -> Config:
    given = {
        "key": one.key,
        "operator": one.operator,
        "value": one.value,
        "effect": one.effect,
        "toleration_seconds": one.seconds,
    }
    return {name: value for name, value in given.items() if value is not None}
