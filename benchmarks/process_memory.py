"""Resident memory of this process."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

_EVERY_S = 0.01
_FIELDS = (("rss_mb", "VmRSS"), ("peak_mb", "VmHWM"), ("own_mb", "RssAnon"))


def memory_mb() -> dict[str, float]:
    """Resident memory now and at most, and what of it is no file, MiB.

    Not `ru_maxrss`: that of a new process begins with its parent's. Pages of files that are mapped count as resident,
    but the kernel takes them back when memory runs short.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[key].split()[0]) / 1024 for name, key in _FIELDS}


class OwnPeak:
    """The most memory that was no file, looked at every 10 ms: the kernel keeps no such peak; a context manager."""

    def __init__(self) -> None:
        self.mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> OwnPeak:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.mb = max(self.mb, memory_mb()["own_mb"])
            if self._stop.wait(_EVERY_S):
                return
