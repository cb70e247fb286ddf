"""The life of a pod on its node: sidecars first, then the container, probes and restarts, and an orderly end."""

from __future__ import annotations

import http.client
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

from enrichment_platform_tests.kubernetes.cluster.container import Container, Image, Sandbox
from enrichment_platform_tests.kubernetes.cluster.store import Store, now

Document = dict[str, Any]
_TICK_S = 0.05


@dataclass(frozen=True)
class Pace:
    """How long a second of a manifest is here."""

    probes: float = 0.1
    deadlines: float = 0.1
    grace: float = 0.25
    back_off: float = 0.1


@dataclass
class _Probe:
    """Successes and failures in a row of an HTTP probe."""

    definition: Document
    address: str
    pace: float
    due: float = 0.0
    failures: int = 0

    def look(self) -> bool | None:
        """True: it passed; False: it failed too often; None: neither, or it is not its time."""
        if time.monotonic() < self.due:
            return None
        self.due = time.monotonic() + self.definition.get("periodSeconds", 10) * self.pace
        target = self.definition["httpGet"]
        connection = http.client.HTTPConnection(self.address, target["port"], self.definition.get("timeoutSeconds", 1))
        try:
            connection.request("GET", target["path"])
            passed = 200 <= connection.getresponse().status < 400
        except OSError:
            passed = False
        finally:
            connection.close()
        self.failures = 0 if passed else self.failures + 1
        return True if passed else (False if self.failures >= self.definition.get("failureThreshold", 3) else None)


class PodRunner(threading.Thread):
    """Runs one pod to its end and keeps its status; `stop` ends it from outside."""

    def __init__(self, store: Store, pod: Document, images: dict[str, Image], sandbox: Sandbox, pace: Pace) -> None:
        super().__init__(name=pod["metadata"]["name"])
        self.store, self.pod, self.pace, self.sandbox = store, pod, pace, sandbox
        spec = pod["spec"]
        self.sidecars = [Container(one, images[one["image"]], sandbox) for one in spec.get("initContainers", [])]
        (main,) = spec["containers"]
        self.main = Container(main, images[main["image"]], sandbox)
        self._probes: dict[str, _Probe] = {}
        self._restart_at: dict[str, float] = {}
        self._told_to_stop = threading.Event()
        self._why: tuple[str, str] | None = None
        self.ended_at = float("inf")

    def container(self, name: str) -> Container:
        """Raises StopIteration where the pod has none of that name."""
        return next(one for one in (self.main, *self.sidecars) if one.name == name)

    def stop(self, reason: str, message: str) -> None:
        """End it: SIGTERM, and SIGKILL after the grace period; the pod has failed for that reason."""
        self._why = self._why or (reason, message)
        self._told_to_stop.set()

    def evict(self) -> None:
        """End it as a node does that is short of memory."""
        self.stop("Evicted", "The node was low on resource: memory.")

    def run(self) -> None:
        self._report("Pending")
        exit_status = self._work()
        grace = self.pod["spec"].get("terminationGracePeriodSeconds", 30) * self.pace.grace
        until = time.monotonic() + grace
        if exit_status is None and self.main.process is not None:
            exit_status = self._end(self.main, until)
        for sidecar in reversed(self.sidecars):
            if sidecar.process is not None:
                self._end(sidecar, until)
        succeeded = exit_status == 0 and self._why is None
        extra = {"reason": self._why[0], "message": self._why[1]} if self._why else {}
        self.ended_at = time.monotonic()
        self._report("Succeeded" if succeeded else "Failed", **extra)

    def _work(self) -> int | None:
        """Exit status of the main container; None where the pod was stopped before."""
        for sidecar in self.sidecars:
            self._start(sidecar)
            while not sidecar.started:
                if self._told_to_stop.wait(_TICK_S):
                    return None
                self._tend(sidecar)
        self._start(self.main)
        self._report("Running")
        while (status := self.main.ended()) is None:
            if self._told_to_stop.wait(_TICK_S):
                return None
            for sidecar in self.sidecars:
                self._tend(sidecar)
        return status

    def _start(self, container: Container) -> None:
        container.start()
        probe = container.manifest.get("startupProbe")
        if probe:
            self._probes[container.name] = _Probe(probe, self.sandbox.address, self.pace.probes)
        else:
            container.started = True
        self._report()

    def _tend(self, sidecar: Container) -> None:
        """Restart it when it has ended, later each time; look at its probes; end it when they fail too often."""
        if (status := sidecar.ended()) is not None:
            if sidecar.name not in self._restart_at:
                wait = min(10 * 2**sidecar.restarts, 300) * self.pace.back_off
                self._restart_at[sidecar.name] = time.monotonic() + wait
                text = f"Back-off restarting failed container {sidecar.name}: it ended with exit code {status}"
                self.store.event(self.pod, "Pod", "BackOff", text)
                self._report()
            elif time.monotonic() >= self._restart_at[sidecar.name]:
                del self._restart_at[sidecar.name]
                sidecar.restarts += 1
                self._start(sidecar)
            return
        probe = self._probes.get(sidecar.name)
        looked = probe.look() if probe else None
        kind = "Liveness" if sidecar.started else "Startup"
        if looked is True and not sidecar.started:
            sidecar.started = True
            definition = sidecar.manifest.get("livenessProbe")
            if definition:
                self._probes[sidecar.name] = _Probe(definition, self.sandbox.address, self.pace.probes)
            self._report()
        elif probe and probe.failures:
            target = probe.definition["httpGet"]
            text = f"{kind} probe failed: {sidecar.name} does not answer {target['path']} on port {target['port']}"
            self.store.event(self.pod, "Pod", "Unhealthy", text)
            if looked is False:
                message = f"Container {sidecar.name} failed {kind.lower()} probe, will be restarted"
                self.store.event(self.pod, "Pod", "Killing", message, warning=False)
                sidecar.signal(signal.SIGTERM)
                self._end(sidecar, time.monotonic() + 30 * self.pace.grace)

    def _end(self, container: Container, until: float) -> int:
        container.signal(signal.SIGTERM)
        while (status := container.ended()) is None:
            if time.monotonic() > until:
                container.signal(signal.SIGKILL)
            time.sleep(_TICK_S)
        return status

    def _report(self, phase: str | None = None, **extra: Any) -> None:
        changes = {"phase": phase} if phase else {}
        self.store.patch_status(
            "pods",
            self.pod,
            containerStatuses=[_status(self.main, self.pod)],
            initContainerStatuses=[_status(one, self.pod) for one in self.sidecars] or None,
            podIP=self.sandbox.address,
            **changes,
            **extra,
        )


def _status(container: Container, pod: Document) -> Document:
    state: Document = {"waiting": {"reason": "PodInitializing"}}
    if container.process is not None:
        status = container.ended()
        state = {"running": {"startedAt": now()}}
        if status is not None:
            reason = "Completed" if status == 0 else "Error"
            state = {"terminated": {"exitCode": status, "reason": reason, "startedAt": now(), "finishedAt": now()}}
    return {
        "name": container.name,
        "image": container.manifest["image"],
        "imageID": "",
        "ready": container.started and "running" in state,
        "started": container.started,
        "restartCount": container.restarts,
        "state": state,
    }
