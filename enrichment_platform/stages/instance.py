"""The local Dagster instance: its folder, its settings, and runs that a killed process left behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter
from dagster._core.instance.ref import InstanceRef
from filelock import FileLock, Timeout

from enrichment_platform.lake.location import home

SETTINGS = Path(__file__).parent.parent / "dagster.yaml"
# Capturing output starts helper processes, which Ctrl-C kills with a traceback each; the terminal has the output.
NO_COMPUTE_LOGS = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}
UNFINISHED = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
_held: dict[str, FileLock] = {}


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
        return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides=NO_COMPUTE_LOGS))


def hold_run(run_id: str) -> None:
    """Hold the run's file for as long as this process lives; the operating system lets go of it when it dies."""
    if run_id not in _held:
        lock = FileLock(_run_file(run_id))
        lock.acquire()
        _held[run_id] = lock


def release_run(run_id: str) -> None:
    """Let go of the run's file: the run has ended."""
    if run_id in _held:
        _held.pop(run_id).release()
        _run_file(run_id).unlink(missing_ok=True)


def end_orphaned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs whose process is gone as failed and free their pool slots; returns their ids.

    A killed process cannot do it, and Dagster's default launcher does not look after its processes; a slot that stays
    taken blocks every later run. Runs whose file is not here (another machine's) are left alone.
    """
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=UNFINISHED)):
        path = _run_file(run.run_id)
        if run.run_id in _held or not path.exists():
            continue
        try:
            with FileLock(path, timeout=0):
                instance.report_run_failed(
                    run, "the process of this run is gone; what it was answered is kept in the ledger"
                )
                instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
                ended.append(run.run_id)
        except Timeout:
            continue
    return ended


def slot_holders(instance: dg.DagsterInstance, pool: str) -> list[str]:
    """Ids of the runs that hold the slots of a concurrency pool, when none is free."""
    storage = instance.event_log_storage
    if pool not in storage.get_concurrency_keys():
        return []
    info = storage.get_concurrency_info(pool)
    return sorted({slot.run_id for slot in info.claimed_slots}) if info.active_slot_count >= info.slot_count else []


def _run_file(run_id: str) -> Path:
    folder = prepare_dagster_home() / "processes"
    folder.mkdir(exist_ok=True)
    return folder / f"{run_id}.lock"
