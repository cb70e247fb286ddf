"""Files of labelled rows, cleaned as production rows are: the examples that a model is shown, the golden rows."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from enrichment_platform.cleaning import clean
from enrichment_platform.errors import InputError
from enrichment_platform.inference.examples import NearestExamples, labelled, read_labelled
from enrichment_platform.inference.golden import SETTING, GoldenRow, golden_rows
from enrichment_platform.spec import ROW_COLUMNS, EnrichmentSpec


def nearest_examples(spec: EnrichmentSpec, root: Path) -> NearestExamples | None:
    """The labelled examples of an enrichment; None where it has none."""
    if spec.labelled_examples is None:
        return None
    path = spec.labelled_examples.path
    rows = _cleaned(read_labelled(_located(path, root), "labelled_examples.path"), spec)
    return NearestExamples(labelled(rows, spec, path), spec.prompt.columns, spec.labelled_examples.nearest)


def golden_set(spec: EnrichmentSpec, root: Path) -> list[GoldenRow]:
    """The golden rows of an enrichment; none where it names no file.

    Raises:
        InputError: see `golden_rows`; the file cannot be read, or lacks a column of the prompt.
    """
    if spec.checks.golden is None:
        return []
    path = spec.checks.golden.path
    given = read_labelled(_located(path, root), SETTING)
    missing = [column for column in spec.prompt.columns if column not in given.columns]
    if missing:
        raise InputError(f"{SETTING}: {path} lacks {', '.join(missing)}; it has {', '.join(given.columns)}")
    return golden_rows(given, _cleaned(given, spec), spec, path)


def _located(path: str, root: Path) -> str:
    return path if "://" in path else str(root / Path(path).expanduser())


def _cleaned(frame: pl.DataFrame, spec: EnrichmentSpec) -> pl.DataFrame:
    """The rows that cleaning leaves, `row_id` their number in the file; as given where a prompt column is missing."""
    numbered = (
        frame.drop(ROW_COLUMNS, strict=False)
        .with_row_index("row_id")
        .with_columns(pl.col("row_id").cast(pl.String), pl.lit("").alias("partition_key"))
    )
    absent = [column for column in spec.text_columns if column not in frame.columns]
    kept = numbered.with_columns(pl.lit("").alias(column) for column in absent if column not in spec.prompt.columns)
    return clean(kept, spec).rows if not set(absent) & set(spec.prompt.columns) else kept
