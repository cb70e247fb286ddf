"""PodMonitors and alerts: no schema of Kubernetes knows them; here are fields, ports and names of metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from enrichment_platform.inference.metrics import EngineMetrics, MetricsStore
from enrichment_platform_tests.helm.pods import Pod, pods
from enrichment_platform_tests.helm.rendering import of_kind, rendered

WITH_METRICS = ("monitoring", "everything")
# What vLLM's /metrics has (FACTS; enrichment_platform reads the same names from a sidecar).
OF_VLLM = {"vllm:num_requests_waiting", "vllm:num_requests_running", "vllm:kv_cache_usage_perc"}
_METRIC = re.compile(r"\b(?:vllm:|enrichment_)[a-z_:]+(?=\{)")


def engine_samples() -> dict[str, set[str]]:
    """The series of the engine, by name, with their labels."""
    store = MetricsStore()
    metrics = EngineMetrics("tickets", store)
    metrics.request("e", "rate_limit", "ok", 0.1, 1, 1, 1, 0.1)
    metrics.row("ok")
    found: dict[str, set[str]] = {}
    for family in store.collect():
        if not family.samples:
            found[family.name] = {"enrichment", "cap"} if family.name == "enrichment_spend_ratio" else set()
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def rules() -> Iterator[dict[str, object]]:
    for name in WITH_METRICS:
        for one in of_kind(rendered(name), "PrometheusRule"):
            assert set(one["spec"]) == {"groups"}
            for group in one["spec"]["groups"]:
                yield from group["rules"]


@pytest.mark.parametrize("name", WITH_METRICS)
def test_a_monitor_selects_pods_and_names_ports_that_they_have(name: str) -> None:
    monitors = of_kind(rendered(name), "PodMonitor")
    assert [one["metadata"]["name"].rpartition("-")[2] for one in monitors] == ["steps", "vllm"]
    for one in monitors:
        assert one["apiVersion"] == "monitoring.coreos.com/v1"
        assert set(one["spec"]) <= {"selector", "podMetricsEndpoints", "podTargetLabels"}
        chosen = [pod for pod in pods(name) if one["spec"]["selector"]["matchLabels"].items() <= labels(pod)]
        assert chosen
        open_ports = {port["name"] for pod in chosen for container in pod.containers for port in container["ports"]}
        assert {endpoint["port"] for endpoint in one["spec"]["podMetricsEndpoints"]} == (
            {"metrics", "http-vllm"} if one["metadata"]["name"].endswith("steps") else {"http-vllm"}
        )
        assert {endpoint["port"] for endpoint in one["spec"]["podMetricsEndpoints"]} <= open_ports


def labels(pod: Pod) -> set[tuple[str, str]]:
    return set(pod.metadata["labels"].items())


def test_steps_listen_where_they_are_read_and_only_then() -> None:
    for name, listens in (("monitoring", True), ("minimal", False)):
        for pod in pods(name):
            if pod.component == "step_worker":
                given = {one["name"]: one.get("value") for one in pod.spec["containers"][0]["env"]}
                assert (given.get("ENRICHMENT_METRICS_PORT") == "9464") is listens
                assert (given.get("ENRICHMENT_METRICS_HOST") == "0.0.0.0") is listens


def test_alerts_are_about_metrics_that_there_are() -> None:
    known = {*engine_samples(), *OF_VLLM}
    used: set[str] = set()
    for rule in rules():
        assert (
            {"alert", "expr", "labels", "annotations"} <= set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        )
        named = set(_METRIC.findall(str(rule["expr"])))
        assert named
        assert named <= known, rule["alert"]
        used |= named
    assert {"enrichment_spend_ratio", "enrichment_rows_total", "vllm:num_requests_waiting"} <= used


def test_alerts_group_by_labels_that_the_metrics_have() -> None:
    samples = engine_samples()
    for rule in rules():
        text = str(rule["expr"])
        for metric in _METRIC.findall(text):
            if metric in samples:
                for grouped in re.findall(r"by \(([^)]*)\)", text):
                    assert set(grouped.replace(" ", "").split(",")) <= samples[metric], rule["alert"]


def test_alerts_are_of_the_releases_namespace() -> None:
    for rule in rules():
        text = str(rule["expr"])
        assert text.count('namespace="enrich"') == len(_METRIC.findall(text)), rule["alert"]


def test_the_scaler_asks_for_the_length_of_the_queue() -> None:
    (scaler,) = of_kind(rendered("shared-vllm"), "HorizontalPodAutoscaler")
    (metric,) = scaler["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] in OF_VLLM
    assert metric["pods"]["target"] == {"type": "AverageValue", "averageValue": "32"}
