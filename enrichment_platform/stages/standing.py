"""Where the answered rows of a partition stand: published, quarantined, or staged and not published yet."""

from __future__ import annotations

import polars as pl

from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.naming import table

ANSWERED = ["ok", "refused", "malformed", "truncated"]  # outcomes that an answer came with
_COLUMNS = ("row_id", "request_key", "status", "model", "endpoint", "label")
_RANKS = {"published": 0, "pending": 1, "quarantined": 2}


def standing_rows(lake: Lake, spec: EnrichmentSpec, partition_key: str, field: str) -> pl.DataFrame:
    """Rows with an answer, published or staged: key and row (hashes), request_key, status, model, endpoint, label,
    purpose (`published`, `pending`, `quarantined`) and its rank.

    A row that is published under one answer and staged with another is there twice.

    Args:
        lake: The lake.
        spec: The enrichment.
        partition_key: Which partition.
        field: Output field whose values are the labels; empty for none.
    """
    published = _published(lake, spec, partition_key, field)
    staged = _staged(lake, spec, partition_key, field)
    aside = quarantine.read(lake, spec, partition_key, Stage.CLASSIFIED)["row_id"].implode()
    other = staged.join(published, on=["row_id", "request_key"], how="anti")
    in_quarantine = pl.col("row_id").is_in(aside)
    # The quarantine is that of the published version: where rows are staged that are neither published nor in it,
    # what is staged is another version.
    if other.filter(~in_quarantine).height:
        in_quarantine = pl.lit(False)
    rows = pl.concat(
        [
            published.with_columns(pl.lit("published").alias("purpose")),
            other.with_columns(
                pl.when(in_quarantine).then(pl.lit("quarantined")).otherwise(pl.lit("pending")).alias("purpose")
            ),
        ]
    )
    return rows.with_columns(
        pl.col("request_key").hash().alias("key"),
        pl.col("row_id").hash().alias("row"),
        pl.col("label").fill_null(""),
        pl.col("purpose").replace_strict(_RANKS, return_dtype=pl.Int8).alias("rank"),
    )


def provenance_column(columns: list[str], name: str) -> str:
    """Name of a provenance column in the enriched table: a source with a column of that name keeps it."""
    return f"answer_{name}" if f"answer_{name}" in columns else name


def _published(lake: Lake, spec: EnrichmentSpec, partition_key: str, field: str) -> pl.DataFrame:
    try:
        names = [str(name) for name in lake.dataset(table(spec, Stage.ENRICHED)).schema.names]
    except TableNotFoundError:
        return pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String))
    stored = {name: provenance_column(names, name) for name in ("request_key", "model", "endpoint")}
    kept = ["row_id", *stored.values(), *([field] if field in names else [])]
    rows = lake.read(table(spec, Stage.ENRICHED), partition_key, columns=kept)
    return _named(
        rows.rename({of: name for name, of in stored.items()}).with_columns(pl.lit("ok").alias("status")), field
    )


def _staged(lake: Lake, spec: EnrichmentSpec, partition_key: str, field: str) -> pl.DataFrame:
    try:
        names = lake.dataset(table(spec, Stage.CLASSIFIED)).schema.names
    except TableNotFoundError:
        return pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String))
    kept = ["row_id", "request_key", "status", "model", "endpoint", *([field] if field in names else [])]
    return _named(lake.read(table(spec, Stage.CLASSIFIED), partition_key, columns=kept), field)


def _named(rows: pl.DataFrame, field: str) -> pl.DataFrame:
    label = pl.col(field).cast(pl.String) if field in rows.columns else pl.lit(None, dtype=pl.String)
    return rows.with_columns(label.alias("label")).select(pl.col(_COLUMNS).cast(pl.String))
