"""What an API server says to a Job: the schemas of the oldest and the newest release, and what no schema holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import kubernetes_validate

RELEASES = ("1.30", "1.36")
Document = dict[str, Any]


def problems(job: Document) -> list[str]:
    """Why the Job is refused; empty where it is taken."""
    found = []
    for release in RELEASES:
        try:
            kubernetes_validate.validate(job, release, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{release}: {'.'.join(map(str, error.path))}: {error.message}")
    return found or [*_semantics(job["spec"]), *_restricted(job["spec"]["template"]["spec"])]


def _semantics(spec: Document) -> Iterator[str]:
    pod = spec["template"]["spec"]
    if pod.get("restartPolicy") not in ("Never", "OnFailure"):
        yield f"spec.template.spec.restartPolicy: {pod.get('restartPolicy')!r}: a Job takes Never and OnFailure"
    volumes = [volume["name"] for volume in pod.get("volumes", [])]
    yield from _twice("spec.template.spec.volumes", volumes)
    yield from _twice("containers", [container["name"] for container in containers(pod)])
    for container in containers(pod):
        where = f"container {container['name']}"
        mounts = container.get("volumeMounts", [])
        yield from _twice(f"{where}: volumeMounts.mountPath", [mount["mountPath"] for mount in mounts])
        yield from (f"{where}: no volume {m['name']!r}" for m in mounts if m["name"] not in volumes)
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits", {}), resources.get("requests", {})
        for name in {*limits, *requests}:
            if "/" in name and limits.get(name) != requests.get(name, limits.get(name)):
                yield f"{where}: {name}: limit and request have to be the same"
    for container in pod.get("initContainers", []):
        if container.get("restartPolicy", "Always") != "Always":
            yield f"container {container['name']}: restartPolicy of an init container is Always or absent"


def _restricted(pod: Document) -> Iterator[str]:
    """The restricted Pod Security Standard."""
    whole = pod.get("securityContext", {})
    for container in containers(pod):
        own = {**whole, **container.get("securityContext", {})}
        refused = {
            "runAsNonRoot": own.get("runAsNonRoot") is not True or own.get("runAsUser") == 0,
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is not False,
            "capabilities": "ALL" not in own.get("capabilities", {}).get("drop", []),
            "seccompProfile": own.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"),
        }
        wrong = [name for name, is_wrong in refused.items() if is_wrong]
        if wrong:
            yield f'violates PodSecurity "restricted": container {container["name"]}: {", ".join(wrong)}'


def containers(pod: Document) -> list[Document]:
    """Init containers and containers of a pod's spec."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def _twice(where: str, names: Iterable[str]) -> Iterator[str]:
    yield from (f"{where}: Duplicate value: {name!r}" for name, count in Counter(names).items() if count > 1)
