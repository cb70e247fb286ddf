"""The suite: runs every check of an enrichment on one partition and gives the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import polars as pl

from enrichment_platform.check_spec import CustomCheck
from enrichment_platform.checks import catalogue
from enrichment_platform.checks.belonging import answers_belong
from enrichment_platform.checks.canaries import canary_accuracy
from enrichment_platform.checks.consistency import same_text_same_answer
from enrichment_platform.checks.contract import output_contract
from enrichment_platform.checks.controls import control_profile, label_order, stored_answers
from enrichment_platform.checks.coverage import enough_input
from enrichment_platform.checks.custom import custom_profile, rate_result, row_findings
from enrichment_platform.checks.drift import input_shift, label_shift, output_shift, slow_drift
from enrichment_platform.checks.emptiness import not_empty
from enrichment_platform.checks.evidence import evidence_in_source
from enrichment_platform.checks.family import judge
from enrichment_platform.checks.findings import failures, share_result, together, unusable_result
from enrichment_platform.checks.fingerprints import one_fingerprint
from enrichment_platform.checks.history import PROFILE_SCHEMA
from enrichment_platform.checks.injection import no_injection
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.output_text import clean_output
from enrichment_platform.checks.placeholders import no_placeholder
from enrichment_platform.checks.profile import profile
from enrichment_platform.checks.rates import null_rate, retry_rate, same_answer
from enrichment_platform.checks.reconciliation import row_reconciliation
from enrichment_platform.checks.results import CheckDefinition, CheckResult, Signal, Verdict
from enrichment_platform.checks.shadow import shadow_model
from enrichment_platform.checks.status import answer_status
from enrichment_platform.spec import EnrichmentSpec

TableCheck = Callable[[CheckDefinition, EnrichmentSpec, PartitionTables], CheckResult]
RowCheck = Callable[[EnrichmentSpec, PartitionTables], pl.DataFrame]
Detector = Callable[[EnrichmentSpec, PartitionTables], Signal]

TABLE_CHECKS: dict[str, TableCheck] = {
    catalogue.ROW_RECONCILIATION: row_reconciliation,
    catalogue.NOT_EMPTY: not_empty,
    catalogue.ONE_FINGERPRINT: one_fingerprint,
    catalogue.ANSWERS_BELONG: answers_belong,
    catalogue.CANARY_ACCURACY: canary_accuracy,
    catalogue.ENOUGH_INPUT: enough_input,
    catalogue.SAME_TEXT_SAME_ANSWER: same_text_same_answer,
}
ROW_CHECKS: dict[str, RowCheck] = {
    catalogue.ANSWER_STATUS: answer_status,
    catalogue.OUTPUT_CONTRACT: output_contract,
    catalogue.EVIDENCE_IN_SOURCE: evidence_in_source,
    catalogue.NO_PLACEHOLDER: no_placeholder,
    catalogue.CLEAN_OUTPUT: clean_output,
    catalogue.NO_INJECTION: no_injection,
}
DETECTORS: dict[str, Detector] = {
    catalogue.SHADOW_MODEL: shadow_model,
    catalogue.SAME_ANSWER: same_answer,
    catalogue.LABEL_SHIFT: label_shift,
    catalogue.INPUT_SHIFT: input_shift,
    catalogue.OUTPUT_SHIFT: output_shift,
    catalogue.NULL_RATE: null_rate,
    catalogue.RETRY_RATE: retry_rate,
    catalogue.SLOW_DRIFT: slow_drift,
    catalogue.STORED_ANSWERS: stored_answers,
    catalogue.LABEL_ORDER: label_order,
}


def run_suite(spec: EnrichmentSpec, tables: PartitionTables) -> Verdict:
    """Run every check of the enrichment on one partition.

    Returns:
        The verdict; a check that could not run has failed, and its message names what is missing.
    """
    definitions = catalogue.check_names(spec)
    findings, unusable = _row_findings(spec, tables)
    signals = _signals(spec, tables, {one.name for one in definitions}, unusable)
    alarms = judge(signals, spec.checks.severity)
    results = []
    for definition in definitions:
        name, limit = definition.name, catalogue.threshold(spec, definition.name)
        try:
            if name in unusable:
                raise UnusableInputError(unusable[name])
            if name in findings:
                result = share_result(definition, findings[name], tables.staged.height, limit, spec)
            elif name in signals:
                result = _of_signal(definition, signals[name], alarm=alarms[name], total=tables.staged.height)
            elif name == catalogue.FAILED_ROWS:
                rows = [one for one in unusable if one in ROW_CHECKS or one in _own_row_checks(spec)]
                if rows:
                    raise UnusableInputError(f"{', '.join(rows)} could not run")
                result = share_result(definition, together(findings.values()), tables.staged.height, limit, spec)
            else:
                result = _table_check(definition, spec, tables)
        except UnusableInputError as problem:
            shown = limit if name in findings or name in catalogue.WITH_THRESHOLD else 0.0
            result = unusable_result(definition, str(problem), tables.staged.height, shown)
        results.append(escalated(result, tables.history.failing_since, spec))
    return Verdict(
        passed=all(result.passed for result in results if result.blocking),
        results=tuple(results),
        failures=failures(_ordered(findings), tables.staged),
    )


def row_failures(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Rows that fail a row check, as `Verdict.failures`, without the checks of the whole partition."""
    findings, _ = _row_findings(spec, tables)
    return failures(_ordered(findings), tables.staged)


def partition_profile(spec: EnrichmentSpec, tables: PartitionTables, partition_key: str) -> pl.DataFrame:
    """What later partitions are compared with: `history.PROFILE_SCHEMA`, of a partition that is published.

    What could not be counted is not in it, and the checks that need it go on learning.
    """
    usual = tables.staged.get_column("fingerprint").drop_nulls().mode().sort()
    parts = [pl.DataFrame(schema=PROFILE_SCHEMA)]
    for count in (
        lambda: profile(spec, tables, partition_key, str(usual[0]) if usual.len() else ""),
        lambda: control_profile(spec, tables),
        lambda: custom_profile(spec, tables),
    ):
        try:
            parts.append(count())
        except UnusableInputError:
            continue
    return pl.concat(parts)


def escalated(result: CheckResult, failing_since: Mapping[str, str], spec: EnrichmentSpec) -> CheckResult:
    """A failed result with the partition since which it fails; a second warning in a row blocks."""
    if result.passed:
        return result
    since = failing_since.get(result.name, "")
    # Whoever says `mixed_models: warn` wants their fallback published on every day.
    if result.blocking or not since or result.name == catalogue.ONE_FINGERPRINT:
        return replace(result, since=since)
    return replace(
        result,
        blocking=True,
        since=since,
        message=f"{result.message} It has failed since {since}, and the second warning in a row blocks: if all is well,"
        f" `enrichment accept {spec.name} --partition KEY --check {result.name}` publishes, and the checks learn it.",
    )


def _row_findings(
    spec: EnrichmentSpec, tables: PartitionTables
) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    """Findings by row check, and the reasons of those that could not run."""
    own = _own_row_checks(spec)
    names = [one.name for one in catalogue.check_names(spec) if one.name in ROW_CHECKS or one.name in own]
    findings: dict[str, pl.DataFrame] = {}
    unusable: dict[str, str] = {}
    for name in names:
        try:
            check = own.get(name)
            findings[name] = row_findings(check, spec, tables) if check else ROW_CHECKS[name](spec, tables)
        except UnusableInputError as problem:
            unusable[name] = str(problem)
    return findings, unusable


def _signals(
    spec: EnrichmentSpec, tables: PartitionTables, names: set[str], unusable: dict[str, str]
) -> dict[str, Signal]:
    found: dict[str, Signal] = {}
    for name, detector in DETECTORS.items():
        if name in names:
            try:
                found[name] = detector(spec, tables)
            except UnusableInputError as problem:
                unusable[name] = str(problem)
    return found


def _table_check(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    rate = next((one for one in spec.checks.custom if one.name == definition.name), None)
    if rate is not None:
        return rate_result(rate, definition, spec, tables)
    return TABLE_CHECKS[definition.name](definition, spec, tables)


def _of_signal(definition: CheckDefinition, signal: Signal, *, alarm: bool, total: int) -> CheckResult:
    return CheckResult(
        name=definition.name,
        passed=not alarm,
        blocking=definition.blocking,
        failed_rows=signal.failed_rows if alarm else 0,
        total_rows=total,
        threshold=None,
        description=definition.description,
        message=f"Nothing to compare with yet: {signal.learning}." if signal.learning else signal.message,
        row_ids=signal.row_ids if alarm else (),
        learning=signal.learning,
    )


def _own_row_checks(spec: EnrichmentSpec) -> dict[str, CustomCheck]:
    return {check.name: check for check in spec.checks.custom if check.rate is None}


def _ordered(findings: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The most severe check first, one's own ones last."""
    built_in = {name: findings[name] for name in catalogue.ROW_CHECKS if name in findings}
    return built_in | {name: frame for name, frame in findings.items() if name not in built_in}
