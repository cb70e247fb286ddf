"""What cleaning costs next to memcpy, pandas, DuckDB and datatrove on the same texts, and how time and memory grow.

    python benchmarks/cleaning.py [--check] [--megabytes 50 500] [--corpus DIR] [--only text memory duplicates]
                                  [--json] [--keep FILE] [--reuse FILE] [--document]

The corpus is made by ../shared/data/dirty_text/perf.py. Every tool runs in a process of its own on the same core,
with one thread; runs are interleaved, the best of three counts. The tools that take minutes get the first megabytes of
the corpus (--sample). What they write is compared with what the platform writes. `--document` writes the tables into
docs/cleaning.md. `--check` exits with 1 where a bar falls short; the last line says which.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.bar import Bar
from benchmarks.cleaning_baselines import NOTES
from benchmarks.cleaning_corpus import corpus
from benchmarks.cleaning_tables import tables, write_document
from benchmarks.machine import machine

ROOT = Path(__file__).resolve().parents[1]
REPETITIONS = 3
ONE_THREAD = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)
PARTS = ("text", "memory", "duplicates")
MEMORY = {"steps": (), "steps and near duplicates": ("--duplicates",)}
TEN_GB_MB, TWO_GIB_MB = 10_000.0, 2_048.0
SAME_TEXTS = {"pandas": 0.99, "DuckDB": 0.99, "datatrove": 0.99}
"""Least share of rows that a tool has to clean to the same characters as the platform: else it did other work."""

Results = dict[str, Any]


def child(module: str, *arguments: object, core: int | None = None, home: Path | None = None) -> dict[str, Any]:
    """Run a module of benchmarks and return its JSON; on that core with one thread where one is named."""
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    command = [*pinned, sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    environment = {**os.environ, **(ONE_THREAD if core is not None else {})}
    if home is not None:
        environment |= {"ENRICHMENT_HOME": str(home), "ENRICHMENT_LAKE": str(home / "lake")}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{module.removeprefix('cleaning_')} {' '.join(map(str, arguments))}", file=sys.stderr, flush=True)
    return told


def text_operations(paths: dict[str, Path], sample_mb: float, tools: list[str], core: int) -> Results:
    """Speed of every tool, ours by operation and by size, and how many rows come out alike."""
    first = next(iter(paths.values()))
    runs: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        kept = {tool: Path(folder, f"{tool}.parquet") for tool in ("ours", "ours-email-ip", *tools)}
        for repetition in range(REPETITIONS):
            runs.setdefault("memcpy", []).append(child("cleaning_worker", "memcpy", first, core=core))
            for size, path in paths.items():
                runs.setdefault(f"ours {size}", []).append(child("cleaning_worker", "ours", path, core=core))
            for tool in tools:
                keep = ("--keep", kept[tool]) if repetition == 0 else ()
                told = child("cleaning_worker", tool, first, "--megabytes", sample_mb, *keep, core=core)
                runs.setdefault(tool, []).append(told)
        for tool in ("ours", "ours-email-ip"):
            child("cleaning_worker", tool, first, "--megabytes", sample_mb, "--keep", kept[tool], core=core)
        alike = {tool: _alike(kept[tool], kept["ours-email-ip" if tool == "datatrove" else "ours"]) for tool in tools}
    operations = child("cleaning_worker", "operations", first, core=core)
    return {"runs": {name: _best(of) for name, of in runs.items()}, "alike": alike, "operations": operations}


def _best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    best = min(runs, key=lambda run: float(run["seconds"]))
    rates = [run["mb"] / run["seconds"] for run in runs]
    share = max(run["seconds"] / run["wall_s"] for run in runs)
    return {**best, "mb_per_s": max(rates), "mb_per_s_worst": min(rates), "core_share": share}


def _alike(theirs: Path, ours: Path) -> dict[str, float]:
    """Share of rows with the same text, to the character and but for white space."""
    texts = pl.DataFrame({"ours": pl.read_parquet(ours)["text"], "theirs": pl.read_parquet(theirs)["text"]})
    spaceless = [pl.col(name).str.replace_all(r"\s+", "") for name in ("ours", "theirs")]
    same = texts.select(same=pl.col("ours") == pl.col("theirs"), spaceless=spaceless[0] == spaceless[1]).mean()
    return {name: float(same[name][0]) for name in ("same", "spaceless")}


def memory(paths: dict[str, Path]) -> Results:
    """Peak memory and wall time of a partition of each size, with as many threads as the machine gives."""
    found: Results = {}
    for size, path in paths.items():
        with tempfile.TemporaryDirectory() as folder:
            filled = child("cleaning_memory", "fill", path, home=Path(folder))
            for name, arguments in MEMORY.items():
                told = child("cleaning_memory", "clean", *arguments, home=Path(folder))
                found.setdefault(name, {})[size] = {**filled, **told}
    return found


def near_duplicates(path: Path, core: int) -> Results | None:
    """What benchmarks/cleaning_duplicates.py measures."""
    return child("cleaning_duplicates", path, "--json", core=core)


def bars(results: Results) -> list[Bar]:
    """Every promise about what was measured."""
    kept = [Bar(f"{part}: was measured", None, 1.0, True) for part in PARTS[:2] if not results.get(part, True)]
    if text := results.get("text"):
        runs, first = text["runs"], f"ours {results['sizes'][0]}"
        rate = runs[first]["mb_per_s"]
        for tool, least in (("pandas", 6.0), ("datatrove", 10.0)):
            ratio = rate / runs[tool]["mb_per_s"] if tool in runs else None
            kept.append(Bar(f"text operations: x {tool}", ratio, least, True))
        # A copy into new memory, which is what cleaning makes, too; FACTS.md's 9.8 GB/s are of such a one.
        share = rate / runs["memcpy"]["fresh_mb_per_s"]
        warm = runs["memcpy"]["mb_per_s"] / rate
        told = f"(1/{1 / share:.0f}; 1/{warm:.0f} of a copy into memory that was written before)"
        kept.append(Bar("text operations: 150 x share of memcpy into new memory", share * 150, 1.0, True, told))
        for tool, least in SAME_TEXTS.items():
            alike = text["alike"].get(tool, {}).get("same")
            kept.append(Bar(f"same work: share of rows that {tool} cleans alike", alike, least, True))
        for size in results["sizes"][1:]:
            grown = rate / runs[f"ours {size}"]["mb_per_s"]
            kept.append(Bar(f"growth: time a MB at {size} MB, x that at {results['sizes'][0]} MB", grown, 1.3, False))
    if results.get("memory") and len(results["sizes"]) > 1:
        for name, sizes in results["memory"].items():
            small, large = sizes[results["sizes"][0]], sizes[results["sizes"][-1]]
            slope = max(0.0, large["own_mb"] - small["own_mb"]) / (large["mb"] - small["mb"])
            at_ten_gb = large["own_mb"] + slope * (TEN_GB_MB - large["mb"])
            kept.append(Bar(f"memory, {name}: MiB at 10 GB, by the two sizes", at_ten_gb, TWO_GIB_MB, False))
    if "duplicates" in results:
        ratio = (results["duplicates"] or {}).get("ratio to datasketch (update_batch), from texts")
        kept.append(Bar("near duplicates: x datasketch, from texts", ratio, 30.0, True))
    return kept


def measured(options: argparse.Namespace, folder: Path) -> Results:
    """Run what is asked for."""
    sizes = [f"{size:g}" for size in options.megabytes]
    paths = {size: corpus(options.data.resolve(), folder, float(size)) for size in sizes}
    core = max(os.sched_getaffinity(0))
    results: Results = {"machine": machine(), "sizes": sizes, "sample_mb": options.sample, "repetitions": REPETITIONS}
    tools = [tool for tool in NOTES if importlib.util.find_spec(tool.lower()) is not None]
    if missing := sorted(set(NOTES) - set(tools)):
        print(f"left out, not installed: pip install {' '.join(missing).lower()}", file=sys.stderr)
    parts: dict[str, Callable[[], Results | None]] = {
        "text": lambda: text_operations(paths, options.sample, tools, core),
        "memory": lambda: memory(paths),
        "duplicates": lambda: near_duplicates(paths[sizes[0]], core),
    }
    for part in options.only:
        try:
            results[part] = parts[part]()
        except subprocess.CalledProcessError as error:
            print(f"{part}: not measured, {error.cmd[-3:]} failed", file=sys.stderr)
            results[part] = None
    return results


def main() -> int:
    """Measure, print tables and bars; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a bar falls short")
    parser.add_argument("--megabytes", nargs="+", type=float, default=[50.0], help="sizes of the corpus")
    parser.add_argument("--sample", type=float, default=8.0, help="megabytes that pandas, DuckDB and datatrove get")
    parser.add_argument("--corpus", type=Path, help="folder that keeps the corpora; made anew without it")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--keep", type=Path, help="file to keep what was measured in")
    parser.add_argument("--reuse", type=Path, help="such a file, instead of measuring")
    parser.add_argument("--document", action="store_true", help="write the tables into docs/cleaning.md")
    options = parser.parse_args()
    if options.reuse:
        results: Results = json.loads(options.reuse.read_text())
    else:
        with tempfile.TemporaryDirectory() as folder:
            results = measured(options, (options.corpus or Path(folder)).resolve())
    if options.keep:
        options.keep.write_text(json.dumps(results, indent=1))
    kept = bars(results)
    if options.document:
        write_document(results, kept, ROOT / "docs" / "cleaning.md")
    if options.json:
        print(json.dumps(results))
    else:
        print(tables(results))
    for bar in kept:
        print(bar, file=sys.stderr if options.json else sys.stdout)
    short = [bar.name for bar in kept if not bar.holds]
    last = "falls short: " + "; ".join(short) if short else "every bar is reached"
    if len(results["sizes"]) == 1:
        last += " (one size: growth of time and memory not judged)"
    print(last, file=sys.stderr if options.json else sys.stdout)
    return 1 if options.check and short else 0


if __name__ == "__main__":
    sys.exit(main())
