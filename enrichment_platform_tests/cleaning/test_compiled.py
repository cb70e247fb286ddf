"""Machine code is kept where that can be, is not needed where not, and belongs to the source it was made of."""

import os
import subprocess
import sys
from pathlib import Path

from enrichment_platform import cleaning
from enrichment_platform.cleaning.compiled import _sources

SCAN = """
import numba
import polars as pl
from enrichment_platform.cleaning.feature import features
print(features(pl.Series(["a<b"])))
"""


def scanned(cache: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCAN],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_machine_code_is_kept_and_used_again(tmp_path: Path) -> None:
    assert scanned(tmp_path) == "[8]\n"
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    version = _sources(Path(cleaning.__file__).parent)
    assert kept
    assert all(path.is_relative_to(tmp_path / version) for path in kept)  # though numba was imported before
    assert scanned(tmp_path) == "[8]\n"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept


def test_kernels_run_where_nothing_can_be_kept() -> None:
    assert scanned(Path("/proc/no-such-folder")) == "[8]\n"


def test_any_changed_source_has_machine_code_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("a.py", "inner/b.py"):
        (tmp_path / name).write_text("x = 1\n")
    first = _sources(tmp_path)
    assert _sources(tmp_path) == first
    (tmp_path / "inner/b.py").write_text("x = 22\n")
    assert _sources(tmp_path) != first
