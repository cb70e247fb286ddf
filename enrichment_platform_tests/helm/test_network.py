"""Network policies let through exactly the pairs that are needed; as in Kubernetes, both sides have to allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from enrichment_platform_tests.helm.pods import Pod, pods
from enrichment_platform_tests.helm.rendering import NAMES, Manifest, named, of_kind, rendered, rendered_from, values_of

PG, CODE, UI, VLLM = 5432, 3030, 3000, 8000
EVERYWHERE = ("0.0.0.0/0", "::/0")
Pair = tuple[str, str, int]
ENFORCED = [name for name in NAMES if values_of(name).get("networkPolicy", {}).get("enabled", True)]


def policies_of(name: str, pod: Pod, direction: str) -> list[Manifest]:
    chosen = []
    for one in of_kind(rendered(name), "NetworkPolicy"):
        selector = one["spec"]["podSelector"]
        excluded = [value for rule in selector.get("matchExpressions", []) for value in rule["values"]]
        if pod.component in excluded or direction not in one["spec"]["policyTypes"]:
            continue
        if selector["matchLabels"].items() <= pod.metadata["labels"].items():
            chosen.append(one)
    return chosen


def is_peer(peer: dict[str, Any], pod: Pod) -> bool:
    """Pods of the release only: they are in its namespace, whose labels the tests do not give."""
    if "ipBlock" in peer:
        return False
    spaces = peer.get("namespaceSelector")
    if spaces and spaces.get("matchLabels"):
        return False
    return bool(peer.get("podSelector", {}).get("matchLabels", {}).items() <= pod.metadata["labels"].items())


def ports_allowed(rules: list[dict[str, Any]], side: str, other: Pod) -> set[int]:
    allowed: set[int] = set()
    for rule in rules:
        peers = rule.get(side)
        if peers is None or any(is_peer(peer, other) for peer in peers):
            allowed |= {port["port"] for port in rule["ports"]}
    return allowed


def rules_of(name: str, pod: Pod, direction: str) -> list[dict[str, Any]]:
    return [rule for one in policies_of(name, pod, direction) for rule in one["spec"].get(direction.lower(), [])]


def pairs(name: str) -> set[Pair]:
    """Who may talk to whom of the release, on which port."""
    found = set()
    for source in pods(name):
        for target in pods(name):
            out = ports_allowed(rules_of(name, source, "Egress"), "to", target)
            into = ports_allowed(rules_of(name, target, "Ingress"), "from", source)
            found |= {(source.component, target.component, port) for port in out & into}
    return found


def outside(name: str) -> set[tuple[str, str, int]]:
    """Who may talk to which addresses, on which port; names are left out."""
    found = set()
    for pod in pods(name):
        for rule in rules_of(name, pod, "Egress"):
            for peer in rule["to"]:
                if "ipBlock" in peer:
                    found |= {(pod.component, peer["ipBlock"]["cidr"], port["port"]) for port in rule["ports"]}
    return found


@pytest.mark.parametrize("name", ENFORCED)
def test_every_pod_is_under_the_default_deny_in_both_directions(name: str) -> None:
    for pod in pods(name):
        for direction in ("Ingress", "Egress"):
            empty = [one for one in policies_of(name, pod, direction) if direction.lower() not in one["spec"]]
            assert [one for one in empty if one["metadata"]["name"].endswith("-deny")], pod.made_by


def test_a_release_without_policies_has_none() -> None:
    for name in set(NAMES) - set(ENFORCED):
        assert not of_kind(rendered(name), "NetworkPolicy")


def test_webserver_and_daemon_ask_the_code_locations_and_nobody_else_does() -> None:
    assert pairs("minimal") == {("webserver", "code", CODE), ("daemon", "code", CODE)}


def test_each_code_location_is_asked_on_its_port() -> None:
    assert {port for _, target, port in pairs("two-locations") if target == "code"} == {CODE, 4000}


def test_the_bundled_database_is_asked_by_all_that_keep_something_there() -> None:
    clients = ("webserver", "read-only-webserver", "daemon", "code", "migrate", "run_worker", "step_worker")
    asked = {(source, "code", CODE) for source in ("webserver", "read-only-webserver", "daemon")}
    assert pairs("trial") == asked | {(source, "postgresql", PG) for source in clients}


def test_the_shared_server_is_asked_by_steps_alone() -> None:
    assert {pair for pair in pairs("shared-vllm") if pair[1] == "vllm"} == {("step_worker", "vllm", VLLM)}
    assert {pair for pair in pairs("everything") if pair[1] == "vllm"} == {("step_worker", "vllm", VLLM)}


def test_only_who_asks_the_api_reaches_it() -> None:
    reached = {component for component, cidr, _ in outside("network-narrow") if cidr == "10.96.0.1/32"}
    assert reached == {pod.component for pod in pods("network-narrow") if pod.spec["automountServiceAccountToken"]}


def test_addresses_that_are_known_are_all_that_is_open() -> None:
    api, db, lake, models, dns = "10.96.0.1/32", "10.20.0.5/32", "10.30.0.0/16", "203.0.113.0/24", "169.254.20.10/32"
    everybody = ("webserver", "daemon", "code", "migrate", "run_worker", "step_worker")
    assert outside("network-narrow") == {
        *((one, db, PG) for one in everybody),
        *((one, dns, 53) for one in everybody),
        *((one, api, 443) for one in ("webserver", "daemon", "run_worker")),
        *((one, lake, 9000) for one in ("code", "run_worker", "step_worker")),
        ("step_worker", models, 443),
    }
    extra = {"to": [{"namespaceSelector": {"matchLabels": {"team": "crm"}}}], "ports": [{"port": PG}]}
    reached = {pod.component for pod in pods("network-narrow") if extra in rules_of("network-narrow", pod, "Egress")}
    assert reached == {"code", "run_worker", "step_worker"}


def policy(manifests: tuple[Manifest, ...], ending: str) -> dict[str, Any]:
    spec: dict[str, Any] = named(manifests, "NetworkPolicy", ending)["spec"]
    return spec


def test_what_is_open_is_open_for_both_kinds_of_addresses() -> None:
    for name in ENFORCED:
        found = outside(name)
        for component, cidr, port in found:
            assert cidr not in EVERYWHERE or {(component, one, port) for one in EVERYWHERE} <= found


def test_names_are_asked_of_the_clusters_own_namespace() -> None:
    (rule,) = policy(rendered("minimal"), "-dns")["egress"]
    assert rule["to"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ]


@pytest.mark.parametrize(
    ("url", "ports"),
    [
        ("", [443]),
        ("https://s3.example", [443]),
        ("https://s3.example:443/a:9", [443]),
        ("http://minio.minio:9000", [443, 9000]),
        ("http://minio.minio", [443, 80]),
        ("http://[fd00::1]:9000/", [443, 9000]),
    ],
)
def test_the_lake_is_reached_on_the_port_of_its_endpoint(url: str, ports: list[int], tmp_path: Path) -> None:
    given = values_of("minimal")
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump({**given, "lake": {**given["lake"], "endpointUrl": url}}))
    manifests = rendered_from(path)
    for ending in ("-code", "-run-worker", "-step-worker"):
        opened = [[port["port"] for port in rule["ports"]] for rule in policy(manifests, ending)["egress"]]
        assert ports in opened, ending


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_a_ui_that_is_served_outside_is_open_to_whom_the_values_name_or_everybody(kind: str, tmp_path: Path) -> None:
    ui = {"enableReadOnly": True, "service": {"type": kind}}
    peers = [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
    for given, rule in (({}, {}), ({"webserverFrom": peers}, {"from": peers})):
        path = tmp_path / "values.yaml"
        path.write_text(yaml.safe_dump({**values_of("minimal"), "dagsterWebserver": ui, "networkPolicy": given}))
        manifests = rendered_from(path)
        for ending in ("platform-webserver", "-read-only-webserver"):
            assert policy(manifests, ending)["ingress"] == [{**rule, "ports": [{"port": UI, "protocol": "TCP"}]}]


def test_a_server_whose_model_is_in_an_image_reaches_nothing_but_names() -> None:
    assert not [one for one in outside("vllm-image-cache") if one[0] == "vllm"]
    assert {one for one in outside("shared-vllm") if one[0] == "vllm"} == {
        ("vllm", all_of, 443) for all_of in EVERYWHERE
    }


def test_the_bundled_database_reaches_nobody() -> None:
    (database,) = [pod for pod in pods("trial") if pod.component == "postgresql"]
    assert rules_of("trial", database, "Egress") == []


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("minimal", None),
        ("ingress-open", {"ports": [{"port": UI, "protocol": "TCP"}]}),
        (
            "ingress-tls",
            {
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}],
                "ports": [{"port": UI, "protocol": "TCP"}],
            },
        ),
    ],
)
def test_the_ui_is_open_to_whom_the_values_name(name: str, rule: dict[str, Any] | None) -> None:
    for pod in pods(name):
        if pod.component in ("webserver", "read-only-webserver"):
            assert rules_of(name, pod, "Ingress") == ([rule] if rule else [])


def test_metrics_are_read_by_prometheus_where_they_are_read_at_all() -> None:
    for name, opened in (("shared-vllm", False), ("monitoring", True)):
        for pod in pods(name):
            if pod.component not in ("step_worker", "vllm"):
                continue
            text = str(rules_of(name, pod, "Ingress"))
            assert ("prometheus" in text) == opened, (name, pod.made_by)
