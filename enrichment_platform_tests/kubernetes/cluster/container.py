"""A container as a local process: the manifest's arguments and environment, and folders in the place of mounts."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from enrichment_platform_tests.kubernetes.cluster.vllm_stand_in import ADDRESS

Document = dict[str, Any]


@dataclass(frozen=True)
class Image:
    """What an image brings.

    Attributes:
        program: Command line of this machine for the container's command and arguments.
        environment: Variables that the image sets.
        folder: Working directory.
    """

    program: Callable[[list[str]], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")


@dataclass(frozen=True)
class Sandbox:
    """What the containers of a pod share: its folder, its address, where its volumes lie, the cluster's Secrets."""

    folder: Path
    address: str
    spec: Document
    volumes: Mapping[str, Path]
    secrets: Mapping[str, Mapping[str, str]]
    kubeconfig: Path | None
    """In the place of the service account's token; None where the pod does not mount it."""


class Container:
    """One container of a pod; it is started again as often as its pod says."""

    def __init__(self, manifest: Document, image: Image, sandbox: Sandbox) -> None:
        self.name: str = manifest["name"]
        self.manifest, self.image, self.sandbox = manifest, image, sandbox
        self.log = sandbox.folder / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.started_at = 0.0
        self.started = False
        """The startup probe has passed."""

    def start(self) -> None:
        """Start its process, in a group of its own."""
        self.started, self.started_at = False, time.monotonic()
        command = [*self.manifest.get("command", []), *self.manifest.get("args", [])]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                _without_capabilities() + self.image.program([self._local(one) for one in command]),
                cwd=self.image.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ended(self) -> int | None:
        """Exit status, 128 + signal where one ended it; None while it runs. What its process left behind is killed."""
        assert self.process is not None
        status = self.process.poll()
        if status is None:
            return None
        self.signal(signal.SIGKILL)  # as the end of a container's first process ends all others
        return status if status >= 0 else 128 - status

    def signal(self, number: signal.Signals) -> None:
        """Signal its first process; SIGKILL goes to all of them."""
        assert self.process is not None
        try:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            elif self.process.poll() is None:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass  # all of the group have ended

    def environment(self) -> dict[str, str]:
        """Exactly the image's and the manifest's variables; paths of mounts are those of their folders here."""
        given: dict[str, str] = {}
        for source in self.manifest.get("envFrom", []):
            given |= self.sandbox.secrets[source["secretRef"]["name"]]
        for entry in self.manifest.get("env", []):
            value = entry.get("value", "")
            if "valueFrom" in entry:
                reference = entry["valueFrom"]["secretKeyRef"]
                value = self.sandbox.secrets[reference["name"]][reference["key"]]
            for name, its in given.items():
                value = value.replace(f"$({name})", its)
            given[entry["name"]] = value
        mapped = {name: self._local(value) for name, value in given.items()}
        temporary = self._local("/tmp")
        here = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.image.environment}
        here |= {ADDRESS: self.sandbox.address} | ({"TMPDIR": temporary} if temporary != "/tmp" else {})
        return here | mapped | ({"KUBECONFIG": str(self.sandbox.kubeconfig)} if self.sandbox.kubeconfig else {})

    def _local(self, value: str) -> str:
        mounts = {mount["mountPath"].rstrip("/"): mount for mount in self.manifest.get("volumeMounts", [])}
        for path in sorted(mounts, key=len, reverse=True):
            if value == path or value.startswith(f"{path}/"):
                return f"{self.sandbox.volumes[mounts[path]['name']]}{value[len(path) :]}"
        for port in self._ports():
            value = value.replace(f"127.0.0.1:{port}", f"{self.sandbox.address}:{port}")
        return value

    def _ports(self) -> list[int]:
        servers = [*self.sandbox.spec.get("initContainers", []), *self.sandbox.spec["containers"]]
        return [port["containerPort"] for server in servers for port in server.get("ports", [])]


def _without_capabilities() -> list[str]:
    """As `capabilities: drop: [ALL]`: also root may then write only where file modes allow it."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"] if os.geteuid() == 0 else []
