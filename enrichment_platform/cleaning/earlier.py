"""What earlier partitions hold of the same texts: their signatures in a table of the lake, their texts where needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from enrichment_platform.lake.spool import Spool
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage

SIGNATURES = "signatures"
SCHEMA = {
    "row_id": pl.String,
    "partition_key": pl.String,
    "matching": pl.String,
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
        matching: Signatures of another way of matching are left out: they say nothing.
        columns: Text columns that make up the text of a row.
    """

    def __init__(
        self, lake: Lake, spec: EnrichmentSpec, partition_key: str, matching: str, columns: Sequence[str]
    ) -> None:
        self.partition_key = partition_key
        self._lake = lake
        self._table = signatures_table(spec)
        self._cleaned = f"{spec.name}/{Stage.CLEANED.value}"
        self._matching = matching
        self._columns = list(columns)
        wanted = spec.cleaning.duplicates.earlier_partitions if spec.cleaning.duplicates else 0
        before = [key for key in lake.partition_keys(self._table) if key < partition_key] if wanted else []
        self.partitions = before[-wanted:] if wanted else []

    def signatures(self) -> Iterator[pl.DataFrame]:
        """Batches of partition_key, row_id, content, exact, bands; the earliest partition first."""
        for key in self.partitions:
            for batch in self._lake.stream(self._table, key, list(SCHEMA), _ROWS):
                yield batch.filter(pl.col("matching") == self._matching).select(
                    "partition_key", "row_id", "content", "exact", "bands"
                )

    def texts(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return partition_key, row_id, text of the rows that are still in the cleaned table."""
        return self.rows(wanted).select("partition_key", "row_id", text_of(self._columns).alias("text"))

    def rows(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return partition_key, row_id and the text columns of the rows that are still in the cleaned table."""
        parts = [pl.DataFrame(schema=dict.fromkeys(("partition_key", "row_id", *self._columns), pl.String))]
        for (key,), ids in wanted.group_by("partition_key", maintain_order=True):
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
