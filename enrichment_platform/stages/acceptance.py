"""Acceptance of checks that failed: which may be accepted, and for what."""

from __future__ import annotations

from collections.abc import Sequence

from enrichment_platform.checks import acceptable, check_names
from enrichment_platform.checks.verdicts import accept, latest_verdict
from enrichment_platform.errors import InputError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec


def accept_checks(
    lake: Lake, spec: EnrichmentSpec, partition_key: str, checks: Sequence[str], reason: str
) -> tuple[list[str], str]:
    """Accept what failed in the newest verdict of a partition.

    Args:
        lake: The lake.
        spec: The enrichment.
        partition_key: Which partition.
        checks: Which ones; all that failed and may be accepted where empty.
        reason: Why, in a person's words.

    Returns:
        The checks, and the staged version that it holds for.

    Raises:
        InputError: the partition was never checked, a check did not fail, or one may not be accepted.
    """
    if not reason.strip():
        raise InputError("--reason: say why all is well; it is kept with the acceptance")
    known = {check.name for check in check_names(spec)}
    unknown = [name for name in checks if name not in known]
    if unknown:
        raise InputError(f"{spec.name} has no check {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    verdict = latest_verdict(lake, spec.name, partition_key)
    if verdict.is_empty():
        raise InputError(
            f"{spec.name} {partition_key} was never checked, so there is nothing to accept;"
            f" `enrichment run {spec.name} --partition KEY` materializes and checks a partition"
        )
    failed = list(verdict.filter(~verdict["passed"])["check"])
    may = [name for name in failed if name in acceptable(spec)]
    told = [f"{name} passed" for name in checks if name not in failed]
    told += [f"{name} may not be accepted" for name in checks if name in failed and name not in may]
    if told or not may:
        told = told or ["no check failed that may be accepted"]
        raise InputError(
            f"{spec.name} {partition_key}: {', '.join(told)}; failed: {', '.join(failed) or 'none'}; of them may be"
            f" accepted: {', '.join(may) or 'none'}"
        )
    chosen = list(dict.fromkeys(checks)) or may
    return chosen, accept(lake, spec.name, partition_key, chosen, reason)
