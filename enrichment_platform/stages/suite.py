"""The check suite as Dagster asset checks: one blocking step a partition, one result a check."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from enrichment_platform.checks import CheckResult, check_names
from enrichment_platform.checks.catalogue import CALIBRATION, CANARY_ACCURACY
from enrichment_platform.checks.verdicts import latest_verdict
from enrichment_platform.errors import EnrichmentError
from enrichment_platform.lake.tables import Lake, quote
from enrichment_platform.printable import inert_markdown, printable
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.announcing import announce
from enrichment_platform.stages.asset import failure, one_partition
from enrichment_platform.stages.naming import asset_key
from enrichment_platform.stages.partitions import partitions_definition
from enrichment_platform.stages.pods import left_to_the_executor, pod_tags
from enrichment_platform.stages.publish import check_partition
from enrichment_platform.stages.quarantine import by_reason


def suite_checks(spec: EnrichmentSpec, root: Path) -> dg.AssetChecksDefinition:
    """All checks of the staged partition in one step; a blocking failure stops publication.

    Each is declared as blocking, as a second warning in a row is; what it is today is in the severity of its result.
    """
    key = asset_key(spec, Stage.CLASSIFIED)
    partitions = partitions_definition(spec.partitions)
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=key,
            description=check.description,
            blocking=True,
            partitions_def=partitions,
        )
        for check in check_names(spec)
    ]

    @dg.multi_asset_check(specs=specs, name=f"{spec.name}__checks", can_subset=False, op_tags=pod_tags(spec, "checks"))
    def _suite(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        partition_key = one_partition(context)
        try:
            with left_to_the_executor():
                lake = Lake.from_environment()
                verdict = check_partition(lake, spec, partition_key, root)
        except EnrichmentError as error:
            raise failure(error) from None
        version = str(latest_verdict(lake, spec.name, partition_key)["staged_version"][0])
        failed = [result for result in verdict.results if not result.passed]
        said = " ".join(f"{r.name}: {r.message}" for r in failed) or f"{len(verdict.results)} checks passed"
        aside = ", ".join(f"{count} {reason}" for reason, count in by_reason(verdict.failures).items())
        aside = f"; to quarantine: {aside}" if aside and verdict.passed else ""
        announce(context, f"{spec.name} {partition_key} checks: {said}{aside}")
        for result in verdict.results:
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=result.name,
                passed=result.passed,
                severity=dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN,
                description=inert_markdown(result.message),  # the UI renders it as Markdown
                metadata=_metadata(spec, result, partition_key, version),
            )

    return _suite


def _metadata(spec: EnrichmentSpec, result: CheckResult, partition_key: str, version: str) -> dict[str, Any]:
    about: dict[str, Any] = {
        "partition": partition_key,
        "staged_version": version,
        "failed_rows": result.failed_rows,
        "total_rows": result.total_rows,
        "threshold": result.threshold,
        "row_ids": [printable(row_id) for row_id in result.row_ids],
    }
    if result.learning:
        about["learning"] = result.learning
    if not result.passed:
        about["failing_since_partition"] = result.since or partition_key
        about["run_next"] = _next(spec, result, partition_key)
    return about


def _next(spec: EnrichmentSpec, result: CheckResult, partition_key: str) -> str:
    """The command that says more, or mends it."""
    # Someone copies this into a terminal: an id with control characters must not end its quotes or its paste.
    partition = f"--partition {shlex.quote(printable(partition_key))}"
    if result.name == CANARY_ACCURACY:
        return f"enrichment replay {spec.name} {partition} --all"
    if result.name == CALIBRATION:  # its ids are those of golden rows, which `why` does not know
        wanted = f"kind = 'canary' and partition_key = {quote(partition_key)}"
        query = f"select * from {spec.name}.controls where {wanted}"  # noqa: S608 - for a person to run, and quoted
        return f"enrichment sql {shlex.quote(printable(query))}"
    if result.row_ids:
        row_id = shlex.quote(printable(result.row_ids[0]).replace("\n", "\\n"))
        return f"enrichment why {spec.name} {partition} -- {row_id}"
    return f"enrichment run {spec.name} {partition}"
