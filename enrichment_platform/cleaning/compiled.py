"""Compiles kernels with numba; the machine code is kept in the user's cache, where there is one that can be written.

Only kernel modules import this one, and they are imported by the functions that use them: numba takes half a second to
load, and most commands clean nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import platformdirs

Function = TypeVar("Function", bound=Callable[..., Any])


def _writable_cache() -> bool:
    """Point numba to a folder that can be written; its own choice is beside the source, read-only in an image."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_path("enrichment-platform") / "numba")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return os.access(folder, os.W_OK)


_CACHED = _writable_cache()

import numba  # noqa: E402 - reads NUMBA_CACHE_DIR when it is imported


def compiled(function: Function) -> Function:
    """Return the function as machine code that runs without the interpreter's lock; compiled at its first call."""
    jitted: Any = numba.njit(nogil=True, cache=_CACHED)(function)
    return cast(Function, jitted)
