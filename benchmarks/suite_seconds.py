"""CPU seconds and memory of the whole check suite on one partition, with controls, checks of one's own and a history.

    POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
        python -m benchmarks.suite_seconds [--rows 20000] [--texts long] [--quotes reworded] [--by-check] [--json]

Thirty earlier partitions, 5,000 published rows to learn from. Libraries are loaded before the clock starts; counting to
20 million in Python, before and after the suite, tells how fast the core is that it got. Short texts have about 130
characters, long ones 750; reworded quotes are in no text as they stand, so that each is looked for by edit distance.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from dataclasses import replace
from functools import partial

import polars as pl

from benchmarks.process_memory import memory_mb
from enrichment_platform.checks import check_names, run_suite
from enrichment_platform.checks.inputs import PartitionTables
from enrichment_platform.checks.suite import DETECTORS, ROW_CHECKS, TABLE_CHECKS
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform_tests.checks.full_partition import full_spec, full_tables

MORE = (
    " The courier said that it was handed over to a neighbour, but nobody here has seen it. I would like the money back"
    " or a new one, whichever is quicker; please also tell me why this took three weeks."
)


def counting_seconds() -> float:
    """CPU seconds of counting to 20 million; about 0.5, by estimate, where docs/detection-power.md is from."""
    started, total = time.process_time(), 0
    for number in range(20_000_000):
        total += number
    return time.process_time() - started


def measure(spec: EnrichmentSpec, tables: PartitionTables) -> dict[str, float]:
    """CPU seconds of the suite and of counting, and megabytes: at most, of the process, and before the suite ran."""
    for library in ("pandera.polars", "scipy.stats"):
        importlib.import_module(library)
    counting = counting_seconds()
    before, started = memory_mb()["peak_mb"], time.process_time()
    verdict = run_suite(spec, tables)
    seconds = time.process_time() - started
    counting = max(counting, counting_seconds())
    failed = sum(not result.passed for result in verdict.results)
    memory = {"peak_mb": memory_mb()["peak_mb"], "before_mb": before}
    return {"seconds": seconds, "counting_seconds": counting, "failed_checks": failed} | memory


def by_check(spec: EnrichmentSpec, tables: PartitionTables) -> dict[str, float]:
    """CPU seconds of each check that is no check of one's own, the slowest first."""
    definitions = {check.name: check for check in check_names(spec)}
    checks = {name: partial(check, definitions[name]) for name, check in TABLE_CHECKS.items()} | ROW_CHECKS | DETECTORS
    took = {}
    for name, check in checks.items():
        started = time.process_time()
        check(spec, tables)
        took[name] = time.process_time() - started
    return dict(sorted(took.items(), key=lambda pair: -pair[1]))


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=20_000)
    arguments.add_argument("--texts", choices=["short", "long"], default="short")
    arguments.add_argument("--quotes", choices=["verbatim", "reworded"], default="verbatim")
    arguments.add_argument("--by-check", action="store_true")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    spec = full_spec(reask_share=0.01, reorder_share=0.02, plant_share=0.005)
    padding = 3 * MORE if options.texts == "long" else ""
    tables = full_tables(spec, options.rows, days=30, published=5_000, padding=padding)
    if options.quotes == "reworded":
        reworded = tables.staged.with_columns(pl.col("^.*_evidence$").str.replace("e", "a"))
        tables = replace(tables, staged=reworded)
    figures = measure(spec, tables)
    if options.json:
        print(json.dumps(figures))
        return
    print(f"{options.rows:,} rows, {options.texts} texts, {options.quotes} quotes: {figures['seconds']:.2f} s of CPU,")
    print(f"{figures['seconds'] / figures['counting_seconds']:.1f} times as long as counting to 20 million;")
    print(f"{figures['peak_mb']:.0f} MB at most ({figures['before_mb']:.0f} before), {figures['failed_checks']} failed")
    if options.by_check:
        for name, seconds in by_check(spec, tables).items():
            print(f"  {name:24}{seconds:6.2f}")


if __name__ == "__main__":
    main()
