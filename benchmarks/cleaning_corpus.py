"""The corpus of the cleaning benchmark, and the specs that it is cleaned with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl

from enrichment_platform.spec import EnrichmentSpec

DAY = "2026-01-01"
TEXT_STEPS = (
    *("fix_mojibake", "html_to_text", "remove_invisible", "unicode_nfc", "strip_email", "collapse_whitespace"),
    *("mask_pii", "truncate_text"),
)
"""What is compared: the operations that change texts, in the order that docs recommend."""
ALL_STEPS = (*TEXT_STEPS[:6], "drop_blank", "quarantine_injection", "drop_repetition", "min_length", *TEXT_STEPS[6:])
"""The same with the filters: what a partition is cleaned with by default."""


def corpus(data: Path, folder: Path, megabytes: float) -> Path:
    """Return the corpus of that size, made by dirty_text/perf.py where the folder does not hold it yet."""
    made = folder / f"perf{megabytes:g}.jsonl"
    if not made.with_suffix(".jsonl.truth.json").exists():
        source = data / "dirty_text"
        command = [sys.executable, str(source / "perf.py"), str(source / "texts.jsonl"), str(made), f"{megabytes:g}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return made


def texts(path: Path, megabytes: float | None = None) -> pl.Series:
    """Return the String column of a corpus, its first `megabytes` of text only where given."""
    column = pl.read_ndjson(path, schema={"text": pl.String})["text"]
    if megabytes is None:
        return column
    rows = (column.str.len_bytes().cast(pl.Int64).cum_sum() <= megabytes * 1e6).sum()
    return column.head(max(1, int(rows))).rechunk()


def frame(column: pl.Series) -> pl.DataFrame:
    """Return the rows as `raw` has them: row_id, partition_key, text."""
    ids = pl.int_range(len(column), eager=True).cast(pl.String)
    return pl.DataFrame({"row_id": ids, "text": column}).with_columns(partition_key=pl.lit(DAY))


def spec(steps: tuple[str, ...], kinds: tuple[str, ...] | None = None, *, duplicates: bool = False) -> EnrichmentSpec:
    """Return an enrichment that cleans its column `text` on the CPU.

    Args:
        steps: Operations in order.
        kinds: What mask_pii masks; all when absent.
        duplicates: Whether rows are compared, too.
    """
    written = [{step: {"kinds": list(kinds)}} if step == "mask_pii" and kinds else step for step in steps]
    return EnrichmentSpec.model_validate(
        {
            "name": "bench",
            "source": {"path": "texts.csv", "key": "row_id", "timestamp": "at"},
            "partitions": {"start": DAY},
            "cleaning": {"engine": "cpu", "steps": written, "duplicates": duplicates or None},
            "prompt": {"columns": ["text"]},
            "output": [{"name": "topic", "type": "label", "labels": ["order", "other"]}],
        }
    )
