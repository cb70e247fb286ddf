"""Classified: every cleaned row and the model's answer to it, good or not; the staged version of a partition."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl

from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.cleaning_spec import ASKED_AS
from enrichment_platform.errors import EndpointUnavailableError, EnrichmentError
from enrichment_platform.inference.budget import caps
from enrichment_platform.inference.dispatcher import Dispatcher
from enrichment_platform.inference.endpoints.protocol import Endpoint
from enrichment_platform.inference.event_loop import run
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.metrics_export import metrics_of
from enrichment_platform.inference.pool import ModelPoolSpec, open_endpoints, resolve_pool
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.retry import rules
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.task import Question, Task
from enrichment_platform.inference.terms import Terms
from enrichment_platform.kubernetes.sidecar import Sidecar
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.lake.read_ahead import ReadAhead
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage, output_columns
from enrichment_platform.stages.announcing import ProgressAnnouncer
from enrichment_platform.stages.asset import Lineage, stage_asset
from enrichment_platform.stages.controls import Controls
from enrichment_platform.stages.labelled_rows import cleaned_schema, golden_set, nearest_examples
from enrichment_platform.stages.naming import controls_table, model_pool, table
from enrichment_platform.stages.outcome import StageOutcome
from enrichment_platform.stages.questions import Questions
from enrichment_platform.stages.staged_rows import StagedRows

READ_ROWS = 2000


def classified_asset(spec: EnrichmentSpec, pool: ModelPoolSpec, root: Path) -> dg.AssetsDefinition:
    """The classified asset, answered by `pool`."""

    def work(context: dg.AssetExecutionContext, key: str) -> StageOutcome:
        sidecar = Sidecar.of_environment()
        with sidecar or nullcontext(), ProgressAnnouncer(context, spec, key) as show:
            try:
                patient = pool if sidecar is None else _waiting_for(sidecar, pool)
                outcome = classify_partition(
                    Lake.from_environment(), spec, patient, key, root, show, context.run.run_id
                )
            except EndpointUnavailableError as error:
                raise error if sidecar is None else sidecar.explained(error) from None
        return outcome if sidecar is None else replace(outcome, figures=outcome.figures | sidecar.figures)

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


def _waiting_for(sidecar: Sidecar, pool: ModelPoolSpec) -> ModelPoolSpec:
    """The pool with the patience that its server needs to be started again."""
    return pool.model_copy(update={"patience_s": max(pool.patience_s, sidecar.patience_s)})


def classify_partition(
    lake: Lake,
    spec: EnrichmentSpec,
    pool: ModelPoolSpec,
    partition_key: str,
    root: Path,
    on_progress: Callable[[Progress], None],
    run_id: str = "",
    endpoints: Callable[[], Sequence[Endpoint]] | None = None,
) -> StageOutcome:
    """Ask the model for every cleaned row that the ledger has no answer to, and replace the staged partition.

    Rows are streamed from the lake and back, so that memory does not grow with the partition. The controls are asked
    among them and kept in a table of their own.

    Args:
        lake: The lake.
        spec: The enrichment.
        pool: Its model pool.
        partition_key: Which partition.
        root: The project's root, that paths of files are relative to.
        on_progress: Called often, with the same object.
        run_id: Recorded with every attempt.
        endpoints: Opens what is asked instead of the pool's endpoints.

    Raises:
        EnrichmentError: a column of the prompt is missing, or the template fails on every row.
        EndpointUnavailableError: no endpoint answers.
        BudgetReachedError, DeadlineError, HaltedError: the run may not go on.
        DataClassError: no endpoint of the pool may see the rows.

    Whatever is raised, the answers so far are in the ledger, and the staged partition is as it was.
    """
    source = table(spec, Stage.CLEANED)
    present = lake.columns(source)
    missing = [column for column in spec.prompt.columns if column not in present]
    if missing:
        raise EnrichmentError(
            f"prompt.columns names {', '.join(missing)}, which {source} lacks; it has {', '.join(present)}"
        )
    schema = cleaned_schema(lake, spec)
    task = Task(spec, cleaning_version(spec), nearest_examples(spec, root, schema))
    pool = resolve_pool(pool)
    opened = endpoints or (lambda: open_endpoints(pool, spec.data_class, spec.budget))
    total = lake.count(source, partition_key)
    controls = Controls(task, golden_set(spec, root, schema), partition_key, total)

    # As the table has them, whatever the spec says by now: what is asked and what is checked are to be the same.
    columns = ["row_id", *spec.prompt.columns, *(name for name in (ASKED_AS, "prefix_group") if name in present)]
    stream = lake.stream(source, partition_key, columns, READ_ROWS)
    metrics = metrics_of(spec.name)
    with (
        Ledger(ledger_url()) as ledger,
        StagedRows(partition_key, spec.output) as staged,
        StagedRows(partition_key, spec.output) as beside,
        ReadAhead(stream) as batches,
    ):
        progress = Progress()
        # One for all that is asked: a task with its labels reversed has another version, and counters of its own.
        bounds = terms(spec, pool, task, partition_key, run_id)
        began = time.monotonic()

        def ask(task: Task, questions: Iterable[Question], rows: int) -> None:
            def add(row: RowAnswer) -> None:
                (beside if controls.has(row.row_id) else staged).add(row)

            dispatcher = Dispatcher(
                task,
                opened(),
                ledger,
                partition_key,
                replace(bounds, deadline_s=remaining(bounds.deadline_s, began)),
                run_id,
                on_progress,
                metrics,
                progress,
            )
            run(dispatcher.run(questions, add, rows))

        metrics.gauges(progress)
        questions = Questions(task, batches, progress, controls)
        try:
            if total:
                ask(task, questions, total + controls.expected)
                for failed in questions.failed_answers(partition_key, staged.usual_fingerprint):
                    metrics.row(failed.answer.status)
                    staged.add(failed)
                other, again = controls.reordered()
                if again:
                    ask(other, again, progress.done + len(again))
        finally:
            metrics.close()
        lake.replace_partition(controls_table(spec), partition_key, controls.table(beside))
        lake.replace_partition(table(spec, Stage.CLASSIFIED), partition_key, staged.spool())
        return StageOutcome(staged.first(), figures=progress.figures() | staged.figures(), streamed_rows=total)


def remaining(deadline_s: float | None, began: float) -> float | None:
    """Seconds that are left of a deadline."""
    return None if deadline_s is None else max(0.0, deadline_s - (time.monotonic() - began))


def terms(spec: EnrichmentSpec, pool: ModelPoolSpec, task: Task, partition_key: str, run_id: str) -> Terms:
    """What bounds a run over a partition."""
    return Terms(
        caps=lambda now: caps(spec, pool, task.version, partition_key, run_id, now),
        rules=rules(pool.retries),
        patience_s=pool.patience_s,
        deadline_s=spec.deadline_minutes * 60 if spec.deadline_minutes is not None else None,
        one_model=spec.checks.mixed_models == "block",
    )
