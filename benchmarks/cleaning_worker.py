"""One tool of benchmarks/cleaning.py in a process of its own; prints what it measured as one JSON line.

    python -m benchmarks.cleaning_worker TOOL CORPUS [--megabytes N] [--keep OUT.parquet]

What is timed begins and ends with the tool's own column in memory. A small piece is cleaned before, so that imports,
compiled patterns and compiled kernels are there. Seconds are the process's CPU seconds: on one core and with one thread
they are those of an idle machine, whoever else is at work on this one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import cleaning_baselines as baselines
from benchmarks.cleaning_corpus import ALL_STEPS, TEXT_STEPS, frame, spec, texts
from enrichment_platform.cleaning import clean
from enrichment_platform.cleaning.engine import choose_engine
from enrichment_platform.cleaning.plan import planned_steps

COPIED_BYTES = 512 * 2**20
COPIES = 5
WARM_UP_ROWS = 500
REPETITIONS = 3


def ours(column: pl.Series) -> baselines.Prepared:
    """The platform: `clean` on a frame with the column."""
    rows, declared = frame(column), spec(TEXT_STEPS)
    return lambda: clean(rows, declared).rows, lambda cleaned: _in_order(cleaned, len(column))


def ours_email_ip(column: pl.Series) -> baselines.Prepared:
    """The platform, masking only what datatrove masks: to compare texts with."""
    rows, declared = frame(column), spec(TEXT_STEPS, ("email", "ip"))
    return lambda: clean(rows, declared).rows, lambda cleaned: _in_order(cleaned, len(column))


def _in_order(cleaned: pl.DataFrame, height: int) -> list[str]:
    """Return the texts by row, "" for those that were removed for having none."""
    every = pl.DataFrame({"row_id": pl.int_range(height, eager=True).cast(pl.String)})
    return every.join(cleaned, on="row_id", how="left", maintain_order="left")["text"].fill_null("").to_list()


TOOLS: dict[str, Callable[[pl.Series], baselines.Prepared]] = {
    "ours": ours,
    "ours-email-ip": ours_email_ip,
    "pandas": baselines.in_pandas,
    "DuckDB": baselines.in_duckdb,
    "datatrove": baselines.in_datatrove,
}


def measured(tool: str, column: pl.Series, keep: Path | None) -> dict[str, Any]:
    """Run a tool once over the column."""
    warm_up, _ = TOOLS[tool](column.head(WARM_UP_ROWS))
    warm_up()
    run, read = TOOLS[tool](column)
    wall, began = time.perf_counter(), time.process_time()
    result = run()
    seconds = time.process_time() - began
    wall = time.perf_counter() - wall
    if keep:
        pl.DataFrame({"text": read(result)}, schema={"text": pl.String}).write_parquet(keep)
    return {"seconds": seconds, "wall_s": wall, "mb": _mb(column), "rows": len(column)}


def by_operation(column: pl.Series) -> dict[str, Any]:
    """Seconds of each step in its place, filters too; the first step's hold the search for what each text contains."""
    declared = spec(ALL_STEPS)
    engine, planned = choose_engine(declared), planned_steps(declared)
    times, changed = defaultdict[str, list[float]](list), dict[str, int]()
    for part in (column.head(WARM_UP_ROWS), *[column] * REPETITIONS):
        text = engine.open(part)
        for step in planned:
            began = time.process_time()
            if step.operation.kind == "transform":
                rows = int(text.transform(step).sum())
            else:
                rows = len(part) - text.details(step).null_count()
            seconds = time.process_time() - began
            times[step.operation.name].append(seconds)
            changed[step.operation.name] = rows
    # the first time is that of the small part
    steps = {name: {"seconds": min(times[name][1:]), "rows": changed[name]} for name in times}
    whole = sum(step["seconds"] for step in steps.values())
    return {"steps": steps, "seconds": whole, "mb": _mb(column), "rows": len(column)}


def memcpy() -> dict[str, Any]:
    """Copy a buffer far larger than the cache, into one that was written before; and into new memory, which the system
    has to provide. Bytes copied, not read plus written."""
    source = np.ones(COPIED_BYTES, np.uint8)
    target = np.zeros_like(source)
    warm, fresh = float("inf"), float("inf")
    for _ in range(COPIES):
        began = time.process_time()
        np.copyto(target, source)
        warm = min(warm, time.process_time() - began)
        began = time.process_time()
        copied = source.copy()
        fresh = min(fresh, time.process_time() - began)
        del copied
    mb = COPIED_BYTES / 1e6
    return {"seconds": warm, "wall_s": warm, "mb": mb, "rows": 0, "fresh_mb_per_s": mb / fresh}


def _mb(column: pl.Series) -> float:
    return float(column.str.len_bytes().cast(pl.Int64).sum()) / 1e6


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=[*TOOLS, "operations", "memcpy"])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--megabytes", type=float, help="of the corpus' beginning; all of it by default")
    parser.add_argument("--keep", type=Path, help="where to write the cleaned texts")
    options = parser.parse_args()
    if options.tool == "memcpy":
        told = memcpy()
    else:
        column = texts(options.corpus, options.megabytes)
        told = by_operation(column) if options.tool == "operations" else measured(options.tool, column, options.keep)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
