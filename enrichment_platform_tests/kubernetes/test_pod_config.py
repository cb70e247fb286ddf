"""Every profile makes a Job that Kubernetes takes, with what a native sidecar and a restricted namespace ask for."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
from dagster_k8s import DagsterK8sJobConfig, construct_dagster_k8s_job
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from kubernetes.client import ApiClient

from enrichment_platform.kubernetes import BUILT_IN, pod_config, profile_of
from enrichment_platform.pod_spec import PodSpec

RELEASES = ("1.30", "1.36")
LABELS = {"enrichment-platform/enrichment": "tickets", "enrichment-platform/stage": "classified"}
FULL: dict[str, Any] = {
    "profile": "gpu-serve",
    "gpus": 2,
    "node_selector": {"cloud.google.com/gke-accelerator": "nvidia-l4"},
    "tolerations": [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "spot", "value": "true", "effect": "NoExecute", "seconds": 30},
    ],
    "priority_class": "nightly",
    "node_affinity": [
        {"key": "nvidia.com/gpu.product", "values": ["NVIDIA-L4", "NVIDIA-A100-SXM4-80GB"]},
        {"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": [20000]},
        {"key": "spot", "operator": "DoesNotExist"},
    ],
    "volumes": [
        {"claim": "inbox", "mount_path": "/inbox", "read_only": False},
        {"secret": "sftp-key", "mount_path": "/etc/sftp/key", "sub_path": "key"},
        {"config_map": "prompts", "mount_path": "/prompts"},
    ],
    "group": 3000,
    "spread": [{"topology_key": "kubernetes.io/hostname", "when_unsatisfiable": "DoNotSchedule"}],
    "environment": {"ENRICHMENT_PRICE": "gpu_hour_usd=2.5"},
    "environment_secrets": ["lake-credentials"],
    "vllm": {
        "model": "Qwen/Qwen3-8B",
        "served_model_name": "qwen",
        "api_key": {"name": "vllm-key"},
        "hub_token": {"name": "hub", "key": "token"},
        "cache": {"type": "claim", "claim": "models", "read_only": True},
        "extra_flags": ["--scheduling-policy", "priority"],
    },
}
PODS: dict[str, dict[str, Any]] = {
    **{name: {"profile": name} for name in BUILT_IN},
    "full": FULL,
    "image volume": {"profile": "gpu-serve", "vllm": {"cache": {"type": "image", "image": "registry.example/m:1"}}},
}


def job_of(pod: dict[str, Any]) -> dict[str, Any]:
    """The Job that dagster-k8s would create for the step, as JSON."""
    config = pod_config(profile_of(PodSpec.model_validate(pod), "test"), LABELS)
    job = construct_dagster_k8s_job(
        DagsterK8sJobConfig(job_image="registry.example/platform@sha256:" + "0" * 64, dagster_home="/opt/dagster"),
        args=["dagster", "api", "execute_step", "{}"],
        job_name="dagster-step-1",
        user_defined_k8s_config=UserDefinedDagsterK8sConfig.from_dict(config),
    )
    document: dict[str, Any] = ApiClient().sanitize_for_serialization(job)
    return document


def spec_of(job: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = job["spec"]["template"]["spec"]
    return pod


def containers(job: dict[str, Any]) -> list[dict[str, Any]]:
    pod = spec_of(job)
    return [*pod.get("initContainers", []), *pod["containers"]]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", PODS)
def test_the_job_is_valid(name: str, release: str) -> None:
    if name == "image volume" and release == "1.30":
        pytest.skip("image volumes came with Kubernetes 1.31")
    kubernetes_validate.validate(job_of(PODS[name]), release, strict=True)


@pytest.mark.parametrize("name", PODS)
def test_no_container_is_root_or_writes_to_its_image_or_holds_a_token(name: str) -> None:
    job = job_of(PODS[name])
    pod = spec_of(job)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(job):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert "/tmp" in [mount["mountPath"] for mount in container["volumeMounts"]]


@pytest.mark.parametrize("name", PODS)
def test_every_mount_has_its_volume_and_every_volume_is_mounted(name: str) -> None:
    job = job_of(PODS[name])
    volumes = [volume["name"] for volume in spec_of(job)["volumes"]]
    mounted = {mount["name"] for container in containers(job) for mount in container["volumeMounts"]}
    assert len(volumes) == len(set(volumes))
    assert set(volumes) == mounted


@pytest.mark.parametrize("name", PODS)
def test_a_job_ends_at_its_deadline_and_is_never_retried_by_kubernetes(name: str) -> None:
    job = job_of(PODS[name])["spec"]
    assert job["activeDeadlineSeconds"] > 0
    assert job["backoffLimit"] == 0
    assert job["ttlSecondsAfterFinished"] > 0
    assert job["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("name", PODS)
def test_limits_of_gpus_are_their_requests_and_one_container_has_them(name: str) -> None:
    with_gpus = [c for c in containers(job_of(PODS[name])) if "nvidia.com/gpu" in c["resources"]["limits"]]
    assert len(with_gpus) == (name not in ("cpu", "service"))
    for container in containers(job_of(PODS[name])):
        resources = container["resources"]
        assert resources["limits"].items() <= resources["requests"].items()
        assert "cpu" not in resources["limits"]


def test_nodes_and_volumes_are_those_of_the_profile() -> None:
    pod = spec_of(job_of(FULL))
    (term,) = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"][1:] == [
        {"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": ["20000"]},
        {"key": "spot", "operator": "DoesNotExist"},
    ]
    mounts = {mount["mountPath"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    volumes = {volume.pop("name"): volume for volume in pod["volumes"]}
    assert volumes[mounts["/inbox"]["name"]] == {"persistentVolumeClaim": {"claimName": "inbox", "readOnly": False}}
    assert [mounts[path]["readOnly"] for path in ("/inbox", "/prompts", "/etc/sftp/key")] == [False, True, True]
    assert volumes[mounts["/etc/sftp/key"]["name"]] == {"secret": {"secretName": "sftp-key"}}
    assert mounts["/etc/sftp/key"]["subPath"] == "key"
    security = pod["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (10001, 3000, 10001)
    assert not {"/inbox", "/prompts"} & {mount["mountPath"] for mount in pod["initContainers"][0]["volumeMounts"]}


def test_the_server_is_a_native_sidecar_whose_probe_gates_the_step() -> None:
    (server,) = spec_of(job_of(FULL))["initContainers"]
    assert server["restartPolicy"] == "Always"
    startup = server["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 1200
    assert startup["httpGet"] == {"path": "/health", "port": 8000}
    assert server["livenessProbe"]["httpGet"] == startup["httpGet"]
    assert {"name": "shm", "mountPath": "/dev/shm"} in server["volumeMounts"]
    assert {"name": "model-cache", "mountPath": "/models", "readOnly": True} in server["volumeMounts"]


def test_stage_and_server_agree_on_address_name_and_key() -> None:
    job = job_of(FULL)
    server, step = containers(job)
    named = {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in step["env"]}
    assert named["ENRICHMENT_ENDPOINT"] == "http://127.0.0.1:8000/v1"
    assert server["args"][server["args"].index("--served-model-name") + 1] == named["ENRICHMENT_MODEL"] == "qwen"
    keys = {entry["name"]: entry.get("valueFrom") for entry in server["env"]}
    assert (
        keys["VLLM_API_KEY"] == named["ENRICHMENT_API_KEY"] == {"secretKeyRef": {"name": "vllm-key", "key": "api-key"}}
    )
    assert server["args"][server["args"].index("--tensor-parallel-size") + 1] == "2"


def test_what_is_not_said_of_a_server_has_the_flags_that_enrichment_needs() -> None:
    (server,) = spec_of(job_of({"profile": "gpu-serve"}))["initContainers"]
    assert "--enable-prefix-caching" in server["args"]
    assert "--enable-prompt-tokens-details" in server["args"]
    written = server["args"][server["args"].index("--structured-outputs-config") + 1]
    assert written == '{"backend":"xgrammar","disable_any_whitespace":true}'


def test_a_service_is_asked_elsewhere_and_brings_no_sidecar() -> None:
    job = job_of({"profile": "service", "endpoint": "http://gateway.llm-d:80/v1", "model": "qwen"})
    assert "initContainers" not in spec_of(job)
    named = {entry["name"]: entry.get("value") for entry in spec_of(job)["containers"][0]["env"]}
    assert named["ENRICHMENT_ENDPOINT"] == "http://gateway.llm-d:80/v1"
    assert named["ENRICHMENT_MODEL"] == "qwen"
