"""An empty partition is a failure, unless the enrichment says that quiet days are normal."""

from __future__ import annotations

from enrichment_platform.checks.inputs import PartitionTables
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec


def not_empty(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Fail an empty raw partition; a partition whose every line was rejected is never a quiet day."""
    rows, rejected = tables.raw_ids.height, tables.quarantined.height
    if rows and tables.cleaned.is_empty():
        passed = False
        message = (
            f"All {rows:,} rows of the raw partition were set aside in cleaning. Read the reasons in"
            f" {spec.name}.quarantine: a column may have another name or be empty now."
        )
    elif rows:
        passed, message = True, f"The raw partition has {rows:,} rows."
    elif rejected:
        passed = False
        message = (
            f"The raw partition has no rows: all {rejected:,} were rejected when read."
            f" Read the reasons in {spec.name}.quarantine and correct the source."
        )
    elif spec.checks.allow_empty:
        passed, message = True, "The raw partition has no rows, which checks.allow_empty permits."
    else:
        passed = False
        message = (
            "The raw partition has no rows. Look whether the source delivered; where quiet days are normal,"
            " set checks.allow_empty: true."
        )
    return CheckResult(
        name=definition.name,
        passed=passed,
        blocking=definition.blocking,
        failed_rows=0 if passed else rows + rejected * (not rows),
        total_rows=rows,
        threshold=None,
        description=definition.description,
        message=message,
        row_ids=(),
    )
