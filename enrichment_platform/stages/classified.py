"""Classified: every cleaned row and the model's answer to it, good or not; the staged version of a partition."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from enrichment_platform.cleaning import clean, cleaning_version
from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.answer_schema import output_types, read_answer
from enrichment_platform.inference.dispatcher import OK, Dispatcher, RowAnswer
from enrichment_platform.inference.examples import NearestExamples, labelled, read_examples
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pool import ModelPoolSpec, open_endpoints, resolve_pool
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.task import Task
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import ANSWER_COLUMNS, ROW_COLUMNS, EnrichmentSpec, OutputField, Stage, output_columns
from enrichment_platform.stages.asset import Lineage, announce, stage_asset
from enrichment_platform.stages.naming import model_pool, table
from enrichment_platform.stages.outcome import StageOutcome

_ANSWER_TYPES: dict[str, Any] = {
    **dict.fromkeys(ANSWER_COLUMNS, pl.String),
    **dict.fromkeys(("attempts", "input_tokens", "cached_tokens", "output_tokens"), pl.Int64),
    **dict.fromkeys(("cost_usd", "latency_ms"), pl.Float64),
}
_SPENT = ("attempts", "input_tokens", "cached_tokens", "output_tokens", "cost_usd", "latency_ms")
PROGRESS_EVERY_S = 5.0


def classified_asset(spec: EnrichmentSpec, pool: ModelPoolSpec, root: Path) -> dg.AssetsDefinition:
    """The classified asset, answered by `pool`."""

    def work(context: dg.AssetExecutionContext, key: str) -> StageOutcome:
        shown = [time.monotonic()]

        def show(progress: Progress) -> None:
            if time.monotonic() - shown[0] >= PROGRESS_EVERY_S:
                shown[0] = time.monotonic()
                announce(context, f"{spec.name} {key} classified: {progress.line()}")

        return classify_partition(Lake.from_environment(), spec, pool, key, root, show)

    def lineage(_: pl.DataFrame) -> Lineage:
        sources = [(Stage.CLEANED, column) for column in spec.prompt.columns]
        return {"row_id": [(Stage.CLEANED, "row_id")]} | {
            column: sources for field in spec.output for column in output_columns(field)
        }

    return stage_asset(
        spec,
        Stage.CLASSIFIED,
        work,
        description=f"The answer of model pool `{pool.name}` to every cleaned row, staged until its checks pass.",
        kinds={"deltalake", "llm"},
        upstream=Stage.CLEANED,
        pool=model_pool(pool.name),
        lineage=lineage,
    )


def classify_partition(
    lake: Lake,
    spec: EnrichmentSpec,
    pool: ModelPoolSpec,
    partition_key: str,
    root: Path,
    on_progress: Callable[[Progress], None],
) -> StageOutcome:
    """Ask the model for every cleaned row that the ledger has no answer to, and replace the staged partition.

    Raises:
        EnrichmentError: a column of the prompt is missing.
        EndpointUnavailableError: no endpoint answers; the answers so far are in the ledger.
        DataClassError: no endpoint of the pool may see the rows.
    """
    cleaned = lake.read(table(spec, Stage.CLEANED), partition_key).sort("row_id")
    missing = [column for column in spec.prompt.columns if column not in cleaned.columns]
    if missing:
        raise EnrichmentError(
            f"prompt.columns names {', '.join(missing)}, which {table(spec, Stage.CLEANED)} lacks;"
            f" it has {', '.join(cleaned.columns)}"
        )
    task = Task(spec, cleaning_version(spec), nearest_examples(spec, root))
    questions = [task.question(row) for row in cleaned.select("row_id", *spec.prompt.columns).iter_rows(named=True)]
    endpoints = open_endpoints(resolve_pool(pool), spec.data_class)
    last: list[Progress] = []

    def remember(progress: Progress) -> None:
        last[:] = [progress]
        on_progress(progress)

    with Ledger(ledger_url()) as ledger:
        dispatcher = Dispatcher(task, endpoints, ledger, partition_key, remember)
        answers = asyncio.run(dispatcher.answer(questions)) if questions else []
    staged = staged_frame(answers, partition_key, spec.output)
    lake.replace_partition(table(spec, Stage.CLASSIFIED), partition_key, staged)
    progress = last[0] if last else Progress(rows=0)
    figures = {
        "requests": progress.requests,
        "retries": progress.retries,
        "rows_from_ledger": progress.stored,
        "rows_copied_from_equal_rows": progress.copied,
        "seconds": round(progress.seconds, 1),
        "input_tokens": int(staged["input_tokens"].sum()),
        "cached_tokens": int(staged["cached_tokens"].sum()),
        "output_tokens": int(staged["output_tokens"].sum()),
        "cost_usd": float(staged["cost_usd"].sum()),
        "status": dict(Counter(staged["status"].to_list())),
        "fingerprints": sorted(set(staged["fingerprint"])),
        "models": sorted(set(staged["model"]) - {""}),
    }
    return StageOutcome(staged, figures=figures)


def nearest_examples(spec: EnrichmentSpec, root: Path) -> NearestExamples | None:
    """The labelled examples of an enrichment, cleaned as its rows are; None where it has none."""
    if spec.labelled_examples is None:
        return None
    path = spec.labelled_examples.path
    located = path if "://" in path else str(root / Path(path).expanduser())
    frame = read_examples(located)
    numbered = (
        frame.drop(ROW_COLUMNS, strict=False)
        .with_row_index("row_id")
        .with_columns(pl.col("row_id").cast(pl.String), pl.lit("").alias("partition_key"))
    )
    absent = [column for column in spec.text_columns if column not in frame.columns]
    kept = numbered.with_columns(pl.lit("").alias(column) for column in absent if column not in spec.prompt.columns)
    rows = clean(kept, spec).rows if not set(absent) & set(spec.prompt.columns) else kept
    return NearestExamples(labelled(rows, spec, path), spec.prompt.columns, spec.labelled_examples.nearest)


def staged_frame(answers: list[RowAnswer], partition_key: str, output: list[OutputField]) -> pl.DataFrame:
    """The classified table of a partition: row_id, partition_key, the output columns, then how each was answered.

    A row that shares another row's request has spent nothing of its own: attempts, tokens, cost and latency are 0, so
    that sums over the table are what the endpoint billed. Answers that are not good have null outputs.
    """
    types = output_types(output)
    rows = []
    for row in answers:
        answer = row.answer
        values = read_answer(answer.text, output) if answer.status == OK else dict.fromkeys(types)
        spent = {name: 0 if row.copied else getattr(answer, name) for name in _SPENT}
        about = {name: getattr(answer, name) for name in ANSWER_COLUMNS if name not in _SPENT}
        rows.append({"row_id": row.row_id, "partition_key": partition_key, **values, **about, **spent})
    schema = {"row_id": pl.String, "partition_key": pl.String, **types, **_ANSWER_TYPES}
    return pl.DataFrame(rows, schema=schema)
