"""The vLLM server beside a step: waited for, watched while the step asks it, and told apart from a model that errs."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from enrichment_platform.errors import EndpointUnavailableError

START_VARIABLE = "ENRICHMENT_SIDECAR_START_SECONDS"
LOOK_SECONDS = 5.0
BACK_OFF_SECONDS = 300.0  # the longest that the kubelet waits before it starts a container again
_ANSWER_SECONDS = 5.0
_HITS, _QUERIES = "vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total"
_STARTED, _LOADED = "process_start_time_seconds", "vllm:prefix_cache_queries_created"
_RUNNING, _WAITING, _KV = "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"


@dataclass
class Seen:
    """What was seen of a server while it was watched.

    Attributes:
        load_seconds: From its start until its engine was there, as it says itself (Kubernetes starts the step after
            that); how long it was waited for where it does not say (several API processes).
        looks: How often it was looked at.
        down: Spells in which it did not answer, in seconds each.
        restarts: How often its process was another one.
        hits, queries: Prompt tokens found in the prefix cache, and looked up there.
        most_running, most_waiting: Requests.
        most_kv_cache: Share of the KV cache in use, 0 to 1.
    """

    load_seconds: float = 0.0
    looks: int = 0
    down: list[float] = field(default_factory=list)
    restarts: int = 0
    hits: float = 0.0
    queries: float = 0.0
    most_running: float = 0.0
    most_waiting: float = 0.0
    most_kv_cache: float = 0.0


class Sidecar:
    """A context manager that waits for the server, then looks at it every few seconds from a thread of its own.

    Args:
        base_url: Of its API, with or without /v1.
        start_seconds: How long it may take until it answers.
        look_seconds: Between two looks.
    """

    def __init__(self, base_url: str, start_seconds: float, look_seconds: float = LOOK_SECONDS) -> None:
        self._root = base_url.rstrip("/").removesuffix("/v1").rstrip("/")
        self._start_seconds, self._look_seconds = start_seconds, look_seconds
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment is for the outside world, not for this pod
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="vllm-sidecar", daemon=True)
        self._down_since: float | None = None
        self._last: tuple[float, float, float] | None = None  # hits, queries, start of its process, at the look before
        self.seen = Seen()

    @classmethod
    def of_environment(cls) -> Sidecar | None:
        """Return the one that the pod profile has put beside this process; None where there is none."""
        seconds, base_url = os.environ.get(START_VARIABLE), os.environ.get("ENRICHMENT_ENDPOINT")
        return cls(base_url, float(seconds)) if seconds and base_url else None

    def __enter__(self) -> Sidecar:
        """Wait until it answers.

        Raises:
            EndpointUnavailableError: it does not within `start_seconds`.
        """
        began = time.monotonic()
        while not self._healthy():
            waited = time.monotonic() - began
            if waited > self._start_seconds:
                raise EndpointUnavailableError(
                    f"the vLLM sidecar did not answer at {self._root}/health within {self._start_seconds:g} s"
                    " (vllm.start_seconds of the pod profile); `kubectl logs POD -c vllm` says why: a model that"
                    " does not fit into the GPU's memory, weights that cannot be fetched, no driver for the image"
                )
            time.sleep(min(1.0, self._look_seconds))
        self.seen.load_seconds = time.monotonic() - began
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_ANSWER_SECONDS + 1)
        self._session.close()

    @property
    def patience_s(self) -> float:
        """How long it may be away until it is given up: a crashed server waits, then loads again."""
        return self._start_seconds + BACK_OFF_SECONDS

    @property
    def figures(self) -> dict[str, Any]:
        """What was seen, for the asset's metadata."""
        seen = self.seen
        return {
            "sidecar_load_seconds": round(seen.load_seconds, 1),
            "sidecar_restarts": seen.restarts,
            "sidecar_down_seconds": round(sum(seen.down), 1),
            "sidecar_prefix_cache_hit_rate": round(seen.hits / seen.queries, 3) if seen.queries else None,
            "sidecar_most_running": int(seen.most_running),
            "sidecar_most_waiting": int(seen.most_waiting),
            "sidecar_most_kv_cache": round(seen.most_kv_cache, 3),
        }

    def explained(self, error: EndpointUnavailableError) -> EndpointUnavailableError:
        """Return the error with what is known of the server: gone, restarted on the way, or there and erring."""
        if not self._healthy():
            told = (
                "the vLLM sidecar is gone: it does not answer /health any more."
                " `kubectl logs POD -c vllm --previous` says why (out of memory is the usual reason)"
            )
        elif self.seen.restarts or self.seen.down:
            told = (
                f"the vLLM sidecar was down {max(1, len(self.seen.down))} time(s) on the way and answers /health again:"
                " a new run goes on from here"
            )
        else:
            told = "the vLLM sidecar answers /health: it is the model or a request that fails, not the server"
        return EndpointUnavailableError(f"{error} {told}")

    def _watch(self) -> None:
        while not self._stop.wait(self._look_seconds):
            self._look()
        self._look()
        self._up(time.monotonic())

    def _look(self) -> None:
        self.seen.looks += 1
        now = time.monotonic()
        try:
            answer = self._session.get(f"{self._root}/metrics", timeout=_ANSWER_SECONDS)
            answer.raise_for_status()
            values = _values(answer.text)
        except (requests.RequestException, ValueError):
            self._down_since = self._down_since if self._down_since is not None else now
            return
        self._up(now)
        if self._last is None and _LOADED in values and _STARTED in values:
            self.seen.load_seconds = values[_LOADED] - values[_STARTED]
        self._count(values.get(_HITS, 0.0), values.get(_QUERIES, 0.0), values.get(_STARTED, 0.0))
        self.seen.most_running = max(self.seen.most_running, values.get(_RUNNING, 0.0))
        self.seen.most_waiting = max(self.seen.most_waiting, values.get(_WAITING, 0.0))
        self.seen.most_kv_cache = max(self.seen.most_kv_cache, values.get(_KV, 0.0))

    def _up(self, now: float) -> None:
        if self._down_since is not None:
            self.seen.down.append(now - self._down_since)
            self._down_since = None

    def _count(self, hits: float, queries: float, started: float) -> None:
        """Add what came since the look before; counters that fell are those of a new process."""
        before = self._last
        self._last = (hits, queries, started)
        if before is None:
            return  # what others asked before us
        if started != before[2] or queries < before[1]:
            self.seen.restarts += 1
            before = (0.0, 0.0, started)
        self.seen.hits += hits - before[0]
        self.seen.queries += queries - before[1]

    def _healthy(self) -> bool:
        try:
            return self._session.get(f"{self._root}/health", timeout=_ANSWER_SECONDS).ok
        except requests.RequestException:
            return False


def _values(text: str) -> dict[str, float]:
    """Return samples by name: times the latest of all engines, everything else summed over them.

    Raises:
        ValueError: it is not Prometheus' text format.
    """
    values: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            before, value = values.get(sample.name, 0.0), float(sample.value)
            values[sample.name] = max(before, value) if sample.name == _LOADED else before + value
    return values
