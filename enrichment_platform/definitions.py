"""The Dagster code location: loads defs/ and binds the executor."""

import os
from pathlib import Path

import dagster as dg
from dagster._config import process_config

from enrichment_platform.errors import InputError
from enrichment_platform.kubernetes.step_executor import VARIABLE, step_executor_settings
from enrichment_platform.stages.pods import on_kubernetes


@dg.definitions
def defs() -> dg.Definitions:
    """Everything under defs/. Locally a run is one process: its four steps depend on each other anyway."""
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(loaded, dg.Definitions(executor=_executor()))


def _executor() -> dg.ExecutorDefinition:
    """A process a run, or with ENRICHMENT_EXECUTOR=kubernetes a pod a step, as `pods` of the enrichment has it."""
    if not on_kubernetes():
        return dg.in_process_executor
    from enrichment_platform.stages.pod_executor import pod_executor

    settings = step_executor_settings()
    if not settings:
        return pod_executor
    checked = process_config(pod_executor.config_schema.config_type, settings)
    if not checked.success:
        wrong = "; ".join(error.message for error in checked.errors or [])
        raise InputError(f"{VARIABLE}: {os.environ[VARIABLE]}: {wrong}")
    return pod_executor.configured(settings)
