"""The local Dagster instance: its folder, its settings, and runs that a killed process left behind."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter
from filelock import FileLock

from enrichment_platform.lake.location import home

SETTINGS = Path(__file__).parent.parent / "dagster.yaml"
PROCESS_TAG = "enrichment/process"
UNFINISHED = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def prepare_dagster_home() -> Path:
    """Set DAGSTER_HOME to `dagster/` under the home unless it is set, and give it our settings where it has none."""
    folder = Path(os.environ.setdefault("DAGSTER_HOME", str(home() / "dagster"))).expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        fresh = folder / f".dagster.yaml.{os.getpid()}"
        shutil.copyfile(SETTINGS, fresh)
        os.replace(fresh, folder / "dagster.yaml")
    return folder


def open_instance() -> dg.DagsterInstance:
    """The instance of DAGSTER_HOME; one process at a time: Dagster's SQLite fails when two create it."""
    folder = prepare_dagster_home()
    with FileLock(folder / ".create.lock"):
        return dg.DagsterInstance.get()


def this_process() -> str:
    """Identifies this process on this machine: host, pid and the time it started."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def end_orphaned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs whose `enrichment run` process is gone as failed and free their pool slots; returns their ids.

    A killed command cannot do it, no daemon may be running, and a slot that stays taken blocks every later run.
    """
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=UNFINISHED)):
        owner = run.tags.get(PROCESS_TAG)
        if owner is None or _alive(owner):
            continue
        instance.report_run_failed(run, "the process of this run is gone; what it was answered is kept in the ledger")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        ended.append(run.run_id)
    return ended


def _alive(owner: str) -> bool:
    host, pid, started = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return True  # nothing can be said about a process of another machine
    return _started(int(pid)) == started


def _started(pid: int) -> str:
    """Start time of a process as the kernel tells it, empty when there is none; a pid alone may be used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return _running_without_proc(pid)
    return stat.rsplit(")", 1)[1].split()[19]


def _running_without_proc(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "running"
