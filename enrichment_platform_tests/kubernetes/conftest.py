"""A night on the cluster: everything is launched at once, and the faults are planted as the pods come to them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest

from enrichment_platform_tests.acceptance.project import letters, letters_spec, write_jsonl
from enrichment_platform_tests.helm.rendering import NAMESPACE
from enrichment_platform_tests.kubernetes.cluster.kubelet import Node
from enrichment_platform_tests.kubernetes.cluster.pod import PodRunner
from enrichment_platform_tests.kubernetes.platform import GPU_TAINT, VLLM_IMAGE, Platform, platform, vllm_image
from enrichment_platform_tests.servers.ledgers import empty

ROWS, CONCURRENCY = 40, 4
FAULTS = "bcdeh"
STAGES = ("raw", "cleaned", "classified", "enriched")
NODES = [Node("cpu-1"), Node("gpu-1", {"pool": "gpu"}, GPU_TAINT, gpus=8)]
CONFUSED, LATE, SLOW = (f"registry.example/vllm:{kind}" for kind in ("confused", "late", "slow"))
IMAGES = {
    VLLM_IMAGE: vllm_image("--latency", "0.25"),
    CONFUSED: vllm_image("--kind", "malformed"),
    LATE: vllm_image("--load-seconds", "3600"),
    SLOW: vllm_image("--latency", "6"),
}
NOWHERE = {"dagster-k8s/config": {"pod_spec_config": {"node_selector": {"pool": "none"}}}}


@dataclass
class Night:
    """What was launched. `faulted`: pods by partition, as they were when their fault was planted."""

    cluster: Platform
    plain: str
    run_evicted: str
    run_killed: str
    at_deadline: str
    cancelled: str
    confused: str
    late: str
    nowhere: str
    backfill: str
    asked_before_cancelled: int = 0
    faulted: dict[str, PodRunner] = field(default_factory=dict)

    def run(self, partition: str) -> dg.DagsterRun:
        found = self.cluster.run_of("letters", partition)
        assert found is not None
        return found


@pytest.fixture(scope="package")
def cluster(postgres_url: str) -> Iterator[Platform]:
    """The platform on the cluster; nothing that it starts may outlive it."""
    empty(postgres_url)
    folder = Path(tempfile.mkdtemp(prefix="kubernetes-", dir="/var/tmp"))
    before = processes()
    try:
        with platform(folder, postgres_url, enrichments(folder), IMAGES, NODES) as running:
            yield running
        left = processes() - before
        assert not left, f"left behind: {left}"
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="package")
def night(cluster: Platform) -> Night:
    """All runs under way, all faults planted."""
    prepare(cluster, "letters", "b", "e")
    prepare(cluster, "letters", "h", "h")
    prepare(cluster, "confused", "b", "b")
    prepare(cluster, "brief", "b", "c")
    launched = Night(
        cluster,
        backfill=cluster.backfill("letters", ["b", "c", "d"], "classified", "enriched"),
        nowhere=cluster.launch("letters", "g", "raw", tags=NOWHERE),
        plain=cluster.launch("letters", "a", *STAGES),
        run_evicted=cluster.launch("letters", "e", "classified"),
        run_killed=cluster.launch("letters", "h", "classified"),
        at_deadline=cluster.launch("brief", "b", "classified"),
        cancelled=cluster.launch("brief", "c", "classified"),
        confused=cluster.launch("confused", "b", "classified", "enriched"),
        late=cluster.launch("late", "a", "classified"),
    )
    cluster.await_(lambda: plant(launched) == len(FAULTS) + 1, "all faults", 400)
    return launched


def prepare(cluster: Platform, enrichment: str, first: str, last: str) -> None:
    """Clean partitions into the cluster's lake from outside: six pods fewer, which take 5 s each."""
    folder = cluster.folder
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("ENRICHMENT_", "DAGSTER_"))}
    variables = {
        **outside,
        "ENRICHMENT_LEDGER": cluster.database,
        "PYTHONPATH": str(cluster.project),
        "ENRICHMENT_HOME": str(folder / "laptop"),
        "ENRICHMENT_LAKE": str(folder / "claims" / "lake"),
    }
    for stage in ("raw", "cleaned"):
        options = ["run", enrichment, "--stage", stage, "--from", first, "--to", last]
        command = [sys.executable, "-m", "enrichment_platform.cli", *options]
        done = subprocess.run(command, cwd=cluster.project, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def plant(night: Night) -> int:
    """Plant what can be planted by now; how many faults are."""
    if not night.asked_before_cancelled:
        night.asked_before_cancelled = night.cluster.answered([night.cancelled], "brief__classified").total()
        if night.asked_before_cancelled:
            night.cluster.cancel(night.cancelled)
    return bool(night.asked_before_cancelled) + sum(fault(night, partition) for partition in FAULTS)


def fault(night: Night, partition: str) -> bool:
    """Plant the fault of a partition when its first pod has had a fifth of its answers; whether it is planted."""
    if partition in night.faulted:
        return True
    run = night.cluster.run_of("letters", partition)
    pods = night.cluster.pods(run.run_id, "letters__classified") if run else []
    if not run or not pods or night.cluster.answered([run.run_id], "letters__classified").total() < ROWS / 5:
        return False
    night.faulted[partition] = pods[0]
    match partition:
        case "b":
            night.cluster.store.delete("pods", NAMESPACE, pods[0].pod["metadata"]["name"])  # as `kubectl drain` does
        case "c":
            pods[0].main.signal(signal.SIGKILL)
        case "d":
            pods[0].sidecars[0].signal(signal.SIGKILL)
        case "e":
            night.cluster.kubelet.runner(f"dagster-run-{run.run_id}").evict()
        case "h":
            night.cluster.kubelet.runner(f"dagster-run-{run.run_id}").main.signal(signal.SIGKILL)
    return True


def processes() -> set[psutil.Process]:
    """All that this process has started, but for the database server, which has a child or two as it likes."""
    return {one for one in psutil.Process().children(recursive=True) if one.name() != "postgres"}


def enrichments(folder: Path) -> dict[str, dict[str, Any]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    parts = list("abcdefgh")
    source = write_jsonl(folder / "letters.jsonl", letters(ROWS, parts))

    def spec(name: str, deadline_minutes: int, **vllm: Any) -> dict[str, Any]:
        served = {
            "profile": "gpu-serve",
            "deadline_minutes": deadline_minutes,
            "environment": {"ENRICHMENT_CONCURRENCY": f"{CONCURRENCY}"},
            "vllm": {"port": port, "api_key": {"name": "vllm-key"}, **vllm},
        }
        prompt = {"columns": ["text"], "system": f"You sort {name}."}  # of its own: answers to one prompt are shared
        pods = {"cleaned": "gpu-clean", "classified": served}
        return letters_spec(source, parts, name=name, prompt=prompt, pods=pods)

    return {
        "letters": spec("letters", 60),
        "brief": spec("brief", 8, image=SLOW),
        "confused": spec("confused", 60, image=CONFUSED),
        "late": spec("late", 1, image=LATE, start_seconds=30),
    }
