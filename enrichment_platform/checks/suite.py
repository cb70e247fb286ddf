"""The suite: runs every check of an enrichment on one partition and gives the verdict."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from enrichment_platform.check_spec import CustomCheck
from enrichment_platform.checks import catalogue
from enrichment_platform.checks.baseline_change import baseline_change
from enrichment_platform.checks.belonging import answers_belong
from enrichment_platform.checks.calibration import calibration
from enrichment_platform.checks.canaries import canary_accuracy
from enrichment_platform.checks.comparison import shown_p
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
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError, shown_key
from enrichment_platform.checks.output_text import clean_output
from enrichment_platform.checks.placeholders import no_placeholder
from enrichment_platform.checks.planted_orders import orders_ignored
from enrichment_platform.checks.profile import profile
from enrichment_platform.checks.rates import null_rate, retry_rate, same_answer, set_aside_rate
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
    catalogue.BASELINE_CHANGE: baseline_change,
    catalogue.ENOUGH_INPUT: enough_input,
    catalogue.SAME_TEXT_SAME_ANSWER: same_text_same_answer,
    catalogue.ORDERS_IGNORED: orders_ignored,
    catalogue.CALIBRATION: calibration,
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
    catalogue.SET_ASIDE_RATE: set_aside_rate,
    catalogue.SLOW_DRIFT: slow_drift,
    catalogue.STORED_ANSWERS: stored_answers,
    catalogue.LABEL_ORDER: label_order,
}


@dataclass(frozen=True)
class _Found:
    """By check name: what the row checks and the detectors found, and why those that could not run did not."""

    findings: Mapping[str, pl.DataFrame]
    signals: Mapping[str, Signal]
    alarms: Mapping[str, bool]
    unusable: Mapping[str, str]


def run_suite(spec: EnrichmentSpec, tables: PartitionTables) -> Verdict:
    """Run every check of the enrichment on one partition.

    Returns:
        The verdict; a check that could not run has failed, and its message names what is missing.
    """
    definitions = catalogue.check_names(spec)
    found = _found(spec, tables, {definition.name for definition in definitions})
    results = tuple(escalated(_result(one, spec, tables, found), spec, tables) for one in definitions)
    return Verdict(
        passed=all(result.passed for result in results if result.blocking),
        results=results,
        failures=failures(_set_aside(found.findings, spec), tables.staged),
    )


def row_failures(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Rows that fail a row check, as `Verdict.failures`, without the checks of the whole partition."""
    findings, _ = _row_findings(spec, tables)
    return failures(_set_aside(findings, spec), tables.staged)


def partition_profile(spec: EnrichmentSpec, tables: PartitionTables, partition_key: str) -> pl.DataFrame:
    """What later partitions are compared with: `history.PROFILE_SCHEMA`, of a partition that is published.

    All of it is stored under the fingerprint that most rows have, the last one of equally frequent ones. What could
    not be counted is not in it, and the checks that need it go on learning.
    """
    fingerprint = _usual_fingerprint(tables.staged)
    parts = [pl.DataFrame(schema=PROFILE_SCHEMA)]
    counts: tuple[Callable[[], pl.DataFrame], ...] = (
        lambda: profile(spec, tables, partition_key, fingerprint),
        lambda: control_profile(spec, tables),
        lambda: custom_profile(spec, tables),
    )
    for count in counts:
        with suppress(UnusableInputError), own_errors_told():
            parts.append(count())
    about = {"partition_key": partition_key, "fingerprint": fingerprint}
    return pl.concat(parts).with_columns(pl.lit(value).alias(name) for name, value in about.items())


def escalated(result: CheckResult, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """A failed result with the partition since which it fails; a second warning in a row blocks."""
    if result.passed:
        return result
    since = tables.history.failing_since.get(result.name, "")
    message = f"{result.message} It has failed since {since}." if since else result.message
    # Whoever says `mixed_models: warn` wants their fallback published on every day; some texts are longer than
    # `max_chars` every day; a model that is too sure of itself, or obeys what a row says, does so every day.
    if result.blocking or result.name in catalogue.EVERY_DAY:
        return replace(result, since=since, message=message)
    if not since:
        return replace(result, message=f"{message} A warning: alone it stops nothing, in the next partition it would.")
    accept = f"enrichment accept {spec.name} --partition {shown_key(tables)} --check {result.name} --reason WHY"
    advice = f"The second warning in a row blocks; if all is well, `{accept}` lets it be published."
    return replace(result, blocking=True, since=since, message=f"{message} {advice}")


@contextmanager
def own_errors_told() -> Iterator[None]:
    """Turn an error that a check does not foresee into one that fails this check alone, and tells kind and place.

    The others' results are worth having, and Polars quotes values in its messages, which must not reach a log.

    Raises:
        UnusableInputError: in place of anything else that was raised.
    """
    try:
        yield
    except UnusableInputError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a defect raises; the check fails, so nothing is hidden
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "enrichment_platform" in frame.filename][-1]
        place = f"{Path(ours.filename).name}, line {ours.lineno}"
        raise UnusableInputError(f"a defect of the check itself: {type(error).__name__} at {place}") from None


def _found(spec: EnrichmentSpec, tables: PartitionTables, names: set[str]) -> _Found:
    findings, unusable = _row_findings(spec, tables)
    signals: dict[str, Signal] = {}
    for name, detector in DETECTORS.items():
        if name in names:
            try:
                with own_errors_told():
                    signals[name] = detector(spec, tables)
            except UnusableInputError as problem:
                unusable[name] = str(problem)
    return _Found(findings, signals, judge(signals, spec.checks.severity), unusable)


def _row_findings(spec: EnrichmentSpec, tables: PartitionTables) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    """Findings by row check, and the reasons of those that could not run."""
    own = _own_row_checks(spec)
    findings: dict[str, pl.DataFrame] = {}
    unusable: dict[str, str] = {}
    for name in (one.name for one in catalogue.check_names(spec)):
        try:
            with own_errors_told():
                if name in own:
                    findings[name] = row_findings(own[name], spec, tables)
                elif name in ROW_CHECKS:
                    findings[name] = ROW_CHECKS[name](spec, tables)
        except UnusableInputError as problem:
            unusable[name] = str(problem)
    return findings, unusable


def _result(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables, found: _Found) -> CheckResult:
    name, total = definition.name, tables.staged.height
    limit = catalogue.threshold(spec, name) if name in catalogue.with_threshold(spec) else None
    rates = {check.name: check for check in spec.checks.custom if check.rate is not None}
    try:
        if name in found.unusable:
            raise UnusableInputError(found.unusable[name])
        if name in found.signals:
            return _of_signal(definition, found.signals[name], alarm=found.alarms[name], total=total)
        if name in rates:
            with own_errors_told():
                return rate_result(rates[name], definition, spec, tables)
        if limit is not None:
            findings = _all_findings(spec, found) if name == catalogue.FAILED_ROWS else found.findings[name]
            return share_result(definition, findings, total, limit, spec)
        with own_errors_told():
            return TABLE_CHECKS[name](definition, spec, tables)
    except UnusableInputError as problem:
        return unusable_result(definition, str(problem), total, limit, spec)


def _all_findings(spec: EnrichmentSpec, found: _Found) -> pl.DataFrame:
    missing = [one.name for one in _quarantining(spec) if one.name in found.unusable]
    if missing:
        raise UnusableInputError(f"{', '.join(missing)} could not run")
    return together(_set_aside(found.findings, spec).values())


def _set_aside(findings: Mapping[str, pl.DataFrame], spec: EnrichmentSpec) -> dict[str, pl.DataFrame]:
    """Findings whose rows go to quarantine, the most severe check first."""
    return {one.name: findings[one.name] for one in _quarantining(spec) if one.name in findings}


def _quarantining(spec: EnrichmentSpec) -> list[CheckDefinition]:
    """Row checks that block; one's own ones that only warn leave their rows where they are."""
    own = _own_row_checks(spec)
    return [one for one in catalogue.check_names(spec) if one.blocking and (one.name in ROW_CHECKS or one.name in own)]


def _of_signal(definition: CheckDefinition, signal: Signal, *, alarm: bool, total: int) -> CheckResult:
    return CheckResult(
        name=definition.name,
        passed=not alarm,
        blocking=definition.blocking,
        failed_rows=signal.failed_rows if alarm else 0,
        total_rows=total,
        threshold=None,
        description=definition.description,
        message=_told(signal, alarm=alarm),
        row_ids=signal.row_ids if alarm else (),
        learning=signal.learning,
    )


def _told(signal: Signal, *, alarm: bool) -> str:
    if signal.learning:
        return f"Nothing to compare with yet: {signal.learning}."
    if signal.matters and not alarm:
        return f"{signal.message} Days differ by that much (p = {shown_p(signal.p_value)}), so it passes."
    return signal.message


def _own_row_checks(spec: EnrichmentSpec) -> dict[str, CustomCheck]:
    return {check.name: check for check in spec.checks.custom if check.rate is None}


def _usual_fingerprint(staged: pl.DataFrame) -> str:
    if staged.schema.get("fingerprint") != pl.String:
        return ""
    usual = staged.get_column("fingerprint").drop_nulls().mode().sort()
    return str(usual[-1]) if usual.len() else ""
