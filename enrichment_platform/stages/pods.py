"""The pod of a stage, as a tag of its step: read by dagster-k8s, without effect elsewhere."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from enrichment_platform.errors import InputError, RunInterruptedError
from enrichment_platform.kubernetes import pod_config, profile_of
from enrichment_platform.kubernetes.pod_config import TAG
from enrichment_platform.spec import EnrichmentSpec

EXECUTOR = "ENRICHMENT_EXECUTOR"
LABELS = "enrichment-platform"
POD_RETRIES = 2
"""How often a step is started again in another pod after its own was taken away."""
POD_RETRY_SECONDS = 5
TOLD_TO_STOP = 143
"""Exit status of a step's pod that was told to stop: 128 + SIGTERM."""
_IN_A_STEP_POD = "DAGSTER_COMPRESSED_EXECUTE_STEP_ARGS"  # how dagster-k8s hands a step to its pod


def on_kubernetes() -> bool:
    """Whether each step is a pod (ENRICHMENT_EXECUTOR=kubernetes), and not a part of its run's process.

    Raises:
        InputError: the variable names neither.
    """
    named = os.environ.get(EXECUTOR) or "process"
    if named not in ("process", "kubernetes"):
        raise InputError(f"{EXECUTOR} is {named!r}; allowed are process and kubernetes")
    return named == "kubernetes"


def pod_tags(spec: EnrichmentSpec, stage: str) -> dict[str, Any]:
    """Return the op tags of a stage, or of the step that runs its `checks`.

    Raises:
        InputError: the profile is not there, or a field of it is wrong.
    """
    profile = profile_of(getattr(spec.pods, stage), f"enrichment {spec.name!r}: pods.{stage}")
    labels = {f"{LABELS}/enrichment": spec.name, f"{LABELS}/stage": stage}
    return {TAG: pod_config(profile, labels)}


@contextmanager
def left_to_the_executor() -> Iterator[None]:
    """A step's pod that is told to stop ends without a word to Dagster, once what it holds is written down.

    The executor sees the pod end, knows why (eviction, preemption, node drain; or its deadline, or a cancelled run) and
    starts the step again where that helps. A word of ours would come beside it: both would start a pod.
    """
    try:
        yield
    except (dg.DagsterExecutionInterruptedError, RunInterruptedError) as stopped:
        if not on_kubernetes() or _IN_A_STEP_POD not in os.environ:
            raise
        sys.stderr.write(f"the pod was told to stop: {stopped}\n")
        sys.stdout.flush()
        sys.stderr.flush()
        logging.shutdown()
        os._exit(TOLD_TO_STOP)
