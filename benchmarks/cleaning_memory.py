"""Peak memory of cleaning a lake partition, in a process of its own; prints one JSON line.

    python -m benchmarks.cleaning_memory fill CORPUS      the raw partition, into the lake of ENRICHMENT_HOME
    python -m benchmarks.cleaning_memory clean            cleans it: the peak, and what it was after a small partition

The small partition loads all that is loaded once: libraries, compiled kernels, thread pools.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import polars as pl

from benchmarks.cleaning_corpus import ALL_STEPS, DAY, frame, spec, texts
from benchmarks.process_memory import OwnPeak, memory_mb
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import Stage
from enrichment_platform.stages.cleaned import clean_partition
from enrichment_platform.stages.naming import table

SMALL, SMALL_ROWS = "2025-12-31", 1_000


def fill(corpus: Path) -> dict[str, float]:
    """Write the raw partition of the corpus, and a small one."""
    column = texts(corpus)
    rows = frame(column).with_columns(at=pl.lit(f"{DAY}T10:00:00Z"))
    small = rows.head(SMALL_ROWS).with_columns(partition_key=pl.lit(SMALL))
    lake, raw = Lake.from_environment(), table(spec(ALL_STEPS), Stage.RAW)
    lake.replace_partition(raw, SMALL, small)
    lake.replace_partition(raw, DAY, rows)
    return {"mb": float(column.str.len_bytes().cast(pl.Int64).sum()) / 1e6, "rows": rows.height}


def cleaned(*, duplicates: bool) -> dict[str, float]:
    """Clean the partition; memory in MiB, seconds of the wall clock with reading and writing the lake."""
    lake, declared = Lake.from_environment(), spec(ALL_STEPS, duplicates=duplicates)
    clean_partition(lake, declared, SMALL)
    baseline = memory_mb()["peak_mb"]
    began = time.perf_counter()
    with OwnPeak() as own:
        clean_partition(lake, declared, DAY)
    seconds = time.perf_counter() - began
    peak = memory_mb()["peak_mb"]
    return {"baseline_mb": baseline, "peak_mb": peak, "own_mb": own.mb, "seconds": seconds}


def main() -> None:
    """Fill or clean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["fill", "clean"])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--duplicates", action="store_true", help="compare the rows, too")
    options = parser.parse_args()
    print(json.dumps(fill(options.corpus) if options.action == "fill" else cleaned(duplicates=options.duplicates)))


if __name__ == "__main__":
    main()
