"""What the check suite finds on real data sets, beside what teams use today; writes docs/detection-power.md.

    python benchmarks/silent_failures.py [--check] [--quick] [--data ../shared/data]

Every partition is simulated: real rows, days that vary as days do, a model that is right 92% of the time, and faults
where the provider answers. `--quick` does a tenth and writes nothing. `--check` exits with 1 where a bar falls short;
the last line says which.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.silent_failure_data import DATA_SETS
from benchmarks.silent_failure_decay import Decay, run_decay
from benchmarks.silent_failure_trials import LOST_IN_TABLE, Job, Said, Wanted, make_day, run_job, suite_on_day
from enrichment_platform.checks.faults import FAULTS, why_not

ONE_CORE = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Environment of the processes that measure: what they say of time is of one core."""

SHARES = (0.0005, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
SIZES = {200: (25, 5), 2_000: (20, 5), 20_000: (3, 9)}
"""Rows a day: enrichments a data set, clean days of each."""
BAR_FAULTS = ("majority_collapse", "row_swap", "label_permutation")
FAULT_WORLDS, ROW_FAULT_WORLDS = 8, 3  # a data set, at 2,000 rows: for classes that take many rows, or one
ROW_SHARES = (0.0005, 0.0005, 0.0005, 0.005, 0.05)  # one row in 2,000 is what decides there, so it is tried thrice
OTHER_SIZES = (0.005, 0.05, 0.2)
CONTIGUOUS = (0.01, 0.05)
DECAYS, STEADY = 12, 4  # enrichments a data set with labels, that decay and that do not
LABELLED = ("banking77", "complaints")


@dataclass
class Results:
    """Everything that was measured."""

    said: list[Said] = field(default_factory=list)
    decays: list[Decay] = field(default_factory=list)
    cost: tuple[float, float] = (0.0, 0.0)
    minutes: float = 0.0
    machine: str = ""
    quick: bool = False


def main() -> int:
    """Measure, print the bars, write the document; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a bar falls short")
    parser.add_argument("--quick", action="store_true", help="a tenth of it; no document")
    parser.add_argument("--data", default="../shared/data", help="folder of the data sets")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="file to keep what was measured in")
    parser.add_argument("--reuse", type=Path, help="such a file, instead of measuring")
    options = parser.parse_args()
    from benchmarks.silent_failure_bars import bars
    from benchmarks.silent_failure_document import write_document

    if options.reuse:
        results: Results = pickle.loads(options.reuse.read_bytes())
    else:
        data = str(Path(options.data).resolve())
        results = measured(data, options.processes, quick=options.quick, keep=options.keep)
    if options.keep:
        options.keep.write_bytes(pickle.dumps(results))
    if not results.quick:
        write_document(results, Path(__file__).resolve().parent.parent / "docs")
    kept = bars(results)
    for bar in kept:
        print(bar)
    short = [bar.name for bar in kept if not bar.holds]
    print("falls short: " + "; ".join(short) if short else "every bar is kept")
    return 1 if options.check and short else 0


def measured(data: str, processes: int, *, quick: bool, keep: Path | None = None) -> Results:
    """Run all jobs."""
    began = time.monotonic()
    results = Results(machine=machine(), quick=quick)
    os.environ.update(ONE_CORE)
    results.cost = suite_cost(data)
    todo: list[Job | tuple[str, int, bool]] = [
        (name, seed, decays)
        for decays, repeats in ((True, DECAYS), (False, STEADY))
        for seed in range(1 if quick else repeats)
        for name in LABELLED
    ]
    todo += jobs(data, 10 if quick else 1)
    random.Random(1).shuffle(todo)  # what there is after half of the time is half of each
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures: list[Future[list[Said] | Decay]] = [
            pool.submit(run_job, work) if isinstance(work, Job) else pool.submit(run_decay, data, *work)
            for work in todo
        ]
        for number, future in enumerate(as_completed(futures), 1):
            found = future.result()
            if isinstance(found, Decay):
                results.decays.append(found)
            else:
                results.said += found
            results.minutes = (time.monotonic() - began) / 60
            if number % 10 == 0:
                print(f"{number} of {len(futures)} jobs, {results.minutes:.1f} minutes", flush=True)
                if keep:
                    keep.write_bytes(pickle.dumps(results))
    return results


def suite_cost(data: str) -> tuple[float, float]:
    """CPU seconds and MB of a suite on 20,000 rows in a process of its own, which has trained no shadow yet."""
    with tempfile.TemporaryDirectory() as folder:
        for step in (make_day, suite_on_day):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                found = pool.submit(step, data, f"{folder}/day").result()
    return found


def jobs(data: str, divisor: int) -> Iterator[Job]:
    """Clean days of every size, and faults; each simulated enrichment is one job."""
    for name in DATA_SETS:
        spec = DATA_SETS[name](Path(data)).spec
        possible = [fault for fault in FAULTS if not why_not(fault, spec)]
        rowwise = [LOST_IN_TABLE, *(fault for fault in possible if FAULTS[fault].deterministic)]
        statistical = [fault for fault in possible if not FAULTS[fault].deterministic]
        on_bar = [fault for fault in BAR_FAULTS if fault in possible] if name in LABELLED else []
        for size, (worlds, clean) in SIZES.items():
            for number in range(max(1, worlds // divisor)):
                extra = scattered(on_bar, (0.05, 0.1)) if size == 2_000 else []
                yield Job(data, name, size, 1000 + number, clean, extra)
        for number in range(max(1, FAULT_WORLDS // divisor)):
            yield Job(data, name, 2_000, 2000 + number, 0, scattered(statistical, SHARES))
        for number in range(max(1, ROW_FAULT_WORLDS // divisor)):
            yield Job(data, name, 2_000, 3000 + number, 0, scattered(rowwise, ROW_SHARES))
            blocks: list[Wanted] = [(fault, share, "contiguous") for fault in possible for share in CONTIGUOUS]
            yield Job(data, name, 2_000, 4000 + number, 0, blocks)
            yield Job(data, name, 200, 5000 + number, 0, scattered([*rowwise, *statistical], OTHER_SIZES))
        if divisor == 1:
            yield Job(data, name, 20_000, 6000, 0, scattered(statistical, OTHER_SIZES[:2]))
            yield Job(data, name, 20_000, 7000, 0, scattered(rowwise, OTHER_SIZES[:1]))


def scattered(faults: list[str], shares: tuple[float, ...]) -> list[Wanted]:
    """Each fault at each share."""
    return [(fault, share, "scattered") for fault in faults for share in shares]


if __name__ == "__main__":
    sys.exit(main())
