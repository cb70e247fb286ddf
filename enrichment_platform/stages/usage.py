"""What the requests of a partition were for: tokens and money by label, model, endpoint, cause and purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.inference.history import attempt_frames
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import CONTROL_PREFIX, EnrichmentSpec
from enrichment_platform.stages.standing import ANSWERED, request_keys, standing_rows

TABLE = "platform/usage"
PUBLISHED, PENDING, SAVED = "published", "pending", "saved"
RETRY, TRUNCATED, QUARANTINED, SUPERSEDED, UNKNOWN = "retry", "truncated", "quarantined", "superseded", "unknown"
AUDIT, CONTROL = "audit", "control"
WASTE = (RETRY, TRUNCATED, QUARANTINED, SUPERSEDED)
SUMS = {
    "rows": pl.Int64,
    "requests": pl.Int64,
    "input_tokens": pl.Int64,
    "cached_tokens": pl.Int64,
    "output_tokens": pl.Int64,
    "unknown_requests": pl.Int64,
    "reserved_tokens": pl.Int64,
    "cost_usd": pl.Float64,
    "reserved_usd": pl.Float64,
}
DIMENSIONS = ["field", "label", "model", "endpoint", "cause", "outcome", "purpose"]
SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("enrichment", "partition_key", *DIMENSIONS), pl.String),
    **SUMS,
    "computed_at": pl.Datetime("us", "UTC"),
}
_NOT_BILLED = ["rate_limit", "bad_request", "unauthorized", "not_sent"]
_USED = ["request_key", "row_id", "run_id", "endpoint", "cause", "outcome", "model", "sent_at", "reserved_tokens"]
_USED += ["reserved_nano_usd", "input_tokens", "cached_tokens", "output_tokens", "cost_usd"]
_KEYS_A_LOOK = 5_000


def label_field(spec: EnrichmentSpec) -> str:
    """The output field that usage is told by: the first label field; empty where there is none."""
    return next((field.name for field in spec.output if field.type == "label"), "")


def record_usage(lake: Lake, ledger: Ledger, spec: EnrichmentSpec, partition_key: str) -> pl.DataFrame:
    """Replace what `platform.usage` says of a partition that was just published; returns it."""
    found = partition_usage(lake, ledger, spec, partition_key, unfinished_since=datetime.now(UTC))
    lake.replace_partition(TABLE, partition_key, found, where={"enrichment": spec.name})
    return found


def stored_usage(lake: Lake, enrichment: str | None = None, partition_key: str | None = None) -> pl.DataFrame:
    """Rows of `platform.usage`; none before the first publication."""
    where = {"enrichment": enrichment} if enrichment is not None else None
    try:
        return lake.read(TABLE, partition_key, where=where).select(list(SCHEMA))
    except TableNotFoundError:
        return pl.DataFrame(schema=SCHEMA)


def partition_usage(
    lake: Lake,
    ledger: Ledger,
    spec: EnrichmentSpec,
    partition_key: str,
    *,
    field: str | None = None,
    by_day: bool = False,
    unfinished_since: datetime | None = None,
) -> pl.DataFrame:
    """Usage of a partition from all its attempts, in the ledger and in the archive, and from the rows of its tables.

    Every attempt counts in exactly one purpose, so that the sums over all purposes but `saved` are the sums over the
    attempts. `rows` of `published`, `quarantined` and `pending` are the rows that stand so, also where they share an
    answer; elsewhere they are the rows that were asked.

    Args:
        lake: The lake.
        ledger: The ledger.
        spec: The enrichment.
        partition_key: Which partition.
        field: Label field whose values `label` holds; the first one when None.
        by_day: Add the column `day`, the UTC date on which a request was sent.
        unfinished_since: Answers after it that no row has taken up belong to a run that has not ended (`pending`);
            answers before it are `superseded`. None: the time of the last publication.
    """
    name = label_field(spec) if field is None else field
    if unfinished_since is None:
        unfinished_since = stored_usage(lake, spec.name, partition_key)["computed_at"].max()  # type: ignore[assignment]
    rows = standing_rows(lake, spec, partition_key, name)
    asked = _with_purpose(_attempts(lake, ledger, spec, partition_key), rows, unfinished_since)
    extra = ["day"] if by_day else []
    groups = [column for column in DIMENSIONS if column != "field"] + extra
    parts = [
        _of_attempts(asked, groups),
        _of_rows(asked, rows, groups),
        _of_shared(lake, ledger, spec, partition_key, asked, rows, groups),
    ]
    summed = pl.concat(parts).group_by(groups).agg(pl.col(list(SUMS)).sum()).sort(groups)
    stamped = summed.with_columns(
        pl.lit(spec.name).alias("enrichment"),
        pl.lit(partition_key).alias("partition_key"),
        pl.lit(name).alias("field"),
        pl.lit(datetime.now(UTC)).cast(SCHEMA["computed_at"]).alias("computed_at"),
    )
    return stamped.select(*SCHEMA, *extra)


def _attempts(lake: Lake, ledger: Ledger, spec: EnrichmentSpec, partition_key: str) -> pl.DataFrame:
    """What usage needs of the attempts, oldest first: numbers, and hashes for keys, some 100 bytes an attempt."""
    batches = [_compact(batch) for batch in attempt_frames(lake, ledger, spec.name, partition_key, columns=_USED)]
    if not batches:
        batches = [_compact(pl.DataFrame(schema=ATTEMPT_TYPES))]
    return pl.concat(batches).sort("at", maintain_order=True)


ATTEMPT_TYPES: dict[str, Any] = {
    **dict.fromkeys(("request_key", "row_id", "run_id", "endpoint", "cause", "outcome", "model"), pl.String),
    "sent_at": pl.Datetime("us", "UTC"),
    **dict.fromkeys(
        ("reserved_tokens", "reserved_nano_usd", "input_tokens", "cached_tokens", "output_tokens"), pl.Int64
    ),
    "cost_usd": pl.Float64,
}


def _compact(batch: pl.DataFrame) -> pl.DataFrame:
    outcome = pl.col("outcome").fill_null("in_flight")
    known = pl.col("input_tokens").is_not_null()
    return batch.select(
        pl.col("request_key").hash().alias("key"),
        pl.col("row_id").hash().alias("row"),
        pl.col("run_id").hash().alias("run"),
        pl.col("sent_at").alias("at"),
        pl.col("endpoint").cast(pl.Categorical),
        pl.col("cause").cast(pl.Categorical),
        outcome.cast(pl.Categorical),
        pl.col("model").fill_null("").cast(pl.Categorical),
        (known & outcome.is_in(ANSWERED) & (pl.col("cause") != AUDIT)).alias("answered"),
        pl.col("row_id").str.starts_with(CONTROL_PREFIX).alias("control"),
        (~known & ~outcome.is_in(_NOT_BILLED)).alias("unknown"),
        pl.col("input_tokens", "cached_tokens", "output_tokens", "cost_usd").fill_null(0),
        pl.col("reserved_tokens", "reserved_nano_usd"),
    )


def _with_purpose(asked: pl.DataFrame, rows: pl.DataFrame, unfinished_since: datetime | None) -> pl.DataFrame:
    """Add `final` (the attempt that brought a key's answer), `purpose` and `label`."""
    by_key = rows.sort("rank").unique("key", keep="first", maintain_order=True)
    by_row = rows.sort("rank").unique("row", keep="first", maintain_order=True)
    since = pl.lit(unfinished_since, dtype=pl.Datetime("us", "UTC"))
    answered = pl.col("answered")
    numbered = asked.with_row_index("n").with_columns(
        pl.col("n").filter(answered).max().over("key").alias("last_of_key"),
        pl.col("n").filter(answered).max().over("row").alias("last_of_row"),
        pl.col("n").filter(answered).max().over("row", "run").alias("last_of_run"),
    )
    joined = numbered.join(
        by_key.select("key", pl.col("purpose").alias("stands"), pl.col("label").alias("label_of_key")),
        on="key",
        how="left",
        maintain_order="left",
    ).join(by_row.select("row", pl.col("label").alias("label_of_row")), on="row", how="left", maintain_order="left")
    final = answered & (pl.col("n") == pl.col("last_of_key"))
    unused = pl.when(pl.col("outcome") == TRUNCATED).then(pl.lit(TRUNCATED)).otherwise(pl.lit(RETRY))
    # A bad answer after which the same run asked another endpoint.
    left = (pl.col("outcome") != "ok") & (pl.col("n") < pl.col("last_of_run"))
    newest = pl.col("n") == pl.col("last_of_row")
    purpose = (
        pl.when("unknown")
        .then(pl.lit(UNKNOWN))
        .when(pl.col("cause") == AUDIT)
        .then(pl.lit(AUDIT))
        .when("control")
        .then(pl.lit(CONTROL))
        .when(~answered)
        .then(pl.lit(RETRY))
        .when(~final)
        .then(unused)
        .when(pl.col("stands").is_not_null())
        .then(pl.col("stands").cast(pl.String))
        .when(left)
        .then(unused)
        .when(newest & (since.is_null() | (pl.col("at") > since)))
        .then(pl.lit(PENDING))
        .otherwise(pl.lit(SUPERSEDED))
    )
    label = pl.coalesce("label_of_key", "label_of_row", pl.lit("").cast(pl.Categorical))
    return joined.with_columns(
        final.alias("final"), purpose.cast(pl.Categorical).alias("purpose"), label.alias("label")
    )


def _of_attempts(asked: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    standing = pl.col("purpose").is_in([PUBLISHED, QUARANTINED, PENDING])
    unknown = pl.col("unknown")
    return (
        asked.with_columns(pl.col("at").dt.date().cast(pl.String).alias("day"))
        .group_by(groups)
        .agg(
            # Rows that stand somewhere are counted by `_of_rows`, with those that share their answer.
            pl.when(standing.first()).then(0).otherwise(pl.col("row").n_unique()).cast(pl.Int64).alias("rows"),
            pl.len().cast(pl.Int64).alias("requests"),
            pl.col("input_tokens", "cached_tokens", "output_tokens").sum(),
            unknown.sum().cast(pl.Int64).alias("unknown_requests"),
            pl.col("reserved_tokens").filter(unknown).sum(),
            pl.col("cost_usd").sum(),
            (pl.col("reserved_nano_usd").filter(unknown).sum() / 1e9).alias("reserved_usd"),
        )
        .with_columns(pl.col(groups).cast(pl.String))
        .select(*groups, *SUMS)
    )


def _of_rows(asked: pl.DataFrame, rows: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    """How many rows stand where, beside the attempt that brought their answer where that was asked here."""
    finals = asked.filter("final").select(
        "key",
        pl.col("model", "endpoint", "cause", "outcome").name.prefix("asked_"),
        pl.col("at").dt.date().cast(pl.String).alias("day"),
    )
    counted = (
        rows.join(finals, on="key", how="left")
        .with_columns(
            pl.coalesce("asked_model", "model").alias("model"),
            pl.coalesce("asked_endpoint", "endpoint").alias("endpoint"),
            pl.coalesce("asked_cause", pl.lit("").cast(pl.Categorical)).alias("cause"),
            pl.coalesce("asked_outcome", "status").alias("outcome"),
            pl.col("day").fill_null(""),
        )
        .group_by(groups)
        .agg(pl.len().cast(pl.Int64).alias("rows"))
    )
    zero = [pl.lit(0, dtype=dtype).alias(name) for name, dtype in SUMS.items() if name != "rows"]
    return counted.with_columns(pl.col(groups).cast(pl.String), *zero).select(*groups, *SUMS)


def _of_shared(
    lake: Lake,
    ledger: Ledger,
    spec: EnrichmentSpec,
    partition_key: str,
    asked: pl.DataFrame,
    rows: pl.DataFrame,
    groups: list[str],
) -> pl.DataFrame:
    """Rows that needed no request of their own, and what one would have cost: what the shared answer did."""
    here = asked.filter(pl.col("outcome").cast(pl.String).is_in(ANSWERED) & (pl.col("cause").cast(pl.String) != AUDIT))
    shared = (
        rows.filter(pl.col("status").is_in(ANSWERED))
        .group_by("key", "label", "model", "endpoint", "status")
        .agg(pl.len().alias("sharing"))
        .with_columns((pl.col("sharing") - pl.col("key").is_in(here["key"].implode())).alias("rows"))
        .filter(pl.col("rows") > 0)
    )
    spent = asked.filter("final").select("key", "input_tokens", "cached_tokens", "output_tokens", "cost_usd")
    unknown = shared.join(spent, on="key", how="anti")["key"]
    elsewhere = request_keys(lake, spec, partition_key, unknown) if unknown.len() else []
    stored = [
        (answer.request_key, answer.input_tokens, answer.cached_tokens, answer.output_tokens, answer.cost_usd)
        for start in range(0, len(elsewhere), _KEYS_A_LOOK)
        for answer in ledger.answers(elsewhere[start : start + _KEYS_A_LOOK]).values()
    ]
    types: dict[str, Any] = {
        "request_key": pl.String,
        **{name: spent.schema[name] for name in spent.columns if name != "key"},
    }
    from_ledger = pl.DataFrame(stored, schema=types, orient="row")
    costs = pl.concat([spent, from_ledger.select(pl.col("request_key").hash().alias("key"), *spent.columns[1:])])
    each = [(pl.col(name) * pl.col("rows")).fill_null(0).alias(name) for name in spent.columns[1:]]
    rest = [pl.lit(0, dtype=SUMS[name]).alias(name) for name in SUMS if name not in (*spent.columns, "rows")]
    return (
        shared.join(costs, on="key", how="left")
        .with_columns(pl.col("rows").cast(pl.Int64), pl.col("label", "model", "endpoint", "status").cast(pl.String))
        .with_columns(
            *each,
            *rest,
            pl.lit("").alias("cause"),
            pl.col("status").alias("outcome"),
            pl.lit(SAVED).alias("purpose"),
            pl.lit("").alias("day"),
        )
        .select(*groups, *SUMS)
    )
