"""Where the engine's metrics go: an HTTP port for Prometheus, or a file for node_exporter's textfile collector."""

from __future__ import annotations

import atexit
import errno
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from enrichment_platform.errors import InputError
from enrichment_platform.inference.metrics import EngineMetrics, MetricsStore, NoMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.core import Metric

logger = logging.getLogger("enrichment_platform.metrics")
WRITE_EVERY_S = 15.0  # Prometheus' usual scrape interval
_exporters: dict[int, Exporter] = {}
_starting = threading.Lock()


@dataclass(frozen=True)
class ExportSettings:
    """What `ENRICHMENT_METRICS_PORT`, `ENRICHMENT_METRICS_HOST` and `ENRICHMENT_METRICS_FILE` ask for."""

    port: int = 0
    host: str = "127.0.0.1"
    file: Path | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> ExportSettings:
        """The settings in these variables.

        Raises:
            InputError: the port is no port, the file's name is none that node_exporter reads.
        """
        port = environment.get("ENRICHMENT_METRICS_PORT", "").strip() or "0"
        if not (port.isascii() and port.isdigit() and int(port) < 65536):
            raise InputError(f"ENRICHMENT_METRICS_PORT is {port!r}; allowed are 1 to 65535, and 0 for no metrics")
        host = environment.get("ENRICHMENT_METRICS_HOST", "").strip() or cls.host
        file = environment.get("ENRICHMENT_METRICS_FILE", "").strip()
        if file and not file.endswith(".prom"):
            raise InputError(
                f"ENRICHMENT_METRICS_FILE is {file!r}; it has to end in .prom, node_exporter reads no other files"
            )
        return cls(int(port), host, Path(file).expanduser().absolute() if file else None)


def metrics_of(enrichment: str) -> NoMetrics:
    """What one run of an enrichment counts in; starts the export at the first call of a process, where one is set.

    Raises:
        InputError: the settings are wrong; see `ExportSettings.read` and `Exporter.start`.
    """
    settings = ExportSettings.read(os.environ)
    if not settings.port and not settings.file:
        return NoMetrics()
    with _starting:
        exporter = _exporters.get(os.getpid())  # by process: a fork has the object, but not its threads
        if exporter is None:
            exporter = Exporter(settings)
            exporter.start()
            _exporters[os.getpid()] = exporter
            atexit.register(exporter.close)
    return EngineMetrics(enrichment, exporter.store)


class Exporter:
    """Serves and writes the metrics of this process until it is closed."""

    def __init__(self, settings: ExportSettings) -> None:
        self.settings = settings
        self.store = MetricsStore()
        self.store.on_close = self.write
        self.file: Path | None = None
        self._server: WSGIServer | None = None
        self._lock: FileLock | None = None
        self._process: str = ""
        self._writing = threading.Lock()
        self._closed = threading.Event()

    def start(self) -> None:
        """Listen and begin to write. A port that is taken is a warning: metrics are not worth a run.

        Raises:
            InputError: this machine has no such address, or the file's folder cannot be written to.
        """
        if self.settings.port:
            self._listen(self.settings.host, self.settings.port)
        if self.settings.file:
            self._claim(self.settings.file)
            threading.Thread(target=self._write_now_and_then, name="metrics-file", daemon=True).start()

    def close(self) -> None:
        """Write the file a last time and stop listening."""
        if self._closed.is_set():
            return
        self._closed.set()
        self.write()
        if self._lock:
            self._lock.release()
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def write(self) -> None:
        """Replace the file by the metrics as they are now; a failure is a warning."""
        if self.file is None:
            return
        from prometheus_client import write_to_textfile

        try:
            with self._writing:
                write_to_textfile(str(self.file), self)
        except OSError as error:
            logger.warning("the metrics cannot be written to %s: %s", self.file, error.strerror or error)

    def collect(self) -> Iterator[Metric]:
        """The metrics, with the process as a label where several write files: node_exporter refuses equal series."""
        for metric in self.store.collect():
            if self._process:
                metric.samples = [s._replace(labels={**s.labels, "process": self._process}) for s in metric.samples]
            yield metric

    def _listen(self, host: str, port: int) -> None:
        from prometheus_client import CollectorRegistry, start_http_server

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self.store)
        try:
            self._server, _ = start_http_server(port, host, registry)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise InputError(
                    f"metrics cannot be served on {host}:{port}: {error.strerror or error};"
                    " see ENRICHMENT_METRICS_HOST and ENRICHMENT_METRICS_PORT"
                ) from error
            logger.warning("port %d is taken: this process serves no metrics (ENRICHMENT_METRICS_PORT)", port)

    def _claim(self, file: Path) -> None:
        """Take the file's name, or one with the process id where another process of this machine has it."""
        own = str(os.getpid())
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if "{pid}" in file.name:
                self._process, self.file = own, file.with_name(file.name.replace("{pid}", own))
                return
            lock = FileLock(file.with_name(f".{file.name}.lock"))
            try:
                lock.acquire(timeout=0)
                self._lock, self.file = lock, file
            except Timeout:
                self._process, self.file = own, file.with_name(f"{file.stem}.{own}.prom")
        except OSError as error:
            raise InputError(
                f"metrics cannot be written to {file}: {error.strerror or error}; see ENRICHMENT_METRICS_FILE"
            ) from error

    def _write_now_and_then(self) -> None:
        self.write()
        while not self._closed.wait(WRITE_EVERY_S):
            self.write()
