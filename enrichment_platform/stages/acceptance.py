"""Acceptance of checks that failed: which may be accepted, and for what."""

from __future__ import annotations

from collections.abc import Sequence

from enrichment_platform.checks import acceptable
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
    verdict = latest_verdict(lake, spec.name, partition_key)
    if verdict.is_empty():
        raise InputError(f"{spec.name} {partition_key} was never checked, so there is nothing to accept")
    failed = list(verdict.filter(~verdict["passed"])["check"])
    may = [name for name in failed if name in acceptable(spec)]
    wrong = [name for name in checks if name not in may]
    if wrong or not may:
        told = f"{', '.join(wrong)} cannot be accepted" if wrong else "no check failed that can be accepted"
        hint = ", ".join(may) or "none"
        raise InputError(
            f"{spec.name} {partition_key}: {told}; failed are {', '.join(failed) or 'none'}, and of them can be"
            f" accepted: {hint}"
        )
    chosen = list(checks) or may
    return chosen, accept(lake, spec.name, partition_key, chosen, reason)
