"""The suite: runs every check of an enrichment on one partition and gives the verdict."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from enrichment_platform.checks import catalogue
from enrichment_platform.checks.contract import output_contract
from enrichment_platform.checks.emptiness import not_empty
from enrichment_platform.checks.evidence import evidence_in_source
from enrichment_platform.checks.findings import failures, share_result, together, unusable_result
from enrichment_platform.checks.fingerprints import one_fingerprint
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.placeholders import no_placeholder
from enrichment_platform.checks.reconciliation import row_reconciliation
from enrichment_platform.checks.results import CheckDefinition, CheckResult, Verdict
from enrichment_platform.checks.status import answer_status
from enrichment_platform.spec import EnrichmentSpec

TABLE_CHECKS: dict[str, Callable[[CheckDefinition, EnrichmentSpec, PartitionTables], CheckResult]] = {
    catalogue.ROW_RECONCILIATION: row_reconciliation,
    catalogue.NOT_EMPTY: not_empty,
    catalogue.ONE_FINGERPRINT: one_fingerprint,
}
ROW_CHECKS: dict[str, Callable[[EnrichmentSpec, PartitionTables], pl.DataFrame]] = {
    catalogue.ANSWER_STATUS: answer_status,
    catalogue.OUTPUT_CONTRACT: output_contract,
    catalogue.EVIDENCE_IN_SOURCE: evidence_in_source,
    catalogue.NO_PLACEHOLDER: no_placeholder,
}


def run_suite(
    spec: EnrichmentSpec,
    raw_ids: pl.DataFrame,
    quarantined: pl.DataFrame,
    cleaned: pl.DataFrame,
    staged: pl.DataFrame,
) -> Verdict:
    """Run every check of the enrichment on one partition.

    Args:
        spec: the enrichment.
        raw_ids: (row_id), every row of the raw table.
        quarantined: (row_id, stage, reason), rows set aside at raw and cleaned; other stages are ignored.
        cleaned: (row_id, partition_key, source columns).
        staged: the classified table (row_id, partition_key, output columns, answer columns).

    Returns:
        The verdict; a check that could not run has failed, and its message names what is missing.

    Raises:
        TypeError: a table is not a collected `polars.DataFrame`.
    """
    tables = PartitionTables(raw_ids, quarantined, cleaned, staged)
    results: list[CheckResult] = []
    findings: dict[str, pl.DataFrame] = {}
    unusable: list[str] = []
    for definition in catalogue.check_names(spec):
        name, limit = definition.name, catalogue.threshold(spec, definition.name)
        try:
            if name in TABLE_CHECKS:
                results.append(TABLE_CHECKS[name](definition, spec, tables))
            elif name in ROW_CHECKS:
                findings[name] = ROW_CHECKS[name](spec, tables)
                results.append(share_result(definition, findings[name], staged.height, limit, spec))
            elif unusable:
                raise UnusableInputError(f"{', '.join(unusable)} could not run")
            else:
                every = together(findings.values())
                results.append(share_result(definition, every, staged.height, limit, spec))
        except UnusableInputError as problem:
            unusable += [name] if name in ROW_CHECKS else []
            shown = limit if name in catalogue.WITH_THRESHOLD else 0.0
            results.append(unusable_result(definition, str(problem), staged.height, shown))
    ordered = {name: findings[name] for name in catalogue.ROW_CHECKS if name in findings}
    return Verdict(
        passed=all(result.passed for result in results if result.blocking),
        results=tuple(results),
        failures=failures(ordered, staged),
    )
