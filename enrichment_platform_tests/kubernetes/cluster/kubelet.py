"""Job controller, scheduler and kubelet in one thread: Jobs get pods, pods get nodes and run, Jobs get their status."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from enrichment_platform_tests.kubernetes.cluster.admission import containers
from enrichment_platform_tests.kubernetes.cluster.container import Container, Image, Sandbox
from enrichment_platform_tests.kubernetes.cluster.pod import Pace, PodRunner
from enrichment_platform_tests.kubernetes.cluster.store import Store, now

Document = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A machine: labels, taints (all NoSchedule) and GPUs."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Mapping[str, str] = field(default_factory=dict)
    gpus: int = 0


class Kubelet:
    """The nodes of the cluster.

    `claims` and `config_maps` are folders by the name of a PersistentVolumeClaim or ConfigMap, `images` all that can be
    pulled, `kubeconfigs` what the pods of a service account get in the place of its token.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        nodes: list[Node],
        images: dict[str, Image],
        claims: Mapping[str, Path],
        config_maps: Mapping[str, Path],
        secrets: Mapping[str, Mapping[str, str]],
        kubeconfigs: Mapping[str, Path],
        pace: Pace,
    ) -> None:
        self.store, self.folder, self.nodes, self.images = store, folder, nodes, images
        self.claims, self.config_maps, self.secrets = claims, config_maps, secrets
        self.kubeconfigs, self.pace = kubeconfigs, pace
        self.runners: dict[str, PodRunner] = {}
        self.errors: list[BaseException] = []
        self._since: dict[str, float] = {}
        self._addresses = 1
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="kubelet")
        self._thread.start()

    def close(self) -> None:
        """Stop all pods; none is left."""
        self._stopped.set()
        self._thread.join()
        for runner in self.runners.values():
            runner.stop("NodeShutdown", "the node is shut down")
        for runner in self.runners.values():
            runner.join()

    def runner(self, job: str) -> PodRunner:
        """The pod of a Job. Raises StopIteration where it does not run."""
        return next(one for one in self.runners.values() if one.pod["metadata"]["labels"]["job-name"] == job)

    def deployed(self, name: str, pod: Document) -> Container:
        """The one container of a Deployment's pod, on its own: who starts it ends it."""
        (container,) = pod["spec"]["containers"]
        sandbox = self._sandbox({"metadata": {"name": name}, "spec": pod["spec"]})
        return Container(container, self.images[container["image"]], sandbox)

    def logs(self, pod: str, container: str | None, tail: int | None) -> str:
        """Log of a container; the main one where none is named."""
        spec = self.runners[pod].pod["spec"] if pod in self.runners else None
        path = self.folder / pod / f"{container or (spec and spec['containers'][0]['name'])}.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return text if tail is None else "\n".join(text.splitlines()[-tail:])

    def _loop(self) -> None:
        while not self._stopped.wait(0.1):
            try:
                for job in self.store.list("jobs"):
                    self._control(job)
                for pod in self.store.list("pods"):
                    self._look_after(pod)
            except Exception as error:
                self.errors.append(error)
                raise

    # The Job controller.

    def _control(self, job: Document) -> None:
        meta, status = job["metadata"], job["status"]
        if any(one["type"] in ("Complete", "Failed") for one in status.get("conditions", [])):
            return
        pods = self.store.list("pods", meta["namespace"], f"batch.kubernetes.io/controller-uid={meta['uid']}")
        if "startTime" not in status:
            self._since[meta["uid"]] = time.monotonic()
            self._create_pod(job)
            self.store.patch_status("jobs", job, active=1, startTime=now(), ready=0)
            return
        deadline = job["spec"].get("activeDeadlineSeconds")
        phases = [pod["status"].get("phase") for pod in pods]
        if "Succeeded" in phases:
            done = _condition("Complete")
            self.store.patch_status("jobs", job, active=None, succeeded=1, completionTime=now(), conditions=[done])
        elif deadline and time.monotonic() - self._since[meta["uid"]] > deadline * self.pace.deadlines:
            message = "Job was active longer than specified deadline"
            for pod in pods:
                self.store.delete("pods", meta["namespace"], pod["metadata"]["name"])
            self._fail(job, "DeadlineExceeded", message)
        elif not pods or "Failed" in phases or any("deletionTimestamp" in pod["metadata"] for pod in pods):
            # As soon as a pod is told to stop, although it has its grace period left.
            self._fail(job, "BackoffLimitExceeded", "Job has reached the specified backoff limit")

    def _fail(self, job: Document, reason: str, message: str) -> None:
        failed = _condition("Failed", reason=reason, message=message)
        self.store.event(job, "Job", reason, message)
        self.store.patch_status("jobs", job, active=None, failed=1, conditions=[failed])

    def _create_pod(self, job: Document) -> None:
        meta, template = job["metadata"], job["spec"]["template"]
        name = f"{meta['name']}-{meta['uid'][:5]}"
        own = {"batch.kubernetes.io/controller-uid": meta["uid"], "job-name": meta["name"]}
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"], "controller": True}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "labels": {**template["metadata"].get("labels", {}), **own},
                "ownerReferences": [owner],
            },
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }
        self.store.create("pods", meta["namespace"], pod)

    # Scheduler and kubelet.

    def _look_after(self, pod: Document) -> None:
        meta, spec = pod["metadata"], pod["spec"]
        runner = self.runners.get(meta["name"])
        if "deletionTimestamp" in meta:
            if runner is not None and runner.is_alive():
                runner.stop("Deleted", "the pod is deleted")
            else:
                self.store.remove(pod)
        elif runner is None:
            chosen, why_not = self._node_for(spec)
            if chosen is None:
                condition = _condition("PodScheduled", "False", reason="Unschedulable", message=why_not)
                self.store.event(pod, "Pod", "FailedScheduling", why_not)
                self.store.patch_status("pods", pod, conditions=[condition])
                return
            missing = [one["image"] for one in containers(spec) if one["image"] not in self.images]
            if missing:
                self.store.event(pod, "Pod", "Failed", f"Failed to pull image {missing[0]!r}: not found")
                return
            self.store.bind(pod, chosen.name)
            self.store.patch_status("pods", pod, conditions=[_condition("PodScheduled")], startTime=now())
            bound = self.store.get("pods", meta["namespace"], meta["name"])
            runner = PodRunner(self.store, bound, self.images, self._sandbox(bound), self.pace)
            self.runners[meta["name"]] = runner
            runner.start()

    def _node_for(self, spec: Document) -> tuple[Node | None, str]:
        wanted = spec.get("nodeSelector", {})
        fits, reasons = [], []
        for node in self.nodes:
            if not wanted.items() <= node.labels.items():
                reasons.append("node(s) didn't match Pod's node affinity/selector")
            elif not all(_tolerated(taint, spec.get("tolerations", [])) for taint in node.taints.items()):
                reasons.append("node(s) had untolerated taint(s)")
            elif _gpus(spec) > node.gpus - sum(_gpus(one.pod["spec"]) for one in self._running_on(node)):
                reasons.append("Insufficient nvidia.com/gpu")
            else:
                fits.append(node)
        counted = ", ".join(f"{reasons.count(reason)} {reason}" for reason in dict.fromkeys(reasons))
        # As the image and the GPUs of a node allow: those without GPUs first.
        return min(
            fits, key=lambda node: node.gpus, default=None
        ), f"0/{len(self.nodes)} nodes are available: {counted}."

    def _running_on(self, node: Node) -> list[PodRunner]:
        return [one for one in self.runners.values() if one.is_alive() and one.pod["spec"]["nodeName"] == node.name]

    def _sandbox(self, pod: Document) -> Sandbox:
        folder = self.folder / pod["metadata"]["name"]
        folder.mkdir(mode=0o755)
        spec, volumes = pod["spec"], {}
        for volume in spec.get("volumes", []):
            if claim := volume.get("persistentVolumeClaim"):
                place = self.claims[claim["claimName"]]
            elif config := volume.get("configMap"):
                volumes[volume["name"]] = self.config_maps[config["name"]]
                continue
            else:
                place = folder / "volumes" / volume["name"]
                place.mkdir(parents=True)
            volumes[volume["name"]] = place
        self._addresses += 1
        address = f"127.{self._addresses >> 16 & 255}.{self._addresses >> 8 & 255}.{self._addresses & 255}"
        account = spec.get("serviceAccountName", "default")
        token = self.kubeconfigs[account] if spec.get("automountServiceAccountToken", True) else None
        return Sandbox(folder, address, spec, volumes, self.secrets, token)


def _condition(kind: str, status: str = "True", **more: str) -> Document:
    return {"type": kind, "status": status, "lastTransitionTime": now(), **more}


def _tolerated(taint: tuple[str, str], tolerations: list[Document]) -> bool:
    key, value = taint
    return any(
        one.get("key", key) == key
        and one.get("effect", "NoSchedule") == "NoSchedule"
        and (one.get("operator", "Equal") == "Exists" or one.get("value", "") == value)
        for one in tolerations
    )


def _gpus(spec: Document) -> int:
    resources = [container.get("resources") or {} for container in containers(spec)]
    return sum(int(one.get("limits", {}).get("nvidia.com/gpu", 0)) for one in resources)
