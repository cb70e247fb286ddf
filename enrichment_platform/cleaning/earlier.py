"""What earlier partitions hold of the same texts: their signatures in a table of the lake, their texts where needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import polars as pl

from enrichment_platform.lake.spool import Spool
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage

SIGNATURES = "signatures"
SCHEMA = {
    "row_id": pl.String,
    "partition_key": pl.String,
    "compared": pl.String,
    "shingled": pl.String,
    "content": pl.Binary,
    "exact": pl.Binary,
    "bands": pl.List(pl.Int64),
}
_ROWS = 16_384


class EarlierPartitions:
    """The rows of earlier partitions that are no duplicates themselves.

    Args:
        lake: The lake.
        spec: The enrichment.
        partition_key: The partition that is cleaned; those before it, in the order of their keys, are earlier.
        columns: Text columns that make up the text of a row.
        context: Other columns that have to agree.

    Attributes:
        compared: Which columns are compared; signatures of others are left out, since they say nothing.
        shingled: How texts are cut for `near`; signatures of another way serve to find equal texts alone.
    """

    def __init__(
        self, lake: Lake, spec: EnrichmentSpec, partition_key: str, columns: Sequence[str], context: Sequence[str]
    ) -> None:
        self.partition_key = partition_key
        self._lake = lake
        settings = spec.cleaning.duplicates
        self.compared = json.dumps({"columns": list(columns), "context": list(context)})
        self.shingled = (
            f"{settings.threshold}/{settings.shingle_words}" if settings and settings.match == "near" else ""
        )
        self._table = signatures_table(spec)
        self._cleaned = f"{spec.name}/{Stage.CLEANED.value}"
        self._columns = list(columns)
        wanted = spec.cleaning.duplicates.earlier_partitions if spec.cleaning.duplicates else 0
        before = [key for key in lake.partition_keys(self._table) if key < partition_key] if wanted else []
        self.partitions = before[-wanted:] if wanted else []

    def signatures(self) -> Iterator[pl.DataFrame]:
        """Batches of partition_key, row_id, content, exact, bands; the earliest partition first."""
        for key in self.partitions:
            for batch in self._lake.stream(self._table, key, list(SCHEMA), _ROWS):
                bands = (
                    pl.when(pl.col("shingled") == self.shingled).then("bands").otherwise(pl.lit([], pl.List(pl.Int64)))
                )
                yield batch.filter(pl.col("compared") == self.compared).select(
                    "partition_key", "row_id", "content", "exact", bands.alias("bands")
                )

    def texts(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return partition_key, row_id, text of the rows that are still in the cleaned table."""
        return self.rows(wanted).select("partition_key", "row_id", text_of(self._columns).alias("text"))

    def rows(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return partition_key, row_id and the text columns of the rows that are still in the cleaned table."""
        parts = [pl.DataFrame(schema=dict.fromkeys(("partition_key", "row_id", *self._columns), pl.String))]
        for (key,), ids in wanted.group_by("partition_key", maintain_order=True):
            present = self._lake.columns(self._cleaned)
            if set(self._columns) - set(present):
                continue  # cleaned before the prompt had all of them
            names = ["partition_key", "row_id", *self._columns]
            for frame in self._lake.stream(self._cleaned, str(key), names, _ROWS):
                parts.append(frame.join(ids.select("row_id"), on="row_id", how="semi").cast(parts[0].schema))
        return pl.concat(parts)


def signatures_table(spec: EnrichmentSpec) -> str:
    """`name/signatures` in the lake."""
    return f"{spec.name}/{SIGNATURES}"


def text_of(columns: Sequence[str]) -> pl.Expr:
    """Return the text that rows are compared by: the text columns below each other; null where all are."""
    texts = [pl.col(name) for name in columns]
    return pl.when(pl.any_horizontal(text.is_not_null() for text in texts)).then(
        pl.concat_str([text.fill_null("") for text in texts], separator="\n")
    )


def store_signatures(lake: Lake, spec: EnrichmentSpec, partition_key: str, rows: Spool) -> None:
    """Replace the partition's signatures."""
    lake.replace_partition(signatures_table(spec), partition_key, rows)
