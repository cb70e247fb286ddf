"""A change of prompt, model or cleaning: a new baseline begins, and what the change did is told instead of alarmed."""

from __future__ import annotations

from enrichment_platform.checks.canaries import canary_frame
from enrichment_platform.checks.comparison import comparison_sentence, flip_rate, mcnemar
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec

WORSE = 0.01
"""Level of McNemar's test at which golden rows count as answered worse; as `canary_accuracy`'s."""


def baseline_change(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Compare with the fingerprint that was published before, where this partition is the first of a new one.

    It fails only where the same golden rows are answered worse than before.

    Raises:
        UnusableInputError: staged, the controls or what was published before lack a column.
    """
    answered, history = tables.answered, tables.history
    labels = [field.name for field in spec.output if field.type in ("label", "boolean")]
    begins = history.profiles.is_empty() and not history.earlier_profiles.is_empty()
    replaced = history.replaced
    if not begins and replaced.is_empty():
        return _result(definition, answered.height, "The prompt, the model and the cleaning are those of the baseline.")
    after = canary_frame(spec, tables) if spec.checks.golden is not None else history.earlier_canaries.clear()
    golden = mcnemar(history.earlier_canaries, after)
    columns = [name for name in labels if name in replaced.columns]
    before = replaced.select(ROW_ID, *columns) if columns else answered.select(ROW_ID, *labels).clear()
    flips = flip_rate(before, answered.select(ROW_ID, *(columns or labels))) if labels else None
    said = comparison_sentence(golden, flips)
    worse = golden.p_value < WORSE and golden.broken > golden.repaired
    message = f"A new baseline begins, as prompt, model or cleaning changed: {said}."
    if worse:
        message += f" The change made it worse: look at {spec.name}.controls, and go back to what it was before."
    return _result(definition, answered.height, message, failed=golden.broken if worse else 0, passed=not worse)


def _result(
    definition: CheckDefinition, total: int, message: str, *, failed: int = 0, passed: bool = True
) -> CheckResult:
    return CheckResult(
        name=definition.name,
        passed=passed,
        blocking=definition.blocking,
        failed_rows=failed,
        total_rows=total,
        threshold=None,
        description=definition.description,
        message=message,
        row_ids=(),
    )
