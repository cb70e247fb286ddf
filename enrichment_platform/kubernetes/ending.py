"""Why the pod of a step ended, in words, from what the API still knows of its Job; may another do better?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DEADLINE, OUT_OF_MEMORY = "DeadlineExceeded", "OOMKilled"
NEVER_STARTS = frozenset(
    {"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}
)
"""Reasons for which a container waits that seldom go away by themselves."""
CRASHES = 3
"""How often a server ends while it starts until it is given up; one that was there before is waited for."""
_NODE_TOOK_IT = frozenset({"Evicted", "Preempting", "NodeLost", "NodeShutdown", "Shutdown", "Terminated"})
_KILLED = frozenset({137, 143})  # 128 + SIGKILL, 128 + SIGTERM
_OWN_LIMIT = "exceeds the"  # kubelet: 'Usage of EmptyDir volume "tmp" exceeds the limit "20Gi".'

Document = dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """How it came about.

    Attributes:
        text: One line for the run's events.
        taken_away: The pod was evicted, preempted, killed or deleted; the work may go on in another.
    """

    text: str
    taken_away: bool


def ending(job: Document | None, pods: list[Document], events: Iterable[Document]) -> Ending:
    """Tell the end of a step's pod.

    Args:
        job: Its Job, as JSON of the API; None where it is gone.
        pods: Those of the Job that are still there.
        events: Of the Job and of its pods, also of those that are gone.
    """
    events = list(events)
    said = dict(_conditions(job)) | dict(_statuses(pods))
    for event in events:
        if event.get("type") == "Warning":
            count = event.get("count") or 1
            message = f"{event.get('message') or ''}{f' ({count} times)' if count > 1 else ''}"
            said.setdefault(event.get("reason") or "Warning", message)
    told = "; ".join(f"{reason}: {message}" if message else reason for reason, message in said.items())
    text = ". ".join(part for part in (told or "nothing is known of its pod", ", ".join(_hints(said, events))) if part)
    final = DEADLINE in said or OUT_OF_MEMORY in said or _OWN_LIMIT in said.get("Evicted", "")
    return Ending(text, taken_away=not final and (not pods or any(map(_taken_away, pods))))


def is_ending(pod: Document, now: datetime | None = None) -> bool:
    """Whether a pod is told to stop and has its grace period left: what it has under way it may still finish."""
    until = pod["metadata"].get("deletionTimestamp")
    if until is None or pod.get("status", {}).get("phase") not in ("Pending", "Running"):
        return False
    return datetime.fromisoformat(until) > (now or datetime.now(UTC))


def why_it_waits(pods: Iterable[Document]) -> str:
    """What keeps a container of the pods from starting for good; empty where nothing does."""
    for pod in pods:
        mains = pod.get("status", {}).get("containerStatuses") or []
        not_begun = all("waiting" in (one.get("state") or {}) for one in mains)
        for container in _containers(pod):
            waiting = (container.get("state") or {}).get("waiting") or {}
            crashes = waiting.get("reason") == "CrashLoopBackOff" and not_begun
            if waiting.get("reason") in NEVER_STARTS or (crashes and container.get("restartCount", 0) >= CRASHES):
                told = f"{waiting['reason']}: container {container['name']}: {waiting.get('message') or ''}"
                return f"{told}. `kubectl logs POD -c {container['name']} --previous` says why" if crashes else told
    return ""


def _conditions(job: Document | None) -> Iterator[tuple[str, str]]:
    for condition in (job or {}).get("status", {}).get("conditions") or []:
        # From 1.31 on a Job whose pods are still ending has `FailureTarget` alone.
        if condition["type"] in ("Failed", "FailureTarget"):
            yield condition.get("reason") or "Failed", condition.get("message") or ""


def _statuses(pods: Iterable[Document]) -> Iterator[tuple[str, str]]:
    for pod in pods:
        status = pod.get("status", {})
        if status.get("reason"):
            yield status["reason"], status.get("message") or ""
        for container in _containers(pod):
            ended = (container.get("state") or {}).get("terminated") or {}
            if ended.get("exitCode"):
                yield ended.get("reason") or "Error", f"container {container['name']} exited with {ended['exitCode']}"


def _containers(pod: Document) -> list[Document]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _taken_away(pod: Document) -> bool:
    """The API says so, or a signal ended the step itself."""
    status = pod.get("status", {})
    disrupted = any(one["type"] == "DisruptionTarget" for one in status.get("conditions") or [])
    codes = {
        ((one.get("state") or {}).get("terminated") or {}).get("exitCode")
        for one in status.get("containerStatuses") or []
    }
    return disrupted or status.get("reason") in _NODE_TOOK_IT or bool(codes & _KILLED)


def _hints(said: Document, events: list[Document]) -> Iterator[str]:
    happened = {event.get("reason") for event in events}
    if DEADLINE in said and "Scheduled" not in happened and "FailedScheduling" in said:
        yield "no node takes the pod: look at its `node_selector`, `tolerations`, `gpus`, `cpu` and `memory`"
    elif DEADLINE in said and "Unhealthy" in said:
        yield "the server did not answer its probe: look at its log, `vllm.start_seconds` and `vllm.silent_seconds`"
    if OUT_OF_MEMORY in said:
        yield "`memory` of the pod, or of `vllm`, is too little"
    if _OWN_LIMIT in said.get("Evicted", ""):
        yield "`disk` of the pod, or the size of the model's cache, is too little"
