"""The chart renders with both Helms, into what Kubernetes takes, and as it was reviewed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from enrichment_platform.kubernetes.chart_schema import CHART
from enrichment_platform_tests.helm.pods import launched
from enrichment_platform_tests.helm.programs import CannotBeHad, helm, program
from enrichment_platform_tests.helm.rendering import NAMES, SNAPSHOTS, VALUES, Manifest, rendered, reviewed, snapshot

HELMS = ("helm-4", "helm-3")
RELEASES = ("1.30", "1.36")
OF_PROMETHEUS = ("PodMonitor", "PrometheusRule")  # the operator's; test_monitoring.py looks at them
SINCE_1_31 = "vllm-image-cache"  # image volumes


def test_the_matrix_is_as_large_as_was_promised() -> None:
    assert len(NAMES) >= 12


@pytest.mark.parametrize("version", HELMS)
@pytest.mark.parametrize("name", NAMES)
def test_helm_lints_it(name: str, version: str) -> None:
    done = helm(version).run("lint", "--strict", CHART, "--values", VALUES / f"{name}.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_both_helms_render_the_same(name: str) -> None:
    assert snapshot(rendered(name, "helm-4")) == snapshot(rendered(name, "helm-3"))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_was_reviewed(name: str) -> None:
    """`make helm-snapshots` writes it anew; the difference is for a reviewer."""
    path, text = reviewed(name)
    assert path.read_text() == text


def test_there_is_no_snapshot_without_values() -> None:
    assert sorted(path.stem for path in SNAPSHOTS.iterdir()) == NAMES


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", NAMES)
def test_kubernetes_takes_every_manifest(name: str, release: str) -> None:
    if name == SINCE_1_31 and release == "1.30":
        pytest.skip("image volumes came with Kubernetes 1.31")
    checked = [one for one in (*rendered(name), *launched(name)) if one["kind"] not in OF_PROMETHEUS]
    assert checked
    for one in checked:
        kubernetes_validate.validate(_client_side(one), release, strict=True)


def test_kubectl_reads_what_helm_writes(tmp_path: Path) -> None:
    try:
        kubectl = program("kubectl")
    except CannotBeHad as error:
        pytest.skip(f"!!! NOT RUN: no kubectl: {error}")
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump_all([one for one in rendered("everything") if one["kind"] not in OF_PROMETHEUS]))
    (tmp_path / "kustomization.yaml").write_text("resources: [all.yaml]\n")
    done = subprocess.run([kubectl, "kustomize", tmp_path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(yaml.safe_load_all(done.stdout))) == len(list(yaml.safe_load_all(path.read_text())))


def _client_side(manifest: Manifest) -> Manifest:
    """A Job of dagster-k8s as it is sent: without the fields that are null."""
    return {key: value for key, value in manifest.items() if value is not None}
