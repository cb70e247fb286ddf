"""Finds the duplicates in a partition, with memory that grows by some 40 bytes a row and not with the texts."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

import numpy as np
import polars as pl

from enrichment_platform.cleaning.duplicates.earlier import ID, EarlierTexts, KnownKeys, binary, checked
from enrichment_platform.cleaning.duplicates.grouping import BLOCK, CROWD, bucketed, leaders
from enrichment_platform.cleaning.duplicates.matching import Matching
from enrichment_platform.cleaning.duplicates.sketches import sketches, table_slots
from enrichment_platform.cleaning.duplicates.store import Numbers, Store

__all__ = ["DuplicateFinder", "EarlierTexts"]


class DuplicateFinder:
    """Takes a partition's texts in order, the earliest first, and says which duplicate an earlier one.

    Rows are decided in order. A row whose text is null or blank is no duplicate. A row with the same content (the
    bytes, or the normalised text unless `match` is "exact") as an earlier row is given that first row's decision:
    it is a duplicate of that row, or of what that row is a duplicate of. Any other row, with match "near", is a
    duplicate of the row to which its similarity is highest, among those that are no duplicates themselves, have the
    same context, the same numbers and negations in the same order, and a Jaccard similarity of shingles of at least
    the threshold; of equal ones of the earliest. A row of an earlier partition that matches is preferred to any of
    this one. So nothing that a duplicate points to is a duplicate, and the decisions do not depend on how the rows
    were batched.

    Near duplicates are looked for among rows that share a MinHash band (`Matching.bands` says how surely a pair does),
    in each band among the 64 latest that are no duplicates. Rows of a larger crowd (texts of one template) are also
    looked for by the eight of their shingles that the fewest rows of the crowds have. So the work grows with the rows,
    not with their pairs, whatever the texts are.
    """

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._bands = matching.bands()[0] if matching.match == "near" else 0
        self._rows = 0
        self._shingles_written = 0
        self._largest = 0  # set of shingles
        self._found: Numbers | None = None
        self.comparisons = 0

    def __enter__(self) -> DuplicateFinder:
        self._store = Store()
        self._exact = self._store.column("exact", np.uint64, 2)
        self._content = self._store.column("content", np.uint64, 2)
        self._keys = [self._store.column(f"band-{band}", np.uint64) for band in range(self._bands)]
        self._fences = self._store.column("fences", np.uint64)
        self._ends = self._store.column("ends", np.int64)
        self._ends.append(np.zeros(1, np.int64))
        self._shingles = self._store.column("shingles", np.uint32)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for column in (self._exact, self._content, *self._keys, self._fences, self._ends, self._shingles):
            column.close()
        self._store.__exit__(kind, error, trace)

    def add(self, texts: pl.Series, context: pl.Series | None = None) -> None:
        """Add rows after those added before.

        Args:
            texts: String; null for none.
            context: String or null, as many: rows of different context are never duplicates of each other.
        """
        for part in sketches(self._matching, texts, context):
            self._append(part.exact, part.content, part.bands)
            self._fences.append(part.fences)
            self._append_sets(part.sizes, part.shingles)
            self._rows += len(part.sizes)

    def _append(self, exact: Numbers, content: Numbers, bands: Numbers) -> None:
        self._exact.append(exact)
        self._content.append(content)
        for column, keys in zip(self._keys, bands, strict=True):
            column.append(keys)

    def _append_sets(self, sizes: Numbers, shingles: Numbers) -> None:
        ends = self._shingles_written + np.cumsum(sizes, dtype=np.int64)
        self._ends.append(ends)
        self._shingles.append(shingles)
        self._largest = max(self._largest, int(sizes.max(initial=0)))
        if len(ends):
            self._shingles_written = int(ends[-1])

    def find(self, earlier: EarlierTexts | None = None) -> pl.DataFrame:
        """Return the duplicates; to be called once, after the last `add`.

        Args:
            earlier: Earlier partitions, which the rows are compared with too.

        Returns:
            One row a duplicate, ordered by `row`: row (Int64, from 0 over all batches), of_row (Int64; null where
            it duplicates a row of an earlier partition), of_partition_key, of_row_id (String; null otherwise), kind
            ("exact", "normalized", "near": how it compares with the row that it duplicates), similarity (Float32; 1
            unless near).
        """
        ids = (
            self._append_earlier(earlier) if earlier is not None else pl.DataFrame(schema=dict.fromkeys(ID, pl.String))
        )
        target, similarity = self._decide(self._rows + len(ids))
        self._found = target[: self._rows]
        rows = np.flatnonzero(self._found != np.arange(self._rows, dtype=np.uint32))
        of = self._found[rows].astype(np.int64)
        exact, content = self._exact.read(), self._content.read()
        same_bytes = (exact[rows] == exact[of]).all(axis=1)
        same_content = (content[rows] == content[of]).all(axis=1)
        return (
            pl.DataFrame(
                {
                    "row": rows.astype(np.int64),
                    "of": of,
                    "same_bytes": same_bytes,
                    "same_content": same_content,
                    "similarity": similarity[rows],
                }
            )
            .join(
                ids.with_columns(of=pl.arange(self._rows, self._rows + len(ids), dtype=pl.Int64)),
                on="of",
                how="left",
                maintain_order="left",
            )
            .select(
                "row",
                of_row=pl.when(pl.col("of") < self._rows).then("of"),
                of_partition_key="partition_key",
                of_row_id="row_id",
                kind=pl.when("same_bytes")
                .then(pl.lit("exact"))
                .when("same_content")
                .then(pl.lit("normalized"))
                .otherwise(pl.lit("near")),
                similarity="similarity",
            )
        )

    def _append_earlier(self, earlier: EarlierTexts) -> pl.DataFrame:
        identity = self._exact if self._matching.match == "exact" else self._content
        known = KnownKeys(self._store, [identity.read()[:, 0], *(column.read() for column in self._keys)])
        found = []
        for some in checked(earlier, known, self._matching, self._bands):
            self._append(some.exact, some.content, some.bands)
            self._fences.append(some.fences)
            self._append_sets(some.sizes, some.shingles)
            found.append(some.ids)
        return pl.concat(found) if found else pl.DataFrame(schema=dict.fromkeys(ID, pl.String))

    def _decide(self, rows: int) -> tuple[Numbers, Numbers]:
        """Return (what each row is a duplicate of, itself where of none; the similarity) for all rows."""
        from enrichment_platform.cleaning.duplicates.assign_kernel import assign

        content = self._content.read()
        identity = self._exact.read() if self._matching.match == "exact" else content
        leader = leaders(content, identity, self._rows)
        ends, shingles = self._ends.read(), self._shingles.read()
        keys = [column.read() for column in self._keys]
        buckets, number, members = bucketed(self._store, keys, leader, self._fences.read(), ends, shingles)
        target, similarity = np.arange(rows, dtype=np.uint32), np.zeros(rows, np.float32)
        compared_by = np.zeros(rows, np.uint32)
        heads = self._store.zeros((number + 1,), np.uint32)
        listed = self._store.zeros((members + 1,), np.uint32)
        following = self._store.zeros((members + 1,), np.uint32)
        counters = np.zeros(2, np.int64)
        seen = np.zeros(table_slots(self._largest), np.uint64)
        blocks = [range(start, min(start + BLOCK, rows)) for start in range(self._rows, rows, BLOCK)]
        blocks += [range(start, min(start + BLOCK, self._rows)) for start in range(0, self._rows, BLOCK)]
        for block in blocks:
            assign(
                block.start,
                np.ascontiguousarray(buckets[:, block.start : block.stop]),
                self._rows,
                leader,
                target,
                similarity,
                compared_by,
                heads,
                listed,
                following,
                counters,
                ends,
                shingles,
                seen,
                self._matching.threshold,
                CROWD,
            )
        self.comparisons = int(counters[0])
        return target, similarity

    def signatures(self) -> Iterator[pl.DataFrame]:
        """Yield what later partitions need to find the rows again, after `find`: only of rows that are no duplicates.

        Yields:
            row (Int64), content (Binary, 16 bytes), exact (Binary, 16 bytes), bands (List(Int64): a key for
            each band, then what must be equal for two texts to be compared; empty unless near).
        """
        if self._found is None:
            raise RuntimeError("find() comes before signatures()")
        exact, content, keys = self._exact.read(), self._content.read(), [column.read() for column in self._keys]
        if keys:
            keys.append(self._fences.read())
        for start in range(0, self._rows, BLOCK):
            end = min(start + BLOCK, self._rows)
            rows = np.arange(start, end)
            rows = rows[(self._found[start:end] == rows) & (content[start:end, 0] != 0)]
            yield pl.DataFrame(
                {
                    "row": rows.astype(np.int64),
                    "content": binary(content[rows]),
                    "exact": binary(exact[rows]),
                    "bands": self._signature_bands(keys, rows),
                }
            )

    @staticmethod
    def _signature_bands(keys: list[Numbers], rows: Numbers) -> pl.Series:
        if not keys:
            return pl.Series([[]] * len(rows), dtype=pl.List(pl.Int64))
        table = np.stack([column[rows] for column in keys], axis=1).view(np.int64)
        bands = pl.Series(table, dtype=pl.Array(pl.Int64, len(keys))).cast(pl.List(pl.Int64))
        filled = pl.DataFrame({"bands": bands, "there": table[:, 0] != 0})
        return filled.select(pl.when("there").then("bands").otherwise(pl.lit([], dtype=pl.List(pl.Int64))))["bands"]
