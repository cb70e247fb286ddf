"""Pods in YAML: each step carries the Job that its profile describes; what is wrong is told when definitions load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster.components.testing import DefsFolderSandbox, create_defs_folder_sandbox

from enrichment_platform.components import Enrichment, ModelPool
from enrichment_platform.location import _reason
from enrichment_platform_tests.components.test_enrichment import changed

TAG = "dagster-k8s/config"
OWN_POOL = {
    "name": "hosted",
    "endpoints": [
        {"type": "openai", "name": "api", "base_url": "https://api.example/v1", "data_classes": ["confidential"]}
    ],
}


@pytest.fixture
def sandbox(home: Path) -> Iterator[DefsFolderSandbox]:
    with create_defs_folder_sandbox() as folder:
        yield folder


def write(sandbox: DefsFolderSandbox, pods: Any, *, model: str = "default", base_url: str | None = None) -> None:
    attributes = {**changed("pods", pods), "model": model}
    pool: dict[str, Any] = {**OWN_POOL, "endpoints": [{**OWN_POOL["endpoints"][0]}]}
    pool["endpoints"][0] |= {"base_url": base_url} if base_url else {}
    for cls, name, written in ((Enrichment, "letters", attributes), (ModelPool, "pools", pool)):
        contents = {"type": f"enrichment_platform.components.{cls.__name__}", "attributes": written}
        sandbox.scaffold_component(component_cls=cls, defs_path=name, defs_yaml_contents=contents)


def refused(sandbox: DefsFolderSandbox, pods: Any, **others: Any) -> str:
    write(sandbox, pods, **others)
    with pytest.raises(Exception) as raised, sandbox.build_all_defs():
        pass
    return _reason(raised.value)


def test_each_step_carries_the_pod_of_its_stage(sandbox: DefsFolderSandbox) -> None:
    write(sandbox, {"cleaned": "gpu-clean", "classified": {"profile": "gpu-serve", "gpus": 2}})
    with sandbox.build_all_defs() as defs:

        def config(stage: str) -> dict[str, Any]:
            return dict(json.loads(defs.resolve_assets_def(dg.AssetKey(["letters", stage])).op.tags[TAG]))

        assert "nvidia.com/gpu" not in config("raw")["container_config"]["resources"]["limits"]
        assert config("cleaned")["container_config"]["resources"]["limits"]["nvidia.com/gpu"] == "1"
        (server,) = config("classified")["pod_spec_config"]["init_containers"]
        assert server["resources"]["limits"]["nvidia.com/gpu"] == "2"
        labels = config("classified")["pod_template_spec_metadata"]["labels"]
        assert labels == {"enrichment-platform/enrichment": "letters", "enrichment-platform/stage": "classified"}
        of_checks = [one.op.tags[TAG] for one in defs.get_repository_def().asset_checks_defs_by_key.values()]
        assert len(of_checks) > 20
        assert all('"enrichment-platform/stage": "checks"' in tag for tag in of_checks)


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        (
            {"classified": "gpu-serv"},
            "attributes: pods.classified: there is no pod profile 'gpu-serv'; defined are cpu",
        ),
        ({"cleaned": {"memmory": "4Gi"}}, "attributes: pods.cleaned.memmory: there is no such field"),
        ({"clean": "cpu"}, "Extra inputs are not permitted"),
        ({"cleaned": 7}, "Input should be an object"),
    ],
)
def test_a_typo_fails_when_definitions_load(sandbox: DefsFolderSandbox, pods: Any, said: str) -> None:
    assert said in refused(sandbox, pods)


def test_a_server_that_nobody_would_ask_is_refused(sandbox: DefsFolderSandbox) -> None:
    message = refused(sandbox, {"classified": "gpu-serve"}, model="hosted")
    assert "the server of the profile 'gpu-serve' would not be asked" in message
    assert "base_url: ${ENRICHMENT_ENDPOINT}" in message


def test_a_pool_of_ones_own_may_ask_the_server_of_the_pod(sandbox: DefsFolderSandbox) -> None:
    write(sandbox, {"classified": "gpu-serve"}, model="hosted", base_url="${ENRICHMENT_ENDPOINT}")
    with sandbox.build_all_defs() as defs:
        assert defs.resolve_assets_def(dg.AssetKey(["letters", "classified"])).op.tags[TAG]
