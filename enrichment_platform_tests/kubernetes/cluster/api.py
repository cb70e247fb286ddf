"""The Kubernetes API over HTTP, as far as dagster-k8s calls it: Jobs, pods, their logs and events."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from enrichment_platform_tests.kubernetes.cluster.store import RefusedError, Store

_PATH = re.compile(
    r"^/(?P<group>api/v1|apis/batch/v1)/namespaces/(?P<namespace>[^/]+)/(?P<kind>jobs|pods|events)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<part>status|log))?$"
)
_GROUPS = {
    "jobs": ("apis/batch/v1", "batch/v1", "Job"),
    "pods": ("api/v1", "v1", "Pod"),
    "events": ("api/v1", "v1", "Event"),
}
Logs = Callable[[str, str | None, int | None], str]


class Api:
    """The server; `outage` makes it unreachable: `503`, or `closed` for connections that are cut without an answer."""

    def __init__(self, store: Store, logs: Logs) -> None:
        self.store, self.logs = store, logs
        self.outage: str | None = None
        self.accounts: dict[str, str] = {}
        """Tokens and whose they are."""
        self.calls: set[tuple[str, str, str]] = set()
        """Account, verb and resource of all that was asked: what RBAC has to allow."""
        self.forbidden: set[tuple[str, str, str]] = set()
        """Account, verb and resource that RBAC does not allow."""
        self.allowed: set[tuple[str, str, str]] | None = None
        """All that RBAC allows; everything where it is None."""
        self.failed_calls = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="kubernetes-api")
        self._thread.start()

    def kubeconfig(self, path: Path, account: str) -> Path:
        """Write what a client of that account needs."""
        self.accounts[f"token-of-{account}"] = account
        context = {"cluster": "tests", "user": account, "namespace": "enrichment"}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [{"name": "tests", "cluster": {"server": self.url}}],
            "contexts": [{"name": "tests", "context": context}],
            "users": [{"name": account, "user": {"token": f"token-of-{account}"}}],
        }
        path.write_text(yaml.safe_dump(document))
        return path

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def do_GET(self) -> None:
        self._serve("get")

    def do_POST(self) -> None:
        self._serve("create")

    def do_DELETE(self) -> None:
        self._serve("delete")

    def log_message(self, *arguments: Any) -> None:
        pass

    def _serve(self, verb: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        outage = self.api.outage
        if outage == "closed":
            self.api.failed_calls += 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        try:
            if outage:
                self.api.failed_calls += 1
                raise RefusedError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
            answer = self._answer(verb, json.loads(body) if body else {})
            self._send(201 if verb == "create" else 200, answer)
        except RefusedError as error:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
            self._send(error.code, {**status, "message": str(error), "reason": error.reason, "code": error.code})

    def _answer(self, verb: str, body: dict[str, Any]) -> dict[str, Any] | str:
        account = self.api.accounts.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if account is None:
            raise RefusedError(401, "Unauthorized", "Unauthorized")
        url = urlsplit(self.path)
        match = _PATH.match(url.path)
        if match is None or _GROUPS[match["kind"]][0] != match["group"]:
            raise RefusedError(404, "NotFound", f"no such path {url.path}")
        store, kind, namespace, name, part = self.api.store, *match.group("kind", "namespace", "name", "part")
        verb = "list" if verb == "get" and name is None else verb
        call = (account, verb, f"{kind}/{part}" if part else kind)
        self.api.calls.add(call)
        if call in self.api.forbidden or (self.api.allowed is not None and call not in self.api.allowed):
            raise RefusedError(403, "Forbidden", f"{account} cannot {verb} {call[2]}")
        asked = {key: values[-1] for key, values in parse_qs(url.query).items()}
        if verb == "create" and name is None:
            return store.create(kind, namespace, body)
        if verb == "list":
            items = store.list(kind, namespace, asked.get("labelSelector", ""), asked.get("fieldSelector", ""))
            _, version, singular = _GROUPS[kind]
            return {"apiVersion": version, "kind": f"{singular}List", "metadata": {}, "items": items}
        if verb == "delete" and part is None:
            default = asked.get("propagationPolicy", "Orphan")
            return store.delete(kind, namespace, name, body.get("propagationPolicy") or default)
        if verb == "get" and part == "log":
            store.get(kind, namespace, name)
            lines = asked.get("tailLines")
            return self.api.logs(name, asked.get("container"), int(lines) if lines else None)
        if verb == "get":
            return store.get(kind, namespace, name)
        raise RefusedError(405, "MethodNotAllowed", f"{verb} {url.path} is not known here")

    def _send(self, code: int, answer: dict[str, Any] | str) -> None:
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
