"""The whole history of a partition: attempts still in the ledger and those in the archive, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import pyarrow.dataset as pads
import sqlalchemy as sa

from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.inference.archive import SCHEMA, TABLE, frame
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.ledger_schema import attempts
from enrichment_platform.lake.tables import Lake

PAGE = 10_000


def attempt_frames(
    lake: Lake,
    ledger: Ledger,
    enrichment: str,
    partition_key: str,
    row_id: str | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[pl.DataFrame]:
    """Attempts of a partition (or of one row of it) in batches, each attempt once; columns as in the ledger."""
    wanted = list(columns or SCHEMA)
    hot: list[pl.Series] = []
    # The ledger first: what the archive takes in the meantime is then seen twice, never not at all.
    for found in hot_attempts(ledger, enrichment, partition_key, row_id):
        hot.append(found["attempt_id"].hash())
        yield found.select(wanted)
    seen = pl.concat(hot).implode() if hot else None
    for found in _archived(lake, enrichment, partition_key, row_id, wanted):
        known = found["attempt_id"].hash().is_in(seen) if seen is not None else None
        yield (found if known is None else found.filter(~known)).select(wanted)


def attempts_of(lake: Lake, ledger: Ledger, enrichment: str, partition_key: str, row_id: str) -> list[dict[str, Any]]:
    """Attempts of one row, oldest first."""
    found = pl.concat([pl.DataFrame(schema=SCHEMA), *attempt_frames(lake, ledger, enrichment, partition_key, row_id)])
    return found.sort("sent_at", "attempt_id").to_dicts()


def hot_partitions(ledger: Ledger, enrichment: str | None = None) -> set[tuple[str, str]]:
    """Enrichment and partition of all attempts that are not archived yet."""
    statement = sa.select(attempts.c.enrichment, attempts.c.partition_key).distinct()
    if enrichment is not None:
        statement = statement.where(attempts.c.enrichment == enrichment)
    return {(row[0], row[1]) for row in ledger.rows(statement)}


def hot_attempts(
    ledger: Ledger, enrichment: str, partition_key: str, row_id: str | None = None
) -> Iterator[pl.DataFrame]:
    """Attempts of a partition (or of one row of it) that are not archived yet, in batches, by row."""
    # In the order of the index on rows: any other one makes the database sort the partition for every batch.
    at, number = attempts.c.row_id, attempts.c.attempt_id
    chosen = (attempts.c.enrichment == enrichment) & (attempts.c.partition_key == partition_key)
    page = sa.select(attempts).where(chosen if row_id is None else chosen & (at == row_id)).order_by(at, number)
    after = page
    while True:
        rows = ledger.rows(after.limit(PAGE))
        if not rows:
            return
        yield frame(rows)
        last = rows[-1]
        after = page.where((at >= last.row_id) & ((at > last.row_id) | (number > last.attempt_id)))


def _archived(
    lake: Lake, enrichment: str, partition_key: str, row_id: str | None, columns: list[str]
) -> Iterator[pl.DataFrame]:
    try:
        dataset = lake.dataset(TABLE)
    except TableNotFoundError:
        return
    chosen = (pads.field("enrichment") == enrichment) & (pads.field("partition_key") == partition_key)
    if row_id is not None:
        chosen &= pads.field("row_id") == row_id
    # A table that an earlier version of the platform wrote lacks what came since.
    needed = [name for name in dict.fromkeys([*columns, "attempt_id"]) if name in dataset.schema.names]
    absent = [pl.lit(None, SCHEMA[name]).alias(name) for name in columns if name not in needed]
    for batch in dataset.to_batches(
        columns=needed, filter=chosen, batch_size=PAGE, batch_readahead=2, fragment_readahead=1
    ):
        if batch.num_rows:
            found = pl.from_arrow(batch)
            assert isinstance(found, pl.DataFrame)
            yield found.with_columns(absent)
