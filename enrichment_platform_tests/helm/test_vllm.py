"""The shared server is the sidecar in a Deployment: same command, variables, probes, volumes, for any values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster_k8s.models import k8s_model_from_dict
from kubernetes.client import ApiClient, V1Container, V1Volume

from enrichment_platform.kubernetes.chart_values import ChartValues
from enrichment_platform.kubernetes.pod_config import server_volumes, sidecar
from enrichment_platform.kubernetes.profiles import BUILT_IN
from enrichment_platform.kubernetes.vllm_server import serve_command, serve_environment
from enrichment_platform_tests.helm.rendering import named, rendered_from, values_of

SERVERS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "no gpu": {"gpus": 0, "server": {"dtype": "float32", "image": "registry.example/vllm-cpu:1"}},
    "four gpus": {"gpus": 4, "gpuResource": "amd.com/gpu", "server": {"gpu_memory_utilization": 0.5}},
    "all of a gpu": {"server": {"gpu_memory_utilization": 1, "max_num_seqs": 8, "port": 9000}},
    "model's own length": {"server": {"max_model_len": None, "structured_outputs": "guidance"}},
    "no cache of prefixes": {
        "server": {"prefix_caching": False, "structured_outputs": "outlines", "dtype": "bfloat16"}
    },
    "flags": {"server": {"extra_flags": ["--scheduling-policy", "priority", "--seed=1"], "served_model_name": "q"}},
    "secrets": {"server": {"api_key": {"name": "a"}, "hub_token": {"name": "b", "key": "token"}}},
    "claim": {
        "server": {"cache": {"type": "claim", "claim": "models", "read_only": True}, "cpu": "8", "memory": "64Gi"}
    },
    "image": {"server": {"cache": {"type": "image", "image": "registry.example/m:1"}, "shared_memory": "16Gi"}},
    "patience": {"server": {"start_seconds": 1801, "silent_seconds": 91}},
    "variables": {"server": {"environment": {"VLLM_LOGGING_LEVEL": "WARNING", "HF_HOME": "/tmp/hub"}}},
}


@pytest.mark.parametrize("case", SERVERS)
def test_the_shared_server_is_the_sidecar(case: str, tmp_path: Path) -> None:
    given = {**values_of("minimal"), "vllm": {"enabled": True, **SERVERS[case]}}
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(given))
    deployment = named(rendered_from(path), "Deployment", "-vllm")["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]

    model = ChartValues.model_validate(given).vllm
    assert [*container["command"], *container["args"]] == serve_command(model.server, model.gpus)
    assert deployment["progressDeadlineSeconds"] == model.server.start_seconds + 600
    plain = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    assert plain == serve_environment(model.server)

    expected = _as_json(V1Container, sidecar(model.server, model.gpus, model.gpu_resource))
    assert expected.pop("restartPolicy") == "Always"
    assert container.pop("readinessProbe")["httpGet"] == expected["livenessProbe"]["httpGet"]
    for one in (container, expected):
        one["env"] = sorted(one["env"], key=lambda entry: entry["name"])
    assert container == expected
    assert pod["volumes"] == [_as_json(V1Volume, one) for one in server_volumes(model.server)]


def test_the_shared_servers_model_is_that_of_the_sidecar_unless_said_otherwise() -> None:
    assert ChartValues().vllm.server.model == BUILT_IN["gpu-serve"]["vllm"]["model"]


def _as_json(kind: type, config: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = ApiClient().sanitize_for_serialization(k8s_model_from_dict(kind, config))
    return document
