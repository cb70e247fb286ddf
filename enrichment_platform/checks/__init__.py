"""The check suite: what must hold of a partition before it is published."""

from enrichment_platform.checks.catalogue import check_names, check_threshold_names, suite_version
from enrichment_platform.checks.contract import output_schema
from enrichment_platform.checks.results import CheckDefinition, CheckResult, Verdict
from enrichment_platform.checks.suite import run_suite

__all__ = [
    "CheckDefinition",
    "CheckResult",
    "Verdict",
    "check_names",
    "check_threshold_names",
    "output_schema",
    "run_suite",
    "suite_version",
]
