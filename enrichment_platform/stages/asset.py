"""What the four assets of an enrichment share: definition, metadata, errors."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl
from filelock import FileLock

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.lake.location import home
from enrichment_platform.printable import printable
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.announcing import announce
from enrichment_platform.stages.instance import hold_run
from enrichment_platform.stages.naming import asset_key, table
from enrichment_platform.stages.outcome import StageOutcome
from enrichment_platform.stages.partitions import partitions_definition
from enrichment_platform.stages.pods import left_to_the_executor, on_kubernetes, pod_tags

Work = Callable[[dg.AssetExecutionContext, str], StageOutcome]
Lineage = Mapping[str, Iterable[tuple[Stage, str]]]


def stage_asset(
    spec: EnrichmentSpec,
    stage: Stage,
    work: Work,
    *,
    description: str,
    kinds: set[str],
    upstream: Stage | None = None,
    pool: str | None = None,
    lineage: Callable[[pl.DataFrame], Lineage] | None = None,
    joined: Sequence[dg.AssetKey] = (),
) -> dg.AssetsDefinition:
    """An asset `[name, stage]` that runs `work` for one partition and reports what came of it.

    Args:
        spec: The enrichment.
        stage: Which stage.
        work: Context and partition key in, outcome out.
        description: Shown in the UI.
        kinds: Shown as icons in the UI.
        upstream: The stage before it.
        pool: Dagster concurrency pool.
        lineage: Which upstream columns a written column comes from.
        joined: Assets whose tables are read as a whole, whatever their partitions.
    """
    freshness = None
    if spec.freshness and stage is Stage.ENRICHED:
        freshness = _freshness(spec.freshness.fail_after_hours, spec.freshness.warn_after_hours)

    @dg.asset(
        key=asset_key(spec, stage),
        deps=[
            *([asset_key(spec, upstream)] if upstream else []),
            *(dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in joined),
        ],
        partitions_def=partitions_definition(spec.partitions),
        # No backfill policy: Dagster then starts one run a partition and tags it with its partition. Under any policy,
        # also one of single partitions, it tags a range, and check results lose their partition (dagster 1.13.27).
        description=f"{spec.description.strip()}\n\n{description}".strip(),
        group_name=spec.name,
        owners=spec.owners,
        tags={**spec.tags, "enrichment": spec.name, "stage": stage.value, "data_class": spec.data_class},
        kinds=kinds,
        pool=pool,
        freshness_policy=freshness,
        op_tags=pod_tags(spec, stage.value),
    )
    def _stage(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        if not on_kubernetes():  # there the run's pod is looked after by run monitoring, and DAGSTER_HOME is read-only
            hold_run(context.run.run_id)
        key = one_partition(context)
        try:
            with left_to_the_executor(), partition_lock(spec, key):
                outcome = work(context, key)
        except EnrichmentError as error:
            raise failure(error) from None
        announce(context, f"{spec.name} {key} {stage.value}: {_summary(outcome)}")
        return dg.MaterializeResult(metadata=_metadata(spec, stage, outcome, lineage))

    return _stage


def one_partition(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> str:
    """The partition of a run.

    Raises:
        dg.Failure: the run is over several.
    """
    if context.has_partition_key:
        return str(context.partition_key)
    span = context.partition_key_range
    if span.start != span.end:
        raise dg.Failure("a run is over one partition: launch it with one run a partition", allow_retries=False)
    return str(span.start)


def partition_lock(spec: EnrichmentSpec, key: str) -> FileLock:
    """Held while a stage works on a partition, so that two runs of it on this machine follow each other.

    The second one then finds the answers of the first, and publications do not interleave.
    """
    folder = home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{spec.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.lock")


def failure(error: EnrichmentError) -> dg.Failure:
    """A step failure that shows the message of an error that a user can cause, and no traceback."""
    return dg.Failure(description=printable(str(error)), metadata={"error": type(error).__name__}, allow_retries=False)


def _summary(outcome: StageOutcome) -> str:
    quarantined = ", ".join(f"{count} {reason}" for reason, count in outcome.quarantined.items())
    return f"{outcome.row_count} rows" + (f", quarantined {quarantined}" if quarantined else "")


def _freshness(fail_hours: float, warn_hours: float | None) -> dg.FreshnessPolicy:
    from datetime import timedelta

    warn = timedelta(hours=warn_hours) if warn_hours else None
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=fail_hours), warn_window=warn)


def _metadata(
    spec: EnrichmentSpec,
    stage: Stage,
    outcome: StageOutcome,
    lineage: Callable[[pl.DataFrame], Lineage] | None,
) -> dict[str, Any]:
    rows = outcome.rows
    metadata: dict[str, Any] = {
        "dagster/partition_row_count": outcome.row_count,
        "dagster/table_name": f"{spec.name}.{stage.value}",
        "dagster/column_schema": column_schema(spec, rows),
        "quarantined_rows": sum(outcome.quarantined.values()),
        "quarantined_by_reason": outcome.quarantined,
        **outcome.figures,
    }
    if lineage:
        metadata["dagster/column_lineage"] = dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(asset_key=asset_key(spec, s), column_name=c) for s, c in sources]
                for column, sources in lineage(rows).items()
            }
        )
    if spec.checks.preview_rows:
        preview = rows.head(spec.checks.preview_rows)
        metadata["preview"] = dg.MetadataValue.json(
            [{k: printable(str(v)) for k, v in row.items()} for row in preview.iter_rows(named=True)]
        )
    metadata["table"] = table(spec, stage)
    return metadata


def column_schema(spec: EnrichmentSpec, rows: pl.DataFrame) -> dg.TableSchema:
    """Columns and types of a written table, with the descriptions of the output fields."""
    about = {field.name: field.description for field in spec.output}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, type=str(dtype), description=about.get(name) or None)
            for name, dtype in rows.schema.items()
        ]
    )


def same_columns(upstream: Stage) -> Callable[[pl.DataFrame], Lineage]:
    """Lineage of a stage that keeps the columns of the one before it."""
    return lambda rows: {column: [(upstream, column)] for column in rows.columns}
