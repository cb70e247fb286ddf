"""Golden rows that ride along in a partition: were they answered, and as well as ever."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl

from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.e_process import e_value
from enrichment_platform.checks.findings import percent
from enrichment_platform.checks.history import CANARY_SCHEMA
from enrichment_platform.checks.inputs import (
    CANARY,
    CONTROL_COLUMNS,
    ROW_ID,
    PartitionTables,
    UnusableInputError,
    is_answered,
    require_columns,
    shown_key,
)
from enrichment_platform.checks.interval import wilson_interval
from enrichment_platform.checks.results import MAX_ROW_IDS, CheckDefinition, CheckResult
from enrichment_platform.spec import EnrichmentSpec, OutputField

MAX_E_VALUE = 100.0
"""CHECKS.md: canaries, e-value >= 100 blocks (alpha = .01)."""

SHOWN_PARTITIONS = 30
PRECISION = 1e-9
"""Relative difference up to which two numbers are the same one."""


def canary_frame(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """The partition's canaries, judged: one row a golden row and field whose value is known.

    An answer that is not ok, or was cut off, is wrong in every field.

    Returns:
        `CANARY_SCHEMA`; empty where no canary was asked.

    Raises:
        UnusableInputError: nobody looked for controls, the table lacks a column, an expected value is not a JSON
            object, or names no output field.
    """
    canaries = _canaries(spec, tables)
    fields = {field.name: field for field in spec.output}
    judged = []
    for row in canaries.with_columns(answered=is_answered()).iter_rows(named=True):
        known = _known(row, fields)
        judged += [
            {
                "partition_key": row["partition_key"],
                "fingerprint": row["fingerprint"],
                "golden_id": row["of_row_id"],
                "field": name,
                "correct": row["answered"] and is_same_value(fields[name], row[name], expected),
            }
            for name, expected in known.items()
        ]
    return pl.DataFrame(judged, schema=CANARY_SCHEMA)


def canary_accuracy(definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables) -> CheckResult:
    """Fail where golden rows are answered worse than before, or where they did not ride along as they should.

    The evidence is the mean of the fields' e-values, which is an e-value again. `minimum_accuracy` is held against
    today's canaries alone: it sees a model that is bad from the first day, which no comparison with the past can.

    Raises:
        UnusableInputError: no golden set is given, nobody looked for controls, or the table lacks a column or holds
            an expected value that cannot be read.
    """
    if spec.checks.golden is None:
        raise UnusableInputError("checks.golden is not set, so there is no canary to look at")
    today = canary_frame(spec, tables)
    require_columns("history.canaries", tables.history.canaries, CANARY_SCHEMA)
    own = pl.col("partition_key").is_in(today.get_column("partition_key").unique().implode())
    earlier = tables.history.canaries.filter(~own)
    total = today.get_column("golden_id").n_unique()
    problem = _not_as_asked(spec, tables, today)
    if problem:
        return _result(definition, False, total, total, f"{problem} Materialize this partition again.", ())
    if today.is_empty():
        return _result(definition, True, 0, 0, "No row was asked in this partition, so no golden row either.", ())
    both = pl.concat([earlier, today])
    fields = today.get_column("field").unique().sort()
    evidence = sum(e_value(both.filter(pl.col("field") == name)) for name in fields) / len(fields)
    wrong = today.filter(~pl.col("correct")).get_column("golden_id").unique().sort()
    message = f"{_accuracy(today, earlier)} e-value {evidence:.3g}, limit {MAX_E_VALUE:.0f}"
    least = spec.checks.golden.minimum_accuracy
    if evidence >= MAX_E_VALUE:
        problem = "golden rows are answered worse than they were, so nothing is published. Look these golden rows up,"
        problem += f" and ask the provider whether the model changed. When it is mended, {_again(spec, tables)}"
    elif low := [name for name in fields if least is not None and _is_below(today, name, least)]:
        problem = f"{', '.join(low)}: less is right than `checks.golden.minimum_accuracy`, so nothing is published."
        problem += " Look these golden rows up, and change the prompt or the model;"
        problem += f" where it was a fault of the provider, {_again(spec, tables)}"
    else:
        return _result(definition, True, len(wrong), total, f"{message}.", _ids(wrong))
    return _result(definition, False, len(wrong), total, f"{message}: {problem}.", _ids(wrong))


def is_same_value(field: OutputField, answered: Any, expected: Any) -> bool:
    """Whether an answer is the expected value, of which JSON may have changed the type.

    Labels and booleans are equal exactly, strings but for case and spaces, numbers to 1e-9, dates as ISO 8601, lists
    as sets. Null equals null only.
    """
    if answered is None or expected is None:
        return answered is None and expected is None
    if field.type in ("number", "integer"):
        return _is_same_number(answered, expected)
    if field.type == "string":
        return _plain(answered) == _plain(expected)
    if field.type == "date":
        return _iso(answered) == _iso(expected)
    if field.type == "list":
        return {_item(field, item) for item in answered} == {_item(field, item) for item in expected}
    return type(answered) is type(expected) and bool(answered == expected)


def _canaries(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    if tables.controls is None:
        raise UnusableInputError("controls: nobody looked what was asked beside the rows")
    outputs = {field.name: DTYPES[field.type] for field in spec.output}
    require_columns("controls", tables.controls, CONTROL_COLUMNS | outputs)
    canaries = tables.controls.filter(pl.col("kind").eq_missing(CANARY))
    if canaries.get_column("of_row_id").null_count():
        raise UnusableInputError("controls: a canary does not say which golden row it is")
    return canaries


def _known(row: dict[str, Any], fields: dict[str, OutputField]) -> dict[str, Any]:
    """Expected values by field; null is one where the field may be null, else it means that nothing is known."""
    try:
        expected = json.loads(row["expected"] or "")
    except ValueError as problem:
        raise UnusableInputError(f"controls: `expected` of {row[ROW_ID]} is not JSON") from problem
    if not isinstance(expected, dict):
        raise UnusableInputError(f"controls: `expected` of {row[ROW_ID]} is not a JSON object")
    known = {
        name: value
        for name, value in expected.items()
        if name in fields and (value is not None or not fields[name].required)
    }
    if not known:
        raise UnusableInputError(f"controls: `expected` of {row[ROW_ID]} names no output field")
    return known


def _not_as_asked(spec: EnrichmentSpec, tables: PartitionTables, today: pl.DataFrame) -> str:
    """Why the canaries say nothing of this partition; empty where they do."""
    assert spec.checks.golden is not None
    require_columns("staged", tables.staged, {"fingerprint": pl.String})
    if tables.cleaned.is_empty() and tables.staged.is_empty():
        return ""  # nothing was asked, and `not_empty` says whether that may be
    canaries = _canaries(spec, tables)
    answered = canaries.filter(is_answered()).get_column("of_row_id").n_unique()
    if answered == 0:
        return f"None of {canaries.height} canaries was answered, so nobody knows how good this partition is."
    present, meant = today.get_column("golden_id").n_unique(), tables.canaries_meant
    if meant is None:
        raise UnusableInputError("nobody reckoned how many golden rows were to ride along")
    if present < meant:
        return f"Only {present} of {meant} canaries rode along."
    if tables.staged.is_empty() and not tables.cleaned.is_empty():
        raise UnusableInputError(f"staged is empty, cleaned has {tables.cleaned.height:,} rows")
    fingerprints = tables.staged.get_column("fingerprint").drop_nulls().unique().implode()
    strange = canaries.filter(~pl.col("fingerprint").is_in(fingerprints).fill_null(False)).height
    if strange and not tables.staged.is_empty():
        return (
            f"{strange} of {canaries.height} canaries were answered under a fingerprint that no row of the partition"
            " has: another prompt, model or cleaning, so they say nothing of it."
        )
    return ""


def _accuracy(today: pl.DataFrame, earlier: pl.DataFrame) -> str:
    told = f"Golden rows: {_share(today)} of the known values right today"
    latest = earlier.get_column("partition_key").unique().sort(descending=True).head(SHOWN_PARTITIONS)
    if latest.is_empty():
        return f"{told}; no earlier partition to compare with."
    before = earlier.filter(pl.col("partition_key").is_in(latest.implode()))
    return f"{told}, {_share(before)} in the last {len(latest)} partitions."


def _share(judged: pl.DataFrame) -> str:
    hits, trials = int(judged.get_column("correct").sum()), judged.height
    low, high = wilson_interval(hits, trials)
    return (
        f"{percent(round(hits / trials, 3))} ({percent(round(low, 3))} to {percent(round(high, 3))}, {trials:,} values)"
    )


def _again(spec: EnrichmentSpec, tables: PartitionTables) -> str:
    return f"`enrichment replay {spec.name} --partition {shown_key(tables)} --all` asks all rows again"


def _is_below(judged: pl.DataFrame, field: str, least: float) -> bool:
    correct = judged.filter(pl.col("field") == field).get_column("correct")
    return wilson_interval(int(correct.sum()), len(correct))[1] < least


def _ids(golden: pl.Series) -> tuple[str, ...]:
    return tuple(golden.head(MAX_ROW_IDS).to_list())


def _result(
    definition: CheckDefinition, passed: bool, failed: int, total: int, message: str, row_ids: tuple[str, ...]
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
        row_ids=row_ids,
    )


def _is_same_number(answered: Any, expected: Any) -> bool:
    if isinstance(expected, bool) or isinstance(answered, bool):
        return False
    try:
        one, other = float(answered), float(expected)
    except (TypeError, ValueError):
        return False
    return abs(one - other) <= PRECISION * max(abs(one), abs(other))


def _item(field: OutputField, item: Any) -> str:
    return str(item) if field.labels else _plain(item)


def _plain(text: Any) -> str:
    return " ".join(str(text).split()).casefold()


def _iso(value: Any) -> str:
    return value.isoformat()[:10] if isinstance(value, date) else str(value).strip()[:10]
