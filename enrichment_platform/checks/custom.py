"""Checks of one's own: an expression that has to hold of every row, or whose share is watched."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl

from enrichment_platform.check_spec import CustomCheck
from enrichment_platform.checks import polars_expression, sql_expression
from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.findings import finding, percent, sample_ids, together
from enrichment_platform.checks.history import PROFILE_SCHEMA
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, UnusableInputError, require_columns
from enrichment_platform.checks.results import CheckDefinition, CheckResult
from enrichment_platform.checks.sql_expression import HOLDS, ExpressionError
from enrichment_platform.spec import ROW_COLUMNS, EnrichmentSpec

METRIC = "custom"
_EXPRESSION = "expression "
"""Begins the category that says which expression the shares of a check were counted with."""


def row_findings(check: CustomCheck, spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Answered rows of which the check's `sql` or `polars` is false or null.

    Returns:
        Findings (row_id, detail); the detail has the check's name and description and is the same for all rows.

    Raises:
        UnusableInputError: a column is missing, a value breaks the expression, no row has an answer.
    """
    outcome = _outcome(check, spec, tables)
    about = f" ({check.description.strip()})" if check.description.strip() else ""
    holds = pl.col(HOLDS)
    return together(
        [
            finding(outcome.filter(holds.eq_missing(False)), f"does not satisfy {check.name}{about}"),
            finding(outcome.filter(holds.is_null()), f"{check.name} is null of it, neither true nor false{about}"),
        ]
    )


def rate_result(
    check: CustomCheck, definition: CheckDefinition, spec: EnrichmentSpec, tables: PartitionTables
) -> CheckResult:
    """Compare the share of answered rows of which the check's `rate` is true with its limits and with the history.

    The history is the mean of the shares of earlier published partitions that were counted with the same expression;
    where there is none, `max_shift` has nothing to say yet, and the message says so.

    Returns:
        The result; where it fails, its row ids are on the side that there is too much of, and `failed_rows` is how
        many too many.

    Raises:
        UnusableInputError: a column is missing, a value breaks the expression, no row has an answer.
    """
    outcome = _outcome(check, spec, tables)
    true = _true(outcome)
    rows, share = outcome.height, true.height / outcome.height if outcome.height else 0.0
    earlier = _earlier_shares(check, tables.history.profiles)
    lowest, highest, said = _limits(check, earlier)
    alone = check.max_shift is not None and not earlier
    low, high = rows > 0 and share < lowest - 1e-12, rows > 0 and share > highest + 1e-12
    excess = (lowest - share if low else share - highest) * rows if low or high else 0.0
    suspects = outcome.join(true, on=ROW_ID, how="anti", maintain_order="left") if low else true
    return CheckResult(
        name=definition.name,
        passed=not (low or high),
        blocking=definition.blocking,
        failed_rows=max(1, round(excess)) if low or high else 0,
        total_rows=rows,
        threshold=None,
        description=definition.description,
        message=_message(check, spec, true.height, rows, said, low=low, high=high),
        row_ids=sample_ids(suspects.get_column(ROW_ID)) if low or high else (),
        learning="no earlier partition to compare with yet" if alone else "",
    )


def custom_profile(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """What later partitions compare their rates with.

    Returns:
        Rows of `PROFILE_SCHEMA`, metric `custom`, field the check's name: how many answered rows are `true` and how
        many `false` (or null), and `expression ...`, which expression they were counted with. None of a check that
        cannot run, and none of a partition without answers.
    """
    rows: list[dict[str, object]] = []
    for check in (check for check in spec.checks.custom if check.rate is not None):
        try:
            outcome = _outcome(check, spec, tables)
        except UnusableInputError:
            continue  # it has failed; the history is of what could be counted
        if outcome.is_empty():
            continue
        true = _true(outcome).height
        counts = {"true": true, "false": outcome.height - true, _expression_of(check): outcome.height}
        about = {
            "partition_key": tables.answered.get_column("partition_key").first(),
            "fingerprint": tables.answered.get_column("fingerprint").mode().sort().first(),
            "metric": METRIC,
            "field": check.name,
            "total": outcome.height,
        }
        rows += [{**about, "value": value, "count": count} for value, count in counts.items()]
    return pl.DataFrame(rows, schema=PROFILE_SCHEMA)


def _true(outcome: pl.DataFrame) -> pl.DataFrame:
    return outcome.filter(pl.col(HOLDS).eq_missing(True)).select(ROW_ID)


def _outcome(check: CustomCheck, spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Frame (row_id, holds), one row an answered row."""
    rows = _rows(spec, tables)
    try:
        if check.polars is not None:
            outcome = polars_expression.evaluate(polars_expression.load(check.polars), rows)
        else:
            outcome = sql_expression.evaluate(sql_expression.parse(check.sql or check.rate or ""), rows)
    except ExpressionError as error:
        raise UnusableInputError(f"checks.custom.{check.name}: {error}") from None
    if not outcome.get_column(ROW_ID).sort().equals(rows.get_column(ROW_ID).sort()):
        raise UnusableInputError(f"checks.custom.{check.name}: it does not give one result for each answered row")
    return outcome


def _rows(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Answered rows with their row columns, output columns and cleaned columns; null where a row was not cleaned."""
    outputs = output_types(spec)
    row_columns = dict.fromkeys([*ROW_COLUMNS, "fingerprint"], pl.String())
    require_columns("staged", tables.answered, {**row_columns, **outputs})
    require_columns("cleaned", tables.cleaned, {ROW_ID: pl.String})
    taken = sorted(set(outputs).intersection(tables.cleaned.columns))
    if taken:
        raise UnusableInputError(f"cleaned: {', '.join(taken)} is the name of an output field too; rename one of them")
    source = tables.cleaned.drop("partition_key", strict=False).unique(ROW_ID, keep="first", maintain_order=True)
    answers = tables.answered.select(*ROW_COLUMNS, *outputs)
    return answers.join(source, on=ROW_ID, how="left", maintain_order="left")


def output_types(spec: EnrichmentSpec) -> dict[str, pl.DataType]:
    """Types of the columns that the model fills."""
    types: dict[str, pl.DataType] = {}
    for field in spec.output:
        types[field.name] = DTYPES[field.type]
        if field.evidence:
            types[field.evidence_column] = pl.String()
    return types


def _expression_of(check: CustomCheck) -> str:
    words = " ".join((check.rate or "").split())
    return _EXPRESSION + hashlib.sha256(words.encode()).hexdigest()[:12]


def _earlier_shares(check: CustomCheck, profiles: pl.DataFrame) -> Sequence[float]:
    """Shares of the earlier partitions in which this check counted with the expression that it has now."""
    own = profiles.filter((pl.col("metric") == METRIC) & (pl.col("field") == check.name) & (pl.col("total") > 0))
    marks = own.filter(pl.col("value").str.starts_with(_EXPRESSION))
    others = marks.filter(pl.col("value") != _expression_of(check))
    shares = (
        own.join(others, on="partition_key", how="anti")
        .group_by("partition_key")
        .agg(pl.col("count").filter(pl.col("value") == "true").sum() / pl.col("total").max())
        .sort("partition_key")
    )
    return shares.get_column("count").to_list()


def _limits(check: CustomCheck, earlier: Sequence[float]) -> tuple[float, float, list[str]]:
    """The least and the largest share that is allowed, and where the limits come from."""
    lows, highs, said = [0.0], [1.0], []
    if check.minimum is not None:
        lows.append(check.minimum)
        said.append(f"at least {percent(check.minimum)}")
    if check.maximum is not None:
        highs.append(check.maximum)
        said.append(f"at most {percent(check.maximum)}")
    if check.max_shift is not None and earlier:
        mean = sum(earlier) / len(earlier)
        lows.append(mean - check.max_shift)
        highs.append(mean + check.max_shift)
        partitions = f"{len(earlier)} earlier partition{'s' if len(earlier) > 1 else ''}"
        said.append(f"within {100 * check.max_shift:.4g} points of {percent(mean)}, the mean of {partitions}")
    elif check.max_shift is not None:
        said.append("no earlier partition to compare with yet")
    return max(lows), min(highs), said


def _message(
    check: CustomCheck, spec: EnrichmentSpec, true: int, rows: int, said: list[str], *, low: bool, high: bool
) -> str:
    if not rows:
        return "No row was left after cleaning, so there is no share."
    told = f"True of {true:,} of {rows:,} rows ({percent(true / rows)}); {', '.join(said)}."
    if not (low or high):
        return told
    which = "not true" if low else "true"
    return (
        f"{told} Too {'few' if low else 'many'}: look rows up of which it is {which} (ids in row_ids) in"
        f" {spec.name}.classified; where the change is right, alter the limits of checks.custom.{check.name}."
    )
