"""The suite is fast enough to run on every partition: CPU time and memory of a process with one thread.

A shared core is at times half as fast: five seconds are those of a core that counts to 20 million in 0.5.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ONE_THREAD = dict.fromkeys(["POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "1")


@pytest.mark.parametrize("quotes", ["verbatim", "reworded"])
def test_20000_rows_take_less_than_five_seconds_of_one_core_and_500_mb(quotes: str) -> None:
    command = [sys.executable, "-m", "benchmarks.suite_seconds", "--rows", "20000", "--quotes", quotes, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    print(f"20,000 rows, {quotes}: {figures['seconds']:.2f} s, {figures['peak_mb']:.0f} MB")
    assert figures["failed_checks"] == 0
    assert figures["seconds"] < 5 * max(1.0, figures["counting_seconds"] / 0.5)
    assert figures["peak_mb"] < 500
