"""Whether a GPU can be used for cleaning, found out without starting CUDA in this process."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from functools import lru_cache

from enrichment_platform.cleaning.device_pattern import has_cudf

PROBE_TIMEOUT_S = 30.0  # a driver that has to load takes seconds; one that hangs must not hold a run up
_DRIVER = "libcuda.so.1"
_NONE_VISIBLE = (
    "",
    "-1",
    "none",
    "void",
    "nodevfiles",
)  # of CUDA_VISIBLE_DEVICES, or of containers' NVIDIA_VISIBLE_DEVICES

# In a process of its own: cuInit in this one would break the processes that are forked from it.
_PROBE = f"""
import ctypes
driver = ctypes.CDLL({_DRIVER!r})
device, count, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256)
if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value:
    if driver.cuDeviceGet(ctypes.byref(device), 0) == 0 and driver.cuDeviceGetName(name, 256, device) == 0:
        print(name.value.decode(errors="replace"))
"""


def gpu_visible() -> str | None:
    """Return the name of the first GPU that CUDA shows to this process and cuDF can use; None where there is none."""
    return None if why_no_gpu() else _device_name(_visible_devices())


def why_no_gpu() -> str | None:
    """Return why no GPU can be used, for people; None where one can be. Raises nothing."""
    visible = _visible_devices()
    if visible is not None and visible.split(",")[0].strip().lower() in _NONE_VISIBLE:
        return "CUDA_VISIBLE_DEVICES hides every GPU"
    if not _has_driver():
        return f"no NVIDIA driver ({_DRIVER}) is installed"
    if _device_name(visible) is None:
        return "the NVIDIA driver shows no GPU"
    if not has_cudf():
        return "cuDF is not installed (the `cudf` extra)"
    return None


def _visible_devices() -> str | None:
    return os.environ.get("CUDA_VISIBLE_DEVICES")


@lru_cache(maxsize=1)
def _has_driver() -> bool:
    try:
        ctypes.CDLL(_DRIVER)  # loads it, starts nothing
    except OSError:
        return False
    return True


@lru_cache(maxsize=4)
def _device_name(visible: str | None) -> str | None:  # noqa: ARG001 - the driver reads it; here it keys the cache
    """Ask the driver, once for each value of CUDA_VISIBLE_DEVICES."""
    try:
        done = subprocess.run(  # noqa: S603 - our own text, no input in it
            [sys.executable, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
