"""Duplicates are linked to their originals: found over the whole partition, handed out batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from types import TracebackType

import polars as pl

from enrichment_platform.cleaning.canonical_texts import CanonicalTexts
from enrichment_platform.cleaning.duplicates import DuplicateFinder, Matching
from enrichment_platform.cleaning.earlier import EarlierPartitions, text_of
from enrichment_platform.cleaning.tail import POSITION
from enrichment_platform.cleaning_spec import ASKED_AS, DuplicatesSpec

_EARLIER_ROWS = 5_000  # originals of earlier partitions whose texts are in memory together


class Linking:
    """The duplicates of a partition, among its rows and those of earlier partitions; a context manager.

    Args:
        spec: What counts as the same.
        earlier: The earlier partitions.
        columns: Text columns that the prompt holds.
        context: Its other columns; rows that differ in one of them are no duplicates.
    """

    def __init__(
        self, spec: DuplicatesSpec, earlier: EarlierPartitions, columns: Sequence[str], context: Sequence[str]
    ) -> None:
        self._spec, self.earlier, self._columns, self._context = spec, earlier, list(columns), list(context)
        self._finder = DuplicateFinder(Matching(spec.match, spec.threshold, spec.shingle_words))
        self._finder.__enter__()
        self._links = pl.DataFrame()
        self._originals = pl.Series([], dtype=pl.Int64)
        self._counts: Counter[str] = Counter()
        self._of_earlier = 0

    def __enter__(self) -> Linking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finder.__exit__(kind, error, trace)

    def add(self, rows: pl.DataFrame) -> None:
        """Add the rows of a batch."""
        text = rows.select(text_of(self._columns).alias("text"))["text"]
        context = rows.select(_json(self._context).alias("context"))["context"] if self._context else None
        self._finder.add(text, context)

    def find(self, texts: CanonicalTexts) -> None:
        """Find the duplicates among all texts that were added, and fetch the originals in earlier partitions."""
        self._links = self._finder.find(self.earlier).sort("row")
        self._originals = self._links["of_row"].drop_nulls().unique().sort()
        before = self._links.filter(pl.col("of_row").is_null())
        wanted = before.select(
            pl.col("of_partition_key").alias("partition_key"), pl.col("of_row_id").alias("row_id")
        ).unique(maintain_order=True)
        for part in wanted.iter_slices(_EARLIER_ROWS):
            rows = self.earlier.rows(part)
            keys = rows.select(_earlier_key("partition_key", "row_id"))["key"]
            texts.add(keys.to_list(), self._as_json(rows).to_list())

    def of(self, batch: pl.DataFrame, at: int, texts: CanonicalTexts) -> pl.DataFrame:
        """Return `~position`, DUPLICATE_COLUMNS and `asked_as` of the duplicates of a batch; batches come in order.

        Args:
            batch: The next cleaned rows.
            at: Position of the first one.
            texts: Where the originals are kept, for the duplicates that come after them.

        Returns:
            One row a duplicate; `asked_as` holds the text columns of the original as a JSON object where they are not
            the same text.
        """
        originals = self._originals.filter(self._originals.is_between(at, at + batch.height - 1))
        rows = batch[(originals - at).to_list()]
        # Their ids too: a duplicate in a later batch names its original.
        texts.add([f"{row}" for row in originals], self._as_json(rows).to_list())
        texts.add([f"id{row}" for row in originals], rows["row_id"].to_list())
        links = self._links.filter(pl.col("row").is_between(at, at + batch.height - 1))
        here = texts.get(links["of_row"].cast(pl.String))
        there = texts.get(links.select(_earlier_key("of_partition_key", "of_row_id"))["key"])
        ids = texts.get(links.select((pl.lit("id") + pl.col("of_row").cast(pl.String)).alias("key"))["key"])
        links = links.with_columns(here=here, there=there, ids=ids)
        # A partition that was cleaned again may hold another text by now, or none.
        links = links.filter(pl.col("of_row").is_not_null() | pl.col("there").is_not_null())
        self._counts.update(links["kind"].to_list())
        self._of_earlier += links["of_row"].null_count()
        shared = {"equal": ["normalized"], "near": ["normalized", "near"], "ask": []}[self._spec.answers]
        return links.select(
            pl.col("row").alias(POSITION),
            pl.coalesce("ids", "of_row_id").alias("duplicate_of"),
            pl.coalesce("of_partition_key", pl.lit(self.earlier.partition_key)).alias("duplicate_partition"),
            pl.col("kind").alias("duplicate_kind"),
            pl.col("similarity").alias("duplicate_similarity"),
            # Of an exact duplicate the text is the same already.
            pl.when(pl.col("kind").is_in(shared)).then(pl.coalesce("here", "there")).alias(ASKED_AS),
        )

    @property
    def counts(self) -> dict[str, int]:
        """Duplicates by kind, and those of rows in earlier partitions, in the batches so far."""
        return {**dict(sorted(self._counts.items())), "of_earlier_partitions": self._of_earlier}

    def signatures(self) -> Iterator[pl.DataFrame]:
        """Batches of row, content, exact, bands of the rows that are no duplicates."""
        return self._finder.signatures()

    def _as_json(self, rows: pl.DataFrame) -> pl.Series:
        return rows.select(_json(self._columns).alias("text"))["text"]


def _json(columns: Sequence[str]) -> pl.Expr:
    # Text keeps what no JSON has: dates, decimals, NaN. Bytes and lists have no text that is always the same.
    return pl.struct(pl.col(name).cast(pl.String) for name in columns).struct.json_encode()


def _earlier_key(partition: str, row_id: str) -> pl.Expr:
    return (pl.lit("~") + pl.col(partition) + pl.lit("\x1f") + pl.col(row_id)).alias("key")
