"""Profiles are merged from built-in ones, the deployment's and the enrichment's; what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.errors import InputError
from enrichment_platform.kubernetes import check_pods, profile_of, profiles
from enrichment_platform.pod_spec import PodSpec, PodsSpec


def pod(**fields: Any) -> PodSpec:
    return PodSpec.model_validate(fields)


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.json"
    monkeypatch.setenv("ENRICHMENT_POD_PROFILES", str(path))
    return path


def test_a_profile_is_a_name_or_a_name_with_fields_that_are_other() -> None:
    pods = PodsSpec.model_validate({"cleaned": "gpu-clean", "classified": {"profile": "gpu-serve", "gpus": 2}})
    assert pods.cleaned.profile == "gpu-clean"
    assert pods.raw.profile == "cpu"
    assert profile_of(pods.classified, "x").gpus == 2
    assert profile_of(pods.classified, "x").vllm is not None


def test_vllm_is_changed_field_by_field_and_the_rest_as_a_whole(deployment: Path) -> None:
    deployment.write_text(
        json.dumps({"gpu-serve": {"vllm": {"image": "mirror/vllm:1"}, "node_selector": {"pool": "gpu"}}})
    )
    profile = profile_of(pod(profile="gpu-serve", vllm={"model": "m"}, node_selector={"zone": "a"}), "x")
    assert profile.vllm is not None
    assert (profile.vllm.image, profile.vllm.model) == ("mirror/vllm:1", "m")
    assert profile.node_selector == {"zone": "a"}


def test_a_deployment_adds_profiles_of_its_own(deployment: Path) -> None:
    deployment.write_text(json.dumps({"big": {"memory": "64Gi"}}))
    assert {"big", "cpu", "gpu-clean", "gpu-serve", "service"} == set(profiles())
    assert profile_of(pod(profile="big", cpu=8), "x").memory == "64Gi"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"profile": "gpu-serv"}, "there is no pod profile 'gpu-serv'; defined are cpu, gpu-clean"),
        ({"profile": "cpu", "memmory": "4Gi"}, "pods.cleaned.memmory: there is no such field; do you mean memory?"),
        ({"memory": "4GiB"}, "pods.cleaned.memory: '4GiB' is no Kubernetes quantity; write 500m, 2, 4Gi"),
        ({"profile": "gpu-serve", "vllm": {"modle": "m"}}, "vllm.modle: there is no such field; do you mean model?"),
        ({"profile": "gpu-serve", "vllm": {"extra_flags": ["--port=1"]}}, "--port are set by the platform"),
        ({"profile": "gpu-serve", "vllm": {"cache": {"type": "claim"}}}, "`claim` is given with `type: claim`"),
        ({"profile": "gpu-serve", "gpus": 0}, "`vllm` needs `gpus`"),
        ({"profile": "gpu-serve", "endpoint": "http://x"}, "give one of them"),
        ({"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}, "takes no `value`"),
        (
            {"tolerations": [{"key": "a", "effekt": "NoSchedule"}]},
            "tolerations.0.effekt: there is no such field; do you mean effect?",
        ),
        (
            {"volumes": [{"clame": "a", "mount_path": "/a"}]},
            "volumes.0.clame: there is no such field; do you mean claim?",
        ),
        ({"volumes": [{"mount_path": "/a"}]}, "a volume is one of `config_map`, `secret`, `claim`: give exactly one"),
        ({"volumes": [{"secret": "a", "mount_path": "/tmp"}]}, "/tmp is the platform's own; mount it elsewhere"),
        ({"volumes": [{"secret": "a", "mount_path": "a"}]}, "pods.cleaned.volumes.0.mount_path: "),
        (
            {"volumes": [{"secret": "a", "mount_path": "/a", "read_only": False}]},
            "`read_only: false` goes with `claim`",
        ),
        ({"volumes": [{"secret": name, "mount_path": "/a"} for name in ("x", "y")]}, "volumes: /a is mounted twice"),
        ({"volumes": [{"claim": "a", "mount_path": "/a", "sub_path": "../b"}]}, "lies within the volume: no .."),
        ({"node_affinity": [{"key": "a"}]}, "`operator: In` needs `values`"),
        (
            {"node_affinity": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            "`operator: Exists` takes no `values`",
        ),
        ({"node_affinity": [{"key": "a", "operator": "Gt", "values": ["x"]}]}, "takes one whole number in `values`"),
        ({"model": "m"}, "go with `endpoint`"),
        ({"priority_class": "Nightly"}, "no name of a Kubernetes object"),
        ({"environment": {"A-B": "1"}}, "no name of an environment variable"),
        ({"node_selector": {"a b": "1"}}, "no name of a Kubernetes label"),
        ({"memory": 4}, "pods.cleaned.memory: '4' is no amount of memory or disk; write 512Mi, 4Gi"),
        ({"memory": "4Gi\n"}, "is no Kubernetes quantity"),
        ({"cpu": "1ki"}, "is no Kubernetes quantity"),
        ({"gpu_resource": "a b"}, "pods.cleaned.gpu_resource: "),
        ({"endpoint": "host:8000"}, "pods.cleaned.endpoint: write http://host:port/v1 or https://..."),
        ({"endpoint": "http://x/v1", "api_key": "s"}, "pods.cleaned.api_key: 's' is no group of fields"),
        ({"profile": "gpu-serve", "vllm": {"extra_flags": ["--max_num_seqs=9"]}}, "--max-num-seqs are set by the"),
        ({"profile": "gpu-serve", "vllm": {"extra_flags": ["-tp", "4"]}}, "-tp are set by the platform"),
        ({"profile": "gpu-serve"}, "only `classified` asks a model: the server of the profile 'gpu-serve' would stand"),
        ({"profile": "service"}, "only `classified` asks a model"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], said: str) -> None:
    problems = check_pods(PodsSpec.model_validate({"cleaned": fields}))
    assert len(problems) == 1
    assert said in problems[0]


@pytest.mark.parametrize("amount", ["512Mi", "1.5Gi", "4Ti", "4000000000", 4_000_000_000, "600Ki"])
def test_amounts_are_those_of_kubernetes(amount: str | int) -> None:
    assert profile_of(pod(memory=amount), "x").memory == str(amount)


def test_a_file_that_is_wrong_is_told_once_for_all_stages(deployment: Path) -> None:
    deployment.write_text('{"cpu": {"memmory": "1Gi"}}')
    (problem,) = check_pods(PodsSpec())
    assert "cpu.memmory: there is no such field" in problem


@pytest.mark.parametrize("written", ["{", "[]", '{"cpu": 1}'])
def test_a_file_of_profiles_that_cannot_be_read_is_one_message(deployment: Path, written: str) -> None:
    deployment.write_text(written)
    with pytest.raises(InputError, match="ENRICHMENT_POD_PROFILES: "):
        profiles()


@pytest.mark.parametrize("written", ['{"nope": 1}', '{"max_concurrent": "x"}'])
def test_settings_of_the_step_executor_that_dagster_does_not_take_name_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    from enrichment_platform.definitions import _executor

    path = tmp_path / "executor.json"
    path.write_text(written)
    monkeypatch.setenv("ENRICHMENT_EXECUTOR", "kubernetes")
    monkeypatch.setenv("ENRICHMENT_STEP_EXECUTOR", str(path))
    with pytest.raises(InputError, match=r"ENRICHMENT_STEP_EXECUTOR: .*executor\.json: "):
        _executor()
