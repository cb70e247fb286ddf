"""Settings of the step executor as the chart writes them; ENRICHMENT_STEP_EXECUTOR names the file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from enrichment_platform.errors import InputError

VARIABLE = "ENRICHMENT_STEP_EXECUTOR"


def step_executor_settings() -> dict[str, Any]:
    """Return the configuration of `k8s_job_executor`: what all step pods have before their profile comes on top.

    It replaces what the run launcher gives run pods (`merge_behavior: SHALLOW`); without it steps get their nodes,
    volumes and account from the launcher. Empty where the variable is not set.

    Raises:
        InputError: the file cannot be read.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return {}
    try:
        written = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{VARIABLE}: {path} cannot be read: {error}") from None
    if not isinstance(written, dict):
        raise InputError(f"{VARIABLE}: {path} has to hold a JSON object")
    return written
