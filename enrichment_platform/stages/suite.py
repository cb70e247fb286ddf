"""The check suite as Dagster asset checks: one blocking step a partition, one result a check."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from enrichment_platform.checks import CheckResult, check_names
from enrichment_platform.errors import EnrichmentError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.announcing import announce
from enrichment_platform.stages.asset import failure, one_partition
from enrichment_platform.stages.naming import asset_key
from enrichment_platform.stages.partitions import partitions_definition
from enrichment_platform.stages.publish import check_partition


def suite_checks(spec: EnrichmentSpec) -> dg.AssetChecksDefinition:
    """All checks of the staged partition in one step; a blocking failure stops publication."""
    key = asset_key(spec, Stage.CLASSIFIED)
    partitions = partitions_definition(spec.partitions)
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=key,
            description=check.description,
            blocking=check.blocking,
            partitions_def=partitions,
        )
        for check in check_names(spec)
    ]

    @dg.multi_asset_check(specs=specs, name=f"{spec.name}__checks", can_subset=False)
    def _suite(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        partition_key = one_partition(context)
        try:
            verdict = check_partition(Lake.from_environment(), spec, partition_key)
        except EnrichmentError as error:
            raise failure(error) from None
        failed = [result for result in verdict.results if not result.passed]
        said = "; ".join(f"{r.name}: {r.message}" for r in failed) or f"{len(verdict.results)} checks passed"
        aside = f", {verdict.failures.height} rows to quarantine" if verdict.failures.height else ""
        announce(context, f"{spec.name} {partition_key} checks: {said}{aside}")
        for result in verdict.results:
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=result.name,
                passed=result.passed,
                severity=dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN,
                description=result.message,
                metadata=_metadata(result, partition_key),
            )

    return _suite


def _metadata(result: CheckResult, partition_key: str) -> dict[str, Any]:
    return {
        "partition": partition_key,
        "failed_rows": result.failed_rows,
        "total_rows": result.total_rows,
        "threshold": result.threshold,
        "row_ids": list(result.row_ids),
    }
