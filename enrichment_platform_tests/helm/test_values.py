"""What the chart takes is the model: schema, values.yaml and the table follow it, and anything else is rejected."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from enrichment_platform.kubernetes import chart_schema
from enrichment_platform.kubernetes.chart_components import GlobalValues, UserDeployment
from enrichment_platform.kubernetes.chart_schema import CHART, DOCUMENT
from enrichment_platform.kubernetes.chart_values import ChartValues
from enrichment_platform_tests.helm.programs import helm
from enrichment_platform_tests.helm.rendering import NAMES, VALUES, named, rendered_from, values_of

HELMS = ("helm-4", "helm-3")
WRITE = "run `python -m enrichment_platform.kubernetes.chart_schema`"


def test_the_schema_is_that_of_the_model() -> None:
    assert (CHART / "values.schema.json").read_text() == chart_schema.schema(), WRITE


def test_values_yaml_is_that_of_the_model() -> None:
    assert (CHART / "values.yaml").read_text() == chart_schema.values(), WRITE


def test_the_table_of_the_documentation_is_that_of_the_model() -> None:
    assert DOCUMENT.read_text() == chart_schema.documented(DOCUMENT.read_text()), WRITE


def test_values_yaml_reads_back_as_the_defaults() -> None:
    assert ChartValues.model_validate(yaml.safe_load((CHART / "values.yaml").read_text())) == ChartValues()


def test_every_line_of_values_yaml_has_its_comment() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    for before, line in itertools.pairwise(lines):
        if ":" in line and not line.strip().startswith(("#", "- ")):
            assert before.strip().startswith("# "), line


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models(part)


def test_every_value_of_the_chart_is_described_and_nothing_unknown_is_taken() -> None:
    found = set(models(ChartValues))
    assert len(found) > 40
    for model in found:
        assert model.model_config["extra"] == ("allow" if model is GlobalValues else "forbid")
        if "chart" in model.__module__:
            assert all(field.description for field in model.model_fields.values()), model


@pytest.mark.parametrize("name", NAMES)
def test_the_model_takes_what_helm_takes(name: str) -> None:
    ChartValues.model_validate(values_of(name))


WRONG: dict[str, dict[str, Any]] = {
    "top": {"dagsterWebserverr": {}},
    "official name that would hold a password": {"postgresql": {"postgresqlPassword": "x"}},
    "deep": {"dagsterDaemon": {"runMonitoring": {"startTimeout": 3}}},
    "in a list": {"dagster-user-deployments": {"deployments": [{"name": "a", "dagsterApiGrpcArg": ["-m", "a"]}]}},
    "in a pod profile": {"podProfiles": {"gpu-serve": {"memmory": "4Gi"}}},
    "in a profile's server": {"podProfiles": {"gpu-serve": {"vllm": {"modle": "m"}}}},
    "in a profile's toleration": {"podProfiles": {"cpu": {"tolerations": [{"key": "a", "effekt": "NoSchedule"}]}}},
    "in the shared server": {"vllm": {"server": {"max_len": 1}}},
    "in a network rule": {"networkPolicy": {"dns": {"to": [{"podSelektor": {}}], "ports": [{"port": 53}]}}},
    "in resources": {"dagsterWebserver": {"resources": {"limits": {"memry": "1Gi"}}}},
    "a quantity": {"dagsterWebserver": {"resources": {"limits": {"memory": "1GiB"}}}},
    "a type": {"dagsterWebserver": {"replicaCount": "two"}},
    "a variable in a variable": {"env": {"URL": "postgresql://u:$(DAGSTER_PG_PASSWORD)@db/x"}},
    "the same in a code location": {
        "dagster-user-deployments": {
            "deployments": [{"name": "a", "codeServerArgs": ["-m", "a"], "env": {"A": "$(B)"}}]
        }
    },
    "the same of run pods": {"runLauncher": {"config": {"k8sRunLauncher": {"env": {"A": "1$$$(B)"}}}}},
    "the same of steps": {"stepExecutor": {"env": {"A": "x\n$(B)"}}},
    "the same of the UI": {"dagsterWebserver": {"env": {"A": "$$(B)"}}},
    "the same of the daemon": {"dagsterDaemon": {"env": {"A": "$(B"}}},
    "the same of the shared server": {"vllm": {"server": {"environment": {"A": "$(VLLM_API_KEY)"}}}},
    "the same of a profile": {"podProfiles": {"cpu": {"environment": {"A": "$(B)"}}}},
    "the same of a profile's server": {"podProfiles": {"gpu-serve": {"vllm": {"environment": {"A": "$(B)"}}}}},
    "a folder of the node": {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]},
    "a volume of two kinds": {"volumes": [{"name": "a", "secret": {"secretName": "a"}, "emptyDir": {}}]},
    "a volume of no kind": {"dagsterDaemon": {"volumes": [{"name": "a"}]}},
    "a volume of the platform": {"stepExecutor": {"volumes": [{"name": "instance", "emptyDir": {}}]}},
    "a volume of a profile": {"volumes": [{"name": "profile-0", "emptyDir": {}}]},
    "a mount": {"volumeMounts": [{"name": "a", "mountPth": "/a"}]},
    "a mount's path": {"volumeMounts": [{"name": "a", "mountPath": "a"}]},
    "memory of a profile in cores": {"podProfiles": {"cpu": {"memory": "500m"}}},
    "memory of a profile without a unit": {"podProfiles": {"gpu-serve": {"vllm": {"memory": 32}}}},
    "a mount at a path of the platform": {"volumeMounts": [{"name": "a", "mountPath": "/etc/enrichment-platform"}]},
    "in a profile's volume": {"podProfiles": {"cpu": {"volumes": [{"clame": "a", "mount_path": "/a"}]}}},
    "root": {"podSecurityContext": {"runAsUser": 0}},
    "another lake": {"lake": {"uri": "gs://bucket"}},
    "a token for every process": {"dagsterDaemon": {"runMonitoring": {"maxResumeRunAttempts": 3}}},
}


@pytest.mark.parametrize("version", HELMS)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_rejected(wrong: str, version: str, tmp_path: Path) -> None:
    """By both Helms, with the name of the value, and by the model."""
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(WRONG[wrong]))
    done = helm(version).run("template", "r", CHART, "--values", VALUES / "minimal.yaml", "--values", path)
    assert done.returncode != 0
    assert "don't meet the specifications of the schema" in done.stderr
    with pytest.raises(ValidationError):
        ChartValues.model_validate(WRONG[wrong])


def test_a_variable_in_a_variable_is_refused_with_what_to_use_instead() -> None:
    with pytest.raises(ValidationError, match=r"\$\( is not taken: .* use envSecrets"):
        ChartValues.model_validate({"env": {"A": "$(B)"}})


def test_other_dollars_are_taken(tmp_path: Path) -> None:
    given = {"A": "$", "B": "5$ (five)", "C": "$$x", "D": "${HOME}", "E": "a\nb$", "F": ""}
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump({**values_of("minimal"), "env": given}))
    container = named(rendered_from(path), "Deployment", "-code-enrichment-platform")["spec"]["template"]["spec"]
    shown = {one["name"]: one.get("value") for one in container["containers"][0]["env"]}
    assert {name: shown[name] for name in given} == given


NEEDED: dict[str, tuple[str, str]] = {
    "no database": ("lake: {uri: 's3://b/l'}", "postgresql.postgresqlHost is needed"),
    "no lake": ("postgresql: {postgresqlHost: db}", "lake.uri is needed"),
    "hidden host": (
        "postgresql: {postgresqlHost: db}\nlake: {uri: 's3://b/l'}\n"
        "ingress: {enabled: true, readOnlyDagsterWebserver: {host: a.b}}",
        "asks for dagsterWebserver.enableReadOnly",
    ),
    "no account": (
        "postgresql: {postgresqlHost: db}\nlake: {uri: 's3://b/l'}\nserviceAccount: {create: false}",
        "name is needed where serviceAccount.create is false",
    ),
    "more than the most": (
        "postgresql: {postgresqlHost: db}\nlake: {uri: 's3://b/l'}\n"
        "vllm: {enabled: true, autoscaling: {enabled: true, minReplicas: 5}}",
        "vllm.autoscaling.minReplicas is more than vllm.autoscaling.maxReplicas",
    ),
    "no gpu": (
        "postgresql: {postgresqlHost: db}\nlake: {uri: 's3://b/l'}\nvllm: {enabled: true, gpus: 0}",
        "vllm.gpus is 0: vLLM needs a GPU",
    ),
    "twice": (
        "postgresql: {postgresqlHost: db}\nlake: {uri: 's3://b/l'}\ndagster-user-deployments: {deployments: ["
        "{name: a, dagsterApiGrpcArgs: [-m, a]}, {name: a, dagsterApiGrpcArgs: [-m, a]}]}",
        "two are called a",
    ),
    "a mount of no volume": (
        "postgresql: {postgresqlHost: db}\nlake: {uri: 's3://b/l'}\nvolumes: [{name: ca, configMap: {name: ca}}]\n"
        "stepExecutor: {volumeMounts: [{name: caa, mountPath: /ca}]}",
        "/ca mounts the volume caa, which is none of `volumes` (ca)",
    ),
    "two volumes of a name": (
        "postgresql: {postgresqlHost: db}\nlake: {uri: 's3://b/l'}\nvolumes: [{name: ca, configMap: {name: ca}}]\n"
        "dagsterDaemon: {volumes: [{name: ca, secret: {secretName: ca}}]}",
        "two of one pod are called ca",
    ),
    "two mounts at a path": (
        "postgresql: {postgresqlHost: db}\nlake: {uri: 's3://b/l'}\nvolumes: [{name: ca, configMap: {name: ca}}]\n"
        "volumeMounts: [{name: ca, mountPath: /ca}, {name: ca, mountPath: /ca, subPath: x}]",
        "two are at /ca",
    ),
}


@pytest.mark.parametrize("missing", NEEDED)
def test_what_is_missing_is_named(missing: str, tmp_path: Path) -> None:
    given, said = NEEDED[missing]
    path = tmp_path / "values.yaml"
    path.write_text(given)
    done = helm("helm-4").run("template", "r", CHART, "--values", path)
    assert done.returncode != 0
    assert said in done.stderr


def test_a_code_location_that_says_little_has_the_defaults_of_the_model(tmp_path: Path) -> None:
    """Helm gives items of a list no defaults: the template repeats them."""
    code = {"name": "a", "dagsterApiGrpcArgs": ["-m", "a"]}
    whole = UserDeployment.model_validate(code).model_dump(mode="json", by_alias=True, exclude_none=True)
    shown = []
    for number, deployment in enumerate((code, whole)):
        path = tmp_path / f"{number}.yaml"
        given = {**values_of("minimal"), "dagster-user-deployments": {"deployments": [deployment]}}
        path.write_text(yaml.safe_dump(given))
        shown.append(named(rendered_from(path), "Deployment", "-code-a"))
    assert shown[0] == shown[1]


@pytest.mark.parametrize("version", HELMS)
@pytest.mark.parametrize("enabled", [True, False])
def test_another_chart_can_use_it(version: str, enabled: bool, tmp_path: Path) -> None:
    """It hands its own `global` to all its charts, and leaves one out by a value of that chart."""
    shutil.copytree(CHART, tmp_path / "charts" / CHART.name)
    version_of = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    condition = {"name": CHART.name, "version": version_of, "condition": f"{CHART.name}.enabled"}
    whole = {"apiVersion": "v2", "name": "whole", "version": "1.0.0", "dependencies": [condition]}
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(whole))
    given = {"global": {"imageRegistry": "registry.example"}, CHART.name: {**values_of("minimal"), "enabled": enabled}}
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(given))
    done = helm(version).run("template", "r", tmp_path)
    assert done.returncode == 0, done.stderr
    assert bool(done.stdout.strip()) == enabled
    ChartValues.model_validate({**values_of("minimal"), "enabled": enabled, "global": given["global"]})


LARGE = 1_234_000_000


def largest(schema: dict[str, Any], needed: bool = False) -> Any:
    """Values that a schema takes, with every integer as large as may be; of the rest what has to be there."""
    if "anyOf" in schema:
        return largest(schema["anyOf"][0], needed)
    kind = schema.get("type")
    if kind == "integer":
        return min(schema.get("maximum", LARGE), LARGE)
    if kind == "array":
        one = largest(schema["items"], needed)
        return None if one is None else [one]
    if kind != "object":
        return "a" if needed else None
    fields, required = schema.get("properties", {}), schema.get("required", ())
    made = {name: largest(one) for name, one in fields.items()}
    if isinstance(schema.get("additionalProperties"), dict):
        made["a"] = largest(schema["additionalProperties"])
    made = {name: one for name, one in made.items() if one is not None}
    if not made and not needed:
        return None
    return {**{name: largest(fields[name], True) for name in required}, **made}


def test_large_numbers_are_written_as_numbers(tmp_path: Path) -> None:
    """Helm reads every number as a floating one, and would print 1.2e+06."""
    numbers = largest(json.loads(chart_schema.schema()))
    (location,) = numbers["dagster-user-deployments"]["deployments"]
    location["dagsterApiGrpcArgs"] = ["-m", "a"]
    path, switches = tmp_path / "values.yaml", tmp_path / "switches.yaml"
    path.write_text(yaml.safe_dump(numbers))
    switches.write_text(yaml.safe_dump({**values_of("everything"), "concurrency": {}}))
    done = helm("helm-4").run("template", "r", CHART, "--values", path, "--values", switches)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if re.search(r"[0-9]e\+[0-9]", line)] == []
    assert done.stdout.count(str(LARGE)) > 60
