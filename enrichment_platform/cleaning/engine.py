"""Which engine cleans: the CPU, or the GPU where one is visible and every step has a kernel for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from enrichment_platform.cleaning.plan import cpu_only_steps
from enrichment_platform.cleaning.text_column import HostText, TextColumn
from enrichment_platform.errors import InputError
from enrichment_platform.spec import EnrichmentSpec


@dataclass(frozen=True)
class Engine:
    """The engine of a run.

    Attributes:
        name: "cpu" or "gpu".
        device: The GPU's name; empty on the CPU.
        reason: Why it is this one, for people.
        open: Takes a String column to where its steps run.
        slice_bytes: Rows that go through all steps together, about: on the CPU, what its caches hold is faster than
            what they do not, and 8 to 16 MB were fastest; a GPU wants much at once.
    """

    name: str
    device: str
    reason: str
    open: Callable[[pl.Series], TextColumn]
    slice_bytes: int = 12_000_000


def choose_engine(spec: EnrichmentSpec) -> Engine:
    """Return the engine that `cleaning.engine` asks for.

    Raises:
        InputError: `gpu` is asked for, and no GPU is visible or a step has no kernel for it; a step is wrong.
    """
    wanted = spec.cleaning.engine
    if wanted == "cpu":
        return Engine("cpu", "", "cleaning.engine is cpu", HostText)
    lacking = cpu_only_steps(spec)
    if not spec.cleaning.steps:
        why = "no step to run on it"
    elif lacking:
        why = f"there is no GPU kernel for {', '.join(lacking)}"
    else:
        from enrichment_platform.cleaning.device_column import DeviceColumn
        from enrichment_platform.cleaning.gpu import gpu_visible, why_no_gpu

        device = gpu_visible()
        if device is not None:
            why = f"{device} is visible and every step has a kernel for it"
            return Engine("gpu", device, why, DeviceColumn, slice_bytes=256_000_000)
        why = why_no_gpu() or "no GPU is visible"
    if wanted == "gpu":
        raise InputError(
            f"enrichment {spec.name!r}: cleaning.engine is gpu, but {why}; run it on a machine with a GPU and"
            " the `cudf` extra, or allow the CPU with `engine: auto`"
        )
    return Engine("cpu", "", why, HostText)
