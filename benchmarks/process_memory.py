"""Resident memory of this process."""

from __future__ import annotations

from pathlib import Path


def memory_mb() -> dict[str, float]:
    """Resident memory now and at most, MiB. Not `ru_maxrss`: that of a new process begins with its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[key].split()[0]) / 1024 for name, key in (("rss_mb", "VmRSS"), ("peak_mb", "VmHWM"))}
