"""Where the answered rows of a partition stand: published, quarantined, or staged and not published yet."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.naming import table

ANSWERED = ["ok", "refused", "malformed", "truncated"]  # outcomes that an answer came with
_BATCH_ROWS = 10_000
_RANKS = {"published": 0, "pending": 1, "quarantined": 2}
_NAMES = ("status", "model", "endpoint", "label")  # few values each


def standing_rows(lake: Lake, spec: EnrichmentSpec, partition_key: str, field: str) -> pl.DataFrame:
    """Rows with an answer, published or staged, some 30 bytes each: key and row (hashes of request key and row id),
    status, model, endpoint, label, purpose (`published`, `pending`, `quarantined`) and its rank.

    A row that is published under one answer and staged with another is there twice.

    Args:
        lake: The lake.
        spec: The enrichment.
        partition_key: Which partition.
        field: Output field whose values are the labels; empty for none.
    """
    published = _answers(lake, spec, Stage.ENRICHED, partition_key, field)
    staged = _answers(lake, spec, Stage.CLASSIFIED, partition_key, field)
    aside = quarantine.read(lake, spec, partition_key, Stage.CLASSIFIED)["row_id"].hash().implode()
    other = staged.join(published, on=["row", "key"], how="anti")
    in_quarantine = pl.col("row").is_in(aside)
    # The quarantine is that of the published version: where rows are staged that are neither published nor in it,
    # what is staged is another version.
    if other.filter(~in_quarantine).height:
        in_quarantine = pl.lit(False)
    purpose = pl.when(in_quarantine).then(pl.lit("quarantined")).otherwise(pl.lit("pending"))
    rows = pl.concat(
        [
            published.with_columns(pl.lit("published").cast(pl.Categorical).alias("purpose")),
            other.with_columns(purpose.cast(pl.Categorical).alias("purpose")),
        ]
    )
    rank = pl.col("purpose").cast(pl.String).replace_strict(_RANKS, return_dtype=pl.Int8)
    return rows.with_columns(rank.alias("rank"))


def request_keys(lake: Lake, spec: EnrichmentSpec, partition_key: str, keys: pl.Series) -> list[str]:
    """The request keys of rows, published or staged, by their hashes."""
    wanted, found = keys.implode(), set[str]()
    for stage in (Stage.ENRICHED, Stage.CLASSIFIED):
        for batch in _batches(lake, spec, stage, partition_key, ["request_key"]):
            found.update(batch.filter(pl.col("request_key").hash().is_in(wanted))["request_key"])
    return sorted(found)


def provenance_column(columns: list[str], name: str) -> str:
    """Name of a provenance column in the enriched table: a source with a column of that name keeps it."""
    return f"answer_{name}" if f"answer_{name}" in columns else name


def _answers(lake: Lake, spec: EnrichmentSpec, stage: Stage, partition_key: str, field: str) -> pl.DataFrame:
    names = ["row_id", "request_key", "model", "endpoint", *([field] if field else [])]
    names += ["status"] if stage is Stage.CLASSIFIED else []
    types = pl.Schema({"key": pl.UInt64(), "row": pl.UInt64(), **dict.fromkeys(_NAMES, pl.Categorical())})
    batches = _batches(lake, spec, stage, partition_key, names)
    return pl.concat([pl.DataFrame(schema=types), *(_compact(batch, field).cast(types) for batch in batches)])


def _compact(rows: pl.DataFrame, field: str) -> pl.DataFrame:
    label = pl.col(field).cast(pl.String).fill_null("") if field in rows.columns else pl.lit("")
    status = pl.col("status") if "status" in rows.columns else pl.lit("ok")
    return rows.select(
        pl.col("request_key").hash().alias("key"),
        pl.col("row_id").hash().alias("row"),
        status.alias("status"),
        "model",
        "endpoint",
        label.alias("label"),
    )


def _batches(
    lake: Lake, spec: EnrichmentSpec, stage: Stage, partition_key: str, names: list[str]
) -> Iterator[pl.DataFrame]:
    """These columns of a stage, as far as its table has them; under the names of the classified table."""
    try:
        present = lake.columns(table(spec, stage))
    except TableNotFoundError:
        return
    stored = {name: provenance_column(present, name) if stage is Stage.ENRICHED else name for name in names}
    stored = {name: of for name, of in stored.items() if of in present}
    for batch in lake.stream(table(spec, stage), partition_key, list(stored.values()), _BATCH_ROWS):
        yield batch.rename({of: name for name, of in stored.items()})
