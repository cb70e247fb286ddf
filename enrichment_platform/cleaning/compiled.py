"""Compiles kernels with numba; the machine code is kept in the user's cache, where there is one that can be written.

Only kernel modules import this one, and they are imported by the functions that use them: numba takes half a second to
load, and most commands clean nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import platformdirs

Function = TypeVar("Function", bound=Callable[..., Any])
_UNUSED_S = 30 * 86_400.0


def _sources(folder: Path) -> str:
    """Return 16 hex digits that change with any Python file in the folder.

    numba looks at a kernel's own file alone, and keeps the values of constants that it imports in its machine code.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        about = path.stat()
        digest.update(f"{path.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _writable_cache() -> bool:
    """Point numba to a folder that can be written; its own choice is beside the source, read-only in an image."""
    version = _sources(Path(__file__).parent)
    given = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(given) if given else platformdirs.user_cache_path("enrichment-platform") / "numba"
    if base.name == version:  # set by the process that started this one
        base = base.parent
    folder = base / version
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        for other in base.iterdir():
            if other.is_dir() and len(other.name) == 16 and time.time() - other.stat().st_mtime > _UNUSED_S:
                shutil.rmtree(other, ignore_errors=True)  # of a version that is gone; another process may do the same
    except OSError:
        return False
    # numba reads the variable again now and then; the setting counts where somebody imported it before.
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    vars(numba.config)["CACHE_DIR"] = str(folder)
    return os.access(folder, os.W_OK)


_CACHED = _writable_cache()


def compiled(function: Function) -> Function:
    """Return the function as machine code that runs without the interpreter's lock; compiled at its first call."""
    jitted: Any = numba.njit(nogil=True, cache=_CACHED)(function)
    return cast(Function, jitted)
