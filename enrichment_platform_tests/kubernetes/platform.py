"""The platform as it is deployed on the tests' cluster: code server, daemon, and runs that are submitted to them."""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import requests
import yaml
from dagster import RunsFilter

from enrichment_platform.pod_spec import VllmSpec
from enrichment_platform_tests.acceptance.project import ENRICHMENT, ROOT, copy_of_the_platform
from enrichment_platform_tests.kubernetes.cluster.api import Api
from enrichment_platform_tests.kubernetes.cluster.container import Image
from enrichment_platform_tests.kubernetes.cluster.kubelet import Kubelet, Node
from enrichment_platform_tests.kubernetes.cluster.pod import Pace, PodRunner
from enrichment_platform_tests.kubernetes.cluster.store import Store
from enrichment_platform_tests.kubernetes.release import LAKE, PLATFORM_IMAGE, release

LOCATION = "platform"
VLLM_IMAGE = str(VllmSpec.model_fields["image"].default)
GPU_TAINT = {"nvidia.com/gpu": "present"}
TOLERATIONS = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
STAND_IN = "enrichment_platform_tests.kubernetes.cluster.vllm_stand_in"
_LAUNCH = """mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
_CANCEL = """mutation($params: String!) { terminateRun(runId: $params) {
  __typename ... on TerminateRunFailure { message } ... on PythonError { message } } }"""
_BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""


def vllm_image(*settings: str) -> Image:
    """vLLM's image, played by the stand-in; `settings` are its own."""

    def program(arguments: list[str]) -> list[str]:
        assert arguments[:2] == ["vllm", "serve"], arguments
        return [sys.executable, "-m", STAND_IN, *settings, *arguments[1:]]

    return Image(program, {"PYTHONPATH": str(ROOT)})


def platform_image(project: Path, webserver_port: int) -> Image:
    """The platform's image: it has the project, and starts `dagster ...`, the daemon and the web server."""
    modules = {"dagster": "dagster", "dagster-daemon": "dagster._daemon", "dagster-webserver": "dagster_webserver"}

    def program(arguments: list[str]) -> list[str]:
        name, *others = arguments
        if name == "dagster-webserver":  # its port is its own in a pod, not here
            others = [f"{webserver_port}" if one == "3000" else one for one in others]
        return [sys.executable, "-m", modules[name], *others]

    return Image(program, {"PYTHONPATH": str(project), "HOME": str(project)}, project)


@dataclass
class Platform:
    """What the tests drive and look at."""

    folder: Path
    project: Path
    database: str
    store: Store
    api: Api
    kubelet: Kubelet
    instance: dg.DagsterInstance
    webserver: str
    """Its URL."""

    def launch(self, enrichment: str, partition: str, *stages: str, tags: dict[str, Any] | None = None) -> str:
        """Submit a run over stages of a partition; returns its id."""
        written = {"dagster/partition": partition, **{k: json.dumps(v) for k, v in (tags or {}).items()}}
        params = {
            "selector": {
                "repositoryName": "__repository__",
                "repositoryLocationName": LOCATION,
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": [enrichment, stage]} for stage in stages],
            },
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in written.items()]},
        }
        return str(self._ask(_LAUNCH, params)["run"]["runId"])

    def backfill(self, enrichment: str, partitions: list[str], *stages: str) -> str:
        """Ask the daemon for a backfill; returns its id."""
        selection = [{"path": [enrichment, stage]} for stage in stages]
        return str(self._ask(_BACKFILL, {"assetSelection": selection, "partitionNames": partitions})["backfillId"])

    def cancel(self, run_id: str) -> None:
        """Press the UI's button."""
        self._ask(_CANCEL, run_id)

    def _ask(self, query: str, params: Any) -> dict[str, Any]:
        """Send what the UI sends."""
        answer = requests.post(
            f"{self.webserver}/graphql", json={"query": query, "variables": {"params": params}}, timeout=60
        )
        (result,) = answer.json()["data"].values()
        assert result["__typename"].endswith("Success"), result
        return dict(result)

    def run(self, run_id: str) -> dg.DagsterRun:
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def ended(self, run_id: str, seconds: float = 240) -> str:
        """Wait for the end of a run; its status."""
        self.await_(lambda: self.run(run_id).is_finished, f"run {run_id} to end", seconds)
        return self.run(run_id).status.value

    def await_(self, reached: Callable[[], Any], what: str, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert not self.kubelet.errors, self.kubelet.errors
            assert not self.store.refused, self.store.refused
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}\n{self.told()}"
            time.sleep(0.1)

    def messages(self, run_id: str) -> str:
        """All that Dagster shows of a run, a line an event."""
        return "\n".join(_shown(entry) for entry in self.instance.all_logs(run_id))

    def pods(self, run_id: str, step: str) -> list[PodRunner]:
        """The pods that a step of a run has had, oldest first."""
        wanted = {"dagster/run-id": run_id, "dagster/op": step}.items()
        return [one for one in list(self.kubelet.runners.values()) if wanted <= one.pod["metadata"]["labels"].items()]

    def answered(self, run_ids: Iterable[str], step: str) -> Counter[str]:
        """How often each prompt was answered, and so paid for, by the servers of all pods of a step together."""
        counted: Counter[str] = Counter()
        for pod in [pod for run_id in run_ids for pod in self.pods(run_id, step)]:
            for sidecar in pod.sidecars:
                lines = sidecar.log.read_text().splitlines() if sidecar.log.exists() else []
                entries = [json.loads(line) for line in lines if line.startswith('{"') and line.endswith("}")]
                counted.update(entry["answered"] for entry in entries if "answered" in entry)
        return counted

    def with_retries(self, run_id: str) -> list[dg.DagsterRun]:
        """A run and those that the daemon launched in its place, oldest first."""
        found = self.instance.get_run_group(run_id)
        return sorted(found[1], key=lambda run: run.run_id != run_id) if found else [self.run(run_id)]

    def run_of(self, enrichment: str, partition: str) -> dg.DagsterRun | None:
        """The newest run of a partition."""
        wanted = RunsFilter(tags={"dagster/partition": partition})
        runs = self.instance.get_runs(wanted)
        keys = {dg.AssetKey([enrichment, stage]) for stage in ("classified", "cleaned")}
        return next((run for run in runs if keys & (run.asset_selection or set())), None)

    def told(self) -> str:
        """Ends of all logs, for a test that failed."""
        logs = [*self.folder.glob("*.log"), *self.folder.glob("pods/*/*.log")]
        return "\n".join(f"== {path}\n{path.read_text(errors='replace')[-1500:]}" for path in logs)


def _shown(entry: dg.EventLogEntry) -> str:
    error = entry.dagster_event.event_specific_data if entry.dagster_event else None
    detail = getattr(error, "error", None)
    return f"{entry.user_message or entry.message} {detail.message if detail else ''}"


@contextlib.contextmanager
def platform(
    folder: Path, database: str, enrichments: dict[str, dict[str, Any]], images: dict[str, Image], nodes: list[Node]
) -> Iterator[Platform]:
    """A cluster, and the platform on it; ends every process that it started."""
    project = copy_of_the_platform(folder / "project")
    for name, attributes in enrichments.items():
        place = project / "enrichment_platform" / "defs" / name
        place.mkdir(parents=True)
        (place / "defs.yaml").write_text(yaml.safe_dump({"type": ENRICHMENT, "attributes": attributes}))
    compileall.compile_dir(project, quiet=1)
    for path in (project, *project.rglob("*")):  # as in an image whose file system is read-only
        path.chmod(0o555 if path.is_dir() else 0o444)
    home, claims = folder / "dagster-home", folder / "claims"
    for place in (home, claims / LAKE, folder / "pods"):
        place.mkdir(parents=True, exist_ok=True)
    profiles = {name: {"tolerations": TOLERATIONS} for name in ("gpu-clean", "gpu-serve")}
    installed = release(folder, home, database, _free_port(), {"podProfiles": profiles})
    home.chmod(0o555)
    store = Store()
    with contextlib.ExitStack() as stack:
        kubelet: Kubelet
        api = Api(store, lambda *of: kubelet.logs(*of))
        stack.callback(api.close)
        api.allowed = installed.rights()
        accounts = {account for account, _, _ in api.allowed}
        kubeconfigs = {name: api.kubeconfig(folder / f"{name}.kubeconfig", name) for name in accounts}
        webserver = _free_port()
        every = {PLATFORM_IMAGE: platform_image(project, webserver), **images}
        secrets = {**installed.secrets, "vllm-key": {"api-key": "k3y-of-the-tests"}}
        volumes = {LAKE: claims / LAKE}
        kubelet = Kubelet(
            store, folder / "pods", nodes, every, volumes, installed.config_maps, secrets, kubeconfigs, Pace()
        )
        stack.callback(kubelet.close)
        (password,) = installed.secrets["dagster-postgresql-secret"].values()
        stack.enter_context(mock.patch.dict(os.environ, {"DAGSTER_PG_PASSWORD": password}))
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(home)))
        instance.get_runs(limit=1)  # creates the tables, as the migration does: two processes get in each other's way
        instance.fetch_materializations(dg.AssetKey(["any"]), limit=1)
        instance.all_instigator_state()
        stack.enter_context(_deployed(kubelet, "code", installed.pod("-code-platform")))
        _await_port(installed.port)
        stack.enter_context(_deployed(kubelet, "daemon", installed.pod("-daemon")))
        stack.enter_context(_deployed(kubelet, "webserver", installed.pod("-webserver")))
        _await_port(webserver)
        yield Platform(folder, project, database, store, api, kubelet, instance, f"http://127.0.0.1:{webserver}")


@contextlib.contextmanager
def _deployed(kubelet: Kubelet, name: str, pod: dict[str, Any]) -> Iterator[None]:
    container = kubelet.deployed(name, pod)
    container.start()
    try:
        yield
    finally:
        container.signal(signal.SIGTERM)
        deadline = time.monotonic() + 5
        while container.ended() is None:
            if time.monotonic() > deadline:
                container.signal(signal.SIGKILL)
            time.sleep(0.05)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
