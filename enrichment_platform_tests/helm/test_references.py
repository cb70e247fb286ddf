"""What is named is there: selectors, Services, accounts, ConfigMaps, claims; secrets only by a name of the values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from enrichment_platform.kubernetes.chart_values import ChartValues
from enrichment_platform_tests.helm.pods import Pod, launched, launcher_of, pods
from enrichment_platform_tests.helm.rendering import (
    NAMES,
    NAMESPACE,
    named,
    of_kind,
    rendered,
    rendered_from,
    values_of,
)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def walk(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(part, dict | list):
        for key, one in part.items() if isinstance(part, dict) else enumerate(part):
            yield from walk(one, (*path, key))
    else:
        yield path, part


def selects(selector: dict[str, str], pod: Pod) -> bool:
    return selector.items() <= pod.metadata["labels"].items()


def texts_of_values(name: str) -> set[str]:
    given = ChartValues.model_validate(values_of(name)).model_dump(mode="json", by_alias=True)
    return {one for _, one in walk(given) if isinstance(one, str)}


def test_a_workload_selects_its_own_pods_and_no_others(name: str) -> None:
    for one in of_kind(rendered(name), "Deployment", "StatefulSet"):
        selector = one["spec"]["selector"]["matchLabels"]
        chosen = [pod.made_by for pod in pods(name) if selects(selector, pod)]
        assert chosen == [f"{one['kind']}/{one['metadata']['name']}"]


def test_every_service_leads_to_a_port_of_one_workload(name: str) -> None:
    for service in of_kind(rendered(name), "Service"):
        chosen = [pod for pod in pods(name) if selects(service["spec"]["selector"], pod)]
        assert len(chosen) == 1, service["metadata"]["name"]
        open_ports = {port["name"] for container in chosen[0].containers for port in container.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports


def test_every_disruption_budget_policy_and_scaler_has_its_pods(name: str) -> None:
    for one in of_kind(rendered(name), "PodDisruptionBudget"):
        assert [pod for pod in pods(name) if selects(one["spec"]["selector"]["matchLabels"], pod)]
    for one in of_kind(rendered(name), "NetworkPolicy"):
        assert [pod for pod in pods(name) if selects(one["spec"]["podSelector"]["matchLabels"], pod)]
    for one in of_kind(rendered(name), "HorizontalPodAutoscaler"):
        (target,) = [
            deployment
            for deployment in of_kind(rendered(name), "Deployment")
            if deployment["metadata"]["name"] == one["spec"]["scaleTargetRef"]["name"]
        ]
        assert "replicas" not in target["spec"]


def test_everything_that_a_pod_refers_to_is_there_or_named_in_the_values(name: str) -> None:
    made = {(one["kind"], one["metadata"]["name"]) for one in rendered(name)}
    given = texts_of_values(name)

    def there(kind: str, called: str) -> bool:
        return (kind, called) in made or called in given

    for pod in pods(name):
        assert there("ServiceAccount", pod.spec["serviceAccountName"]), pod.made_by
        for path, one in walk(pod.spec):
            if path[-2:] in (("configMap", "name"), ("configMapRef", "name"), ("configMapKeyRef", "name")):
                assert there("ConfigMap", one), (pod.made_by, path)
            if path[-2:] == ("persistentVolumeClaim", "claimName"):
                assert there("PersistentVolumeClaim", one), (pod.made_by, path)
            if path[-2:] in (("secretKeyRef", "name"), ("secretRef", "name"), ("secret", "secretName")):
                assert one in given, (pod.made_by, path)


def test_files_that_pods_mount_by_name_are_in_their_config_maps(name: str) -> None:
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(rendered(name), "ConfigMap")}
    for pod in pods(name):
        volumes = {one["name"]: one["configMap"]["name"] for one in pod.spec.get("volumes", []) if "configMap" in one}
        for container in pod.containers:
            for mount in container.get("volumeMounts", []):
                if volumes.get(mount["name"]) in maps and "subPath" in mount:
                    assert mount["subPath"] in maps[volumes[mount["name"]]], pod.made_by


def test_workspace_and_code_locations_agree(name: str) -> None:
    (text,) = [
        one["data"]["workspace.yaml"] for one in of_kind(rendered(name), "ConfigMap") if "workspace.yaml" in one["data"]
    ]
    services = {one["metadata"]["name"]: one["spec"]["ports"][0]["port"] for one in of_kind(rendered(name), "Service")}
    servers = [one["grpc_server"] for one in yaml.safe_load(text)["load_from"]]
    assert servers
    for server in servers:
        assert services[server["host"]] == server["port"]


def test_roles_are_of_the_namespace_and_bound_to_accounts_with_a_token(name: str) -> None:
    assert not of_kind(rendered(name), "ClusterRole", "ClusterRoleBinding", "Secret")
    bound = {one["subjects"][0]["name"] for one in of_kind(rendered(name), "RoleBinding")}
    if bound:
        assert bound == {
            pod.spec["serviceAccountName"] for pod in pods(name) if pod.spec["automountServiceAccountToken"]
        }
    for one in of_kind(rendered(name), "RoleBinding"):
        assert one["subjects"][0]["namespace"] == NAMESPACE
    for one in of_kind(rendered(name), "Role"):
        assert "*" not in [verb for rule in one["rules"] for verb in (*rule["verbs"], *rule["resources"])]
        assert "secrets" not in [resource for rule in one["rules"] for resource in rule["resources"]]


def test_no_name_is_too_long_for_kubernetes(name: str) -> None:
    for one in rendered(name):
        assert len(one["metadata"]["name"]) <= 63
        for value in one["metadata"].get("labels", {}).values():
            assert len(value) <= 63


@pytest.mark.parametrize("release", ["r" * 40, "a.b.enrichment-platform", "1234"])
def test_names_of_objects_are_those_of_kubernetes_whatever_release_and_locations_are_called(
    release: str, tmp_path: Path
) -> None:
    locations = ["a" * 63, "a" * 62 + "b", "2024", "short"]
    deployments = [{"name": one, "dagsterApiGrpcArgs": ["-m", "a"]} for one in locations]
    path = tmp_path / "values.yaml"
    path.write_text(
        yaml.safe_dump({**values_of("everything"), "dagster-user-deployments": {"deployments": deployments}})
    )
    manifests = rendered_from(path, release=release, namespace="777")
    for one in manifests:
        assert re.fullmatch(r"[a-z][-a-z0-9]{0,61}[a-z0-9]", one["metadata"]["name"])
        for place, text in walk(one):
            if {"labels", "matchLabels", "namespace", "name"} & set(place[-2:]):
                assert isinstance(text, str), (one["metadata"]["name"], place)
    called = [(one["kind"], one["metadata"]["name"]) for one in manifests]
    assert len(called) == len(set(called))
    assert launcher_of(manifests).job_namespace == "777"
    servers = yaml.safe_load(named(manifests, "ConfigMap", "-workspace")["data"]["workspace.yaml"])["load_from"]
    assert [one["grpc_server"]["location_name"] for one in servers] == locations
    for kind in ("Service", "Deployment"):
        there = {one["metadata"]["name"] for one in of_kind(manifests, kind)}
        assert {one["grpc_server"]["host"] for one in servers} <= there


def test_no_variable_is_put_into_another(name: str) -> None:
    """Settings of runs are in the arguments of their pods, where Kubernetes would write a password for $(NAME)."""
    for one in (*rendered(name), *launched(name)):
        for place, text in walk(one):
            assert not isinstance(text, str) or "$(" not in text, (one["metadata"]["name"], place)


def test_two_objects_never_have_one_name(name: str) -> None:
    called = [(one["kind"], one["metadata"]["name"]) for one in rendered(name)]
    assert len(called) == len(set(called))


MARKER = "marked-secret"
REFERENCES = {"secretKeyRef", "secretRef", "imagePullSecrets", "tls"}


def test_a_secret_appears_by_its_name_where_a_reference_belongs_and_nowhere_else(tmp_path: Path) -> None:
    """Every value that concerns a secret is the marker; the schema has no value for what is in a secret."""
    given = {
        **values_of("everything"),
        "global": {"postgresqlSecretName": MARKER},
        "ledger": {"urlSecretName": MARKER, "urlSecretKey": "key"},
        "envSecrets": [{"name": MARKER}],
        "imagePullSecrets": [{"name": MARKER}],
    }
    given["lake"] = {"uri": "s3://b/l", "credentialsSecret": MARKER}
    given["vllm"] = {"enabled": True, "server": {"api_key": {"name": MARKER}, "hub_token": {"name": MARKER}}}
    given["ingress"] = {
        "enabled": True,
        "dagsterWebserver": {"host": "a.b", "tls": {"enabled": True, "secretName": MARKER}},
    }
    path = tmp_path / "marked.yaml"
    path.write_text(yaml.safe_dump(given))
    found = 0
    for one in rendered_from(path):
        for place, text in walk(one):
            if not isinstance(text, str) or MARKER not in text:
                continue
            found += 1
            if one["kind"] == "ConfigMap":  # settings of runs and steps, and the profile of the shared server
                for _, inner in walk(yaml.safe_load(text)):
                    assert not isinstance(inner, str) or MARKER not in inner or inner == MARKER
            else:
                assert REFERENCES & set(place), (one["metadata"]["name"], place)
                assert text == MARKER
    assert found > 20


@pytest.mark.parametrize("word", ["password", "token", "secret", "key"])
def test_a_variable_that_sounds_secret_comes_from_a_secret(word: str) -> None:
    allowed = {"AWS_ACCESS_KEY_ID"}
    for name in NAMES:
        for job in (*rendered(name), *launched(name)):
            for path, one in walk(job):
                if path[-1] == "name" and "env" in path and isinstance(one, str) and word in one.lower():
                    assert one in allowed or "value" not in _entry(job, path), (name, path)


def _entry(document: Any, path: tuple[Any, ...]) -> dict[str, Any]:
    for key in path[:-1]:
        document = document[key]
    entry: dict[str, Any] = document
    return entry
