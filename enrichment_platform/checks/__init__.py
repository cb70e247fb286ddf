"""The check suite: what must hold of a partition before it is published."""

from enrichment_platform.checks.canaries import canary_frame
from enrichment_platform.checks.catalogue import acceptable, check_names, check_setting_problems, suite_version
from enrichment_platform.checks.contract import output_schema
from enrichment_platform.checks.custom_problems import custom_problems
from enrichment_platform.checks.results import CheckDefinition, CheckResult, Verdict
from enrichment_platform.checks.suite import partition_profile, row_failures, run_suite

__all__ = [
    "CheckDefinition",
    "CheckResult",
    "Verdict",
    "acceptable",
    "canary_frame",
    "check_names",
    "check_setting_problems",
    "custom_problems",
    "output_schema",
    "partition_profile",
    "row_failures",
    "run_suite",
    "suite_version",
]
