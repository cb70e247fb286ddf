"""What each stage costs a row and how that grows, against writing the same rows to Delta with Polars alone.

    python benchmarks/stages.py [--check] [--rows 2000 20000]

The model is a fake provider in a process of its own that answers at once, so that `classified` shows our own cost.
`--check` exits with 1 when a stage costs more than twice as much a row at ten times the rows.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from deltalake import write_deltalake

from enrichment_platform.inference.pool import DEFAULT_POOL
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, PartitionWindow
from enrichment_platform.stages.classified import classify_partition
from enrichment_platform.stages.cleaned import clean_partition
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform.stages.raw import ingest
from enrichment_platform_tests.servers.openai_server import openai_server

GROWTH_BAR = 2.0
DAY = "2026-01-01"
WINDOW = PartitionWindow(DAY, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
WORDS = ["order", "parcel", "refund", "late", "broken", "please", "invoice", "account", "card", "login", "size", "shop"]


def spec(source: Path) -> EnrichmentSpec:
    """An enrichment with a label and the usual cleaning steps."""
    return EnrichmentSpec.model_validate(
        {
            "name": "bench",
            "source": {"path": str(source), "key": "id", "timestamp": "at"},
            "partitions": {"start": DAY},
            "cleaning": {"steps": ["fix_mojibake", "html_to_text", "mask_pii", "collapse_whitespace", "drop_blank"]},
            "prompt": {"columns": ["text"]},
            "output": [{"name": "topic", "type": "label", "labels": ["order", "money", "other"]}],
        }
    )


def measure(rows: int) -> dict[str, float]:
    """Milliseconds a row by stage, for one partition of `rows` rows of about 200 characters."""
    chance = random.Random(rows)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["ENRICHMENT_HOME"] = folder
        frame = pl.DataFrame(
            {
                "id": [str(i) for i in range(rows)],
                "at": [f"{DAY}T10:00:00"] * rows,
                "text": [f"{i} " + " ".join(chance.choices(WORDS, k=30)) for i in range(rows)],
            }
        )
        frame.write_csv(home / "rows.csv")
        one, lake = spec(home / "rows.csv"), Lake.from_environment()
        steps: dict[str, Callable[[], object]] = {
            "baseline": lambda: write_deltalake(
                str(home / "baseline"), pl.read_csv(home / "rows.csv", infer_schema=False).to_arrow()
            ),
            "raw": lambda: ingest(lake, one, WINDOW, home),
            "cleaned": lambda: clean_partition(lake, one, DAY),
            "classified": lambda: classify_partition(lake, one, DEFAULT_POOL, DAY, home, lambda _: None),
            "classified again": lambda: classify_partition(lake, one, DEFAULT_POOL, DAY, home, lambda _: None),
            "checks": lambda: check_partition(lake, one, DAY, home),
            "enriched": lambda: publish(lake, one, DAY),
        }
        took = {}
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            took[name] = (time.perf_counter() - started) * 1000 / rows
        return took


def main() -> int:
    """Print a table; returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--rows", nargs=2, type=int, default=[2000, 20000], metavar=("SMALL", "LARGE"))
    options = arguments.parse_args()
    small, large = options.rows
    with openai_server() as server:
        os.environ["ENRICHMENT_ENDPOINT"], os.environ["ENRICHMENT_MODEL"] = server.url, "fake"
        measure(200)  # imports and first connections
        few, many = measure(small), measure(large)
    print(f"{'stage':18}{'ms/row':>9}{'x baseline':>12}{'growth':>9}   ({small} -> {large} rows)")
    slow = []
    for name in many:
        growth = many[name] / few[name]
        print(f"{name:18}{many[name]:9.3f}{many[name] / many['baseline']:12.1f}{growth:9.2f}")
        if growth > GROWTH_BAR:
            slow.append(name)
    print("more than linear: " + ", ".join(slow) if slow else f"every stage is linear (growth <= {GROWTH_BAR})")
    return 1 if options.check and slow else 0


if __name__ == "__main__":
    sys.exit(main())
