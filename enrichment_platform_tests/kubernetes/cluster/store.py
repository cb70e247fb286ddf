"""The objects of the cluster, with what the API promises about them: names, versions, selectors, statuses, deletion."""

from __future__ import annotations

import copy
import datetime
import itertools
import threading
import uuid
from typing import Any

from enrichment_platform_tests.kubernetes.cluster.admission import problems

Document = dict[str, Any]


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason


class Store:
    """Jobs, pods and events by namespace and name; every method is atomic and gives copies."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str, str], Document] = {}
        self._versions = itertools.count(1)
        self._lock = threading.RLock()
        self.refused: list[str] = []
        """Messages of the objects that were not taken."""

    def create(self, kind: str, namespace: str, document: Document) -> Document:
        """Add an object; Jobs are validated.

        Raises:
            RefusedError: 409 it is there, 422 it is not valid.
        """
        name = document["metadata"]["name"]
        if kind == "jobs" and (found := problems(document)):
            self.refused += found
            raise RefusedError(422, "Invalid", f"Job {name!r} is invalid: {'; '.join(found)}")
        with self._lock:
            if (kind, namespace, name) in self._objects:
                raise RefusedError(409, "AlreadyExists", f"{kind} {name!r} already exists")
            new = copy.deepcopy(document)
            new["metadata"] |= {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
            new["status"] = copy.deepcopy(document.get("status", {})) if kind != "jobs" else {}
            self._objects[kind, namespace, name] = self._changed(new)
            return copy.deepcopy(new)

    def get(self, kind: str, namespace: str, name: str) -> Document:
        """Raises RefusedError (404) where there is none."""
        with self._lock:
            return copy.deepcopy(self._found(kind, namespace, name))

    def list(self, kind: str, namespace: str | None = None, labels: str = "", fields: str = "") -> list[Document]:
        """Objects that the label and field selectors (`a=b,c!=d`) choose, oldest first."""
        with self._lock:
            every = [one for (k, n, _), one in self._objects.items() if k == kind and namespace in (None, n)]
            chosen = [one for one in every if _selects(labels, one["metadata"].get("labels", {}).get)]
            return copy.deepcopy([one for one in chosen if _selects(fields, lambda path, of=one: _at(of, path))])

    def patch_status(self, kind: str, document: Document, **changes: Any) -> None:
        """Change fields of the status, None removes one; nothing happens where the object has gone."""
        meta = document["metadata"]
        with self._lock:
            mine = self._objects.get((kind, meta["namespace"], meta["name"]))
            if mine is None or mine["metadata"]["uid"] != meta["uid"]:
                return
            mine["status"] = {k: v for k, v in {**mine["status"], **changes}.items() if v is not None}
            self._changed(mine)

    def bind(self, pod: Document, node: str) -> None:
        """Assign a pod to a node."""
        with self._lock:
            self._changed(self._found("pods", pod["metadata"]["namespace"], pod["metadata"]["name"]))["spec"][
                "nodeName"
            ] = node

    def delete(self, kind: str, namespace: str, name: str, propagation: str = "Orphan") -> Document:
        """Delete an object: a pod is only marked until its containers have ended, a Job takes its pods with it or not.

        Raises:
            RefusedError: 404.
        """
        with self._lock:
            gone = self._found(kind, namespace, name)
            if kind == "pods":
                grace = gone["spec"].get("terminationGracePeriodSeconds", 30) if "spec" in gone else 0
                gone["metadata"].setdefault("deletionTimestamp", now(grace))
                self._changed(gone)
            else:
                del self._objects[kind, namespace, name]
                for pod in self.list("pods", namespace, f"job-name={name}") if propagation != "Orphan" else []:
                    self.delete("pods", namespace, pod["metadata"]["name"])
            return copy.deepcopy(gone)

    def remove(self, pod: Document) -> None:
        """A deleted pod's containers have ended: it is gone."""
        with self._lock:
            self._objects.pop(("pods", pod["metadata"]["namespace"], pod["metadata"]["name"]), None)

    def event(self, about: Document, kind: str, reason: str, message: str, *, warning: bool = True) -> None:
        """Record an event; one that came before is counted again."""
        meta = about["metadata"]
        with self._lock:
            for (of, _, _), old in self._objects.items():
                if of == "events" and (old["involvedObject"]["uid"], old["reason"]) == (meta["uid"], reason):
                    old |= {"count": old["count"] + 1, "message": message, "lastTimestamp": now()}
                    return
            self.create(
                "events",
                meta["namespace"],
                {
                    "apiVersion": "v1",
                    "kind": "Event",
                    "metadata": {"name": f"{meta['name']}.{uuid.uuid4().hex[:16]}"},
                    "involvedObject": {"kind": kind, **{f: meta[f] for f in ("name", "namespace", "uid")}},
                    "reason": reason,
                    "message": message,
                    "type": "Warning" if warning else "Normal",
                    "count": 1,
                    "lastTimestamp": now(),
                },
            )

    def _found(self, kind: str, namespace: str, name: str) -> Document:
        if (kind, namespace, name) not in self._objects:
            raise RefusedError(404, "NotFound", f"{kind} {name!r} not found")
        return self._objects[kind, namespace, name]

    def _changed(self, document: Document) -> Document:
        document["metadata"]["resourceVersion"] = str(next(self._versions))
        return document


def now(later_seconds: float = 0) -> str:
    """As the API writes times."""
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=later_seconds)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def _selects(selector: str, value_of: Any) -> bool:
    for term in filter(None, selector.split(",")):
        name, different, wanted = term.partition("!=")
        if not different:
            name, _, wanted = term.replace("==", "=").partition("=")
        if (value_of(name) == wanted) == bool(different):
            return False
    return True


def _at(document: Document, path: str) -> Any:
    value: Any = document
    for part in path.split("."):
        value = value.get(part, {}) if isinstance(value, dict) else None
    return value
