"""What docs/kubernetes.md shows is taken: its values by the chart, its pods by an enrichment, its names by both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from enrichment_platform.kubernetes import BUILT_IN, check_pods
from enrichment_platform.kubernetes.chart_schema import BEGIN, CHART, DOCUMENT
from enrichment_platform.kubernetes.chart_values import ChartValues
from enrichment_platform.pod_spec import PodProfileSpec, PodsSpec, VllmSpec
from enrichment_platform_tests.helm.rendering import RELEASE, named, rendered, rendered_from

TEXT = DOCUMENT.read_text().split(BEGIN)[0]
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
FIRST = "# values: first partition\n"
NAMES = sorted(set(re.findall(r"`([a-zA-Z0-9_.-]+)(?:: [^`]+)?`", TEXT)))


def test_the_values_of_the_first_partition_give_pods_with_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = [block for block in BLOCKS if block.startswith(FIRST)]
    path = tmp_path / "values.yaml"
    path.write_text(block)
    profiles = tmp_path / "profiles.json"
    profiles.write_text(named(rendered_from(path), "ConfigMap", "-pods")["data"]["profiles.json"])
    assert json.loads(profiles.read_text())["gpu-serve"]["vllm"]["api_key"] == {"name": "vllm-key"}
    monkeypatch.setenv("ENRICHMENT_POD_PROFILES", str(profiles))
    assert check_pods(PodsSpec.model_validate({"cleaned": "gpu-clean", "classified": "gpu-serve"})) == []


def test_every_enrichment_that_is_shown_has_pods_that_there_are() -> None:
    shown = [yaml.safe_load(block)["attributes"]["pods"] for block in BLOCKS if block.startswith("attributes:")]
    assert len(shown) == 3
    for pods in shown:
        assert check_pods(PodsSpec.model_validate(pods)) == []


def paths(model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{above}{field.alias or name}"
        yield path
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from paths(part, f"{path}.")


def test_every_value_that_is_named_is_there() -> None:
    """Names with dots that begin as a value of the chart or a field of a profile begins."""
    of_profiles = {*paths(PodProfileSpec), *paths(VllmSpec, "vllm.")}
    changed = {f"podProfiles.{name}.{field}" for name in BUILT_IN for field in of_profiles}
    known = {*paths(ChartValues), *of_profiles, *changed}
    beginnings = {path.split(".")[0] for path in known}
    named_ones = [name for name in NAMES if "." in name and name.split(".")[0] in beginnings]
    assert len(named_ones) > 10
    missing = [name for name in named_ones if name not in known]
    assert not missing


def test_every_field_of_a_profile_is_told_with_what_it_is() -> None:
    table = TEXT.split("## Fields of a profile")[1]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    told = {field.strip("`").replace("[]", ""): about for field, _, about in rows}
    assert set(paths(PodProfileSpec)) - set(told) == {"vllm.cache"}, "which is told field by field"
    assert all(told.values())


def test_the_messages_that_are_explained_are_those_of_the_code() -> None:
    """Each is said somewhere in the package or comes from Kubernetes or Dagster."""
    package = Path(__file__).parents[2] / "enrichment_platform"
    code = "".join(path.read_text() for path in package.rglob("*.py"))
    for said in (
        "the vLLM sidecar is gone",
        "the vLLM sidecar answers /health: it is the model or a request that fails",
        "why is not known: the run's ServiceAccount may not list jobs, pods and events",
        "no node takes the pod",
    ):
        assert said in TEXT
        assert said in code


def test_files_under_the_official_chart_are_what_this_chart_shows_and_name_none_of_its_objects() -> None:
    official = yaml.safe_load((CHART / "values-official-dagster.yaml").read_text())
    (code,) = official["dagster-user-deployments"]["deployments"]
    shown = named(rendered("minimal"), "ConfigMap", "-pods")["data"]
    (folder,) = [mount["mountPath"] for mount in code["volumeMounts"]]
    files = [Path(one["value"]) for one in code["env"] if one["value"].startswith(f"{folder}/")]
    assert [path.name for path in files] == ["profiles.json"]
    for path in files:
        assert f"{RELEASE}-enrichment-platform-" not in shown[path.name]
    assert official["concurrency"]["enabled"], "that chart writes no `concurrency` otherwise, and says nothing"
