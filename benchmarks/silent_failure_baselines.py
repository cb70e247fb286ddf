"""What teams use today, as baselines: a Pandera schema alone, three sigma on shares, PSI on label fields.

Each says of one classified table whether it would have raised an alarm; rows without an answer (`status` is not ok) are
left out as such teams drop them, so that they show in the row count alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaError

from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.spec import EnrichmentSpec

SIGMAS = 3.0
LEAST_HISTORY = 7  # partitions; a standard deviation of fewer alarms on most days
PSI_LIMIT = 0.2  # the usual "significant shift" (Siddiqi, Credit Risk Scorecards, 2006)
PSI_FLOOR = 1e-4  # for a share of zero, which has no logarithm
ROWS = "rows"

Baseline = Callable[[EnrichmentSpec, pl.DataFrame, Sequence[pl.DataFrame]], bool]


def profile(spec: EnrichmentSpec, staged: pl.DataFrame) -> pl.DataFrame:
    """What a history keeps of one partition.

    Returns:
        Frame (kind, field, value, count, total): kind `label` with the count of each label of each label field, kind
        `null` with the count of nulls of each output field, kind `rows` once; total is the answered rows.
    """
    answered = _answered(staged)
    names = [one.name for one in spec.output]
    counts = answered.select(pl.col(names).null_count())
    parts = [_part("null", name, [""], [counts.get_column(name).item()]) for name in names]
    for one in spec.output:
        if one.type == "label":
            found = answered.group_by(one.name).len().drop_nulls(one.name).sort(one.name)
            parts.append(_part("label", one.name, found.get_column(one.name).to_list(), found["len"].to_list()))
    parts.append(_part(ROWS, "", [""], [answered.height]))
    return pl.concat(parts).with_columns(total=pl.lit(answered.height, pl.Int64))


def schema_alarm(spec: EnrichmentSpec, staged: pl.DataFrame, history: Sequence[pl.DataFrame] = ()) -> bool:
    """A Pandera schema: types, closed sets, nullability, and a row id that is unique; it needs no history."""
    del history
    columns = {"row_id": pa.Column(pl.String, nullable=False, unique=True)}
    for one in spec.output:
        closed = [pa.Check.isin(list(one.labels))] if one.type == "label" else []
        columns[one.name] = pa.Column(DTYPES[one.type], closed, nullable=not one.required)
    try:
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            pa.DataFrameSchema(columns, strict=False).validate(_answered(staged))
    except SchemaError:
        return True
    return False


def three_sigma_alarm(spec: EnrichmentSpec, staged: pl.DataFrame, history: Sequence[pl.DataFrame]) -> bool:
    """A label's share, a null rate or the row count is three standard deviations off the history's mean.

    Args:
        spec: The enrichment.
        staged: The classified table.
        history: `profile` of earlier partitions; with fewer than seven there is no alarm.
    """
    if len(history) < LEAST_HISTORY:
        return False
    keys = ["kind", "field", "value"]
    past = pl.concat(one.select(*keys, _measure().alias("x"), day=pl.lit(n)) for n, one in enumerate(history))
    days = len(history)
    moments = past.group_by(keys).agg(pl.col("x").sum().alias("sum"), (pl.col("x") ** 2).sum().alias("squares"))
    today = profile(spec, staged).select(*keys, _measure().alias("x"))
    # A label that a day does not have, has a share of zero on it.
    both = moments.join(today, on=keys, how="full", coalesce=True).fill_null(0.0)
    mean = pl.col("sum") / days
    variance = ((pl.col("squares") - days * mean**2) / (days - 1)).clip(0)
    rounding = 1e-9 * pl.max_horizontal(mean.abs(), pl.lit(1.0))
    return bool(both.select(((pl.col("x") - mean).abs() > SIGMAS * variance.sqrt() + rounding).any()).item())


def psi_alarm(spec: EnrichmentSpec, staged: pl.DataFrame, history: Sequence[pl.DataFrame]) -> bool:
    """The population stability index of a label field against all of the history is above 0.2."""
    if not history:
        return False
    keys = ["field", "value"]
    labels = pl.col("kind") == "label"
    past = pl.concat(history).filter(labels).group_by(keys).agg(pl.col("count").sum().alias("past"))
    today = profile(spec, staged).filter(labels).select(*keys, pl.col("count").alias("today"))
    both = past.join(today, on=keys, how="full", coalesce=True).fill_null(0)
    return any(
        psi(one.get_column("past").to_list(), one.get_column("today").to_list()) > PSI_LIMIT
        for one in both.partition_by("field")
    )


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Population stability index of two lists of counts over the same categories; infinite where one has none."""
    if not sum(expected) or not sum(actual):
        return math.inf
    pairs = [
        (max(e / sum(expected), PSI_FLOOR), max(a / sum(actual), PSI_FLOOR))
        for e, a in zip(expected, actual, strict=True)
    ]
    return sum((a - e) * math.log(a / e) for e, a in pairs)


BASELINES: dict[str, Baseline] = {
    "Pandera schema": schema_alarm,
    "three sigma": three_sigma_alarm,
    "PSI > 0.2": psi_alarm,
}


def _answered(staged: pl.DataFrame) -> pl.DataFrame:
    return staged.filter(pl.col("status").eq_missing(pl.lit("ok"))) if "status" in staged.columns else staged


def _measure() -> pl.Expr:
    """The row count itself; of the rest their share of the rows."""
    share = pl.col("count") / pl.max_horizontal("total", pl.lit(1))
    return pl.when(pl.col("kind") == ROWS).then(pl.col("count").cast(pl.Float64)).otherwise(share)


def _part(kind: str, field: str, values: list[str], counts: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"kind": [kind] * len(values), "field": [field] * len(values), "value": values, "count": counts},
        schema={"kind": pl.String, "field": pl.String, "value": pl.String, "count": pl.Int64},
    )
