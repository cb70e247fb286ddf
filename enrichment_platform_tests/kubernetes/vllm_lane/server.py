"""Starts `vllm serve` with the command and the variables of a pod profile, stops it, kills it, starts it again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

from enrichment_platform.kubernetes.vllm_server import serve_command, serve_environment
from enrichment_platform.pod_spec import VllmSpec

START_SECONDS = 600
KEY = "a key of this test"


def profile(model: Path, port: int) -> VllmSpec:
    """The server of `gpu-serve` with what a CPU needs: no graphs to capture, small blocks."""
    return VllmSpec(
        model=str(model),
        served_model_name="smollm2",
        max_model_len=2048,
        max_num_seqs=16,
        dtype="float32",
        port=port,
        start_seconds=START_SECONDS,
        extra_flags=["--enforce-eager", "--block-size", "32"],
        environment={"VLLM_CPU_KVCACHE_SPACE": "2", "KMP_BLOCKTIME": "0", "HF_HUB_OFFLINE": "1"},
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class VllmServer:
    """A server of its own process group.

    Args:
        environment: vLLM's virtual environment.
        vllm: What the pod profile says.
        log: File that its output goes to.
    """

    def __init__(self, environment: Path, vllm: VllmSpec, log: Path) -> None:
        self._environment, self._vllm, self.log = environment, vllm, log
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._vllm.port}/v1"

    def start(self) -> None:
        """Start it; it is not ready then."""
        program, *arguments = serve_command(self._vllm, gpus=0)
        variables = serve_environment(self._vllm) | {
            "PATH": f"{self._environment / 'bin'}:{os.environ['PATH']}",
            "VLLM_API_KEY": KEY,
            "HOME": str(self.log.parent),
            "HF_HOME": str(self.log.parent / "hf"),
            "VLLM_CACHE_ROOT": str(self.log.parent / "vllm"),
            "PYTHONPATH": str(self._environment / "as-vllm"),
            "LD_PRELOAD": ":".join(map(str, self._preloaded())),
        }
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(self._environment / "bin" / program), *arguments],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.starts += 1

    def await_ready(self) -> float:
        """Wait for /health; returns the seconds. Fails with the end of the log where it ends or never answers."""
        assert self._process is not None
        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS:
            if self._process.poll() is not None:
                break
            try:
                if requests.get(f"{self.url.removesuffix('/v1')}/health", timeout=5).ok:
                    return time.monotonic() - began
            except requests.RequestException:
                time.sleep(0.5)
        raise AssertionError(f"vLLM is not ready:\n{self.log.read_text(errors='replace')[-4000:]}")

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send the signal to the server and its workers and wait until they are gone."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        self._process.wait(60)
        self._process = None

    def _preloaded(self) -> list[Path]:
        found = [next(self._environment.rglob(name), None) for name in ("libiomp5.so", "libtcmalloc_minimal*.so*")]
        return [path for path in found if path is not None]
