"""The archive of attempts: once a partition is published, its attempts move from the ledger to a Delta table."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.ledger_schema import attempts
from enrichment_platform.lake.location import storage_options
from enrichment_platform.lake.tables import Lake

TABLE = "platform/attempts"
ROWS_PER_COMMIT = 10_000  # what is in memory at once
_RETRIES = 100  # of a commit that another writer was faster than; appends never conflict in content
_LOOKS = 5  # at a table that another process creates or widens at the same moment
_TYPES: dict[type[sa.types.TypeEngine[Any]], pl.DataType] = {
    sa.BigInteger: pl.Int64(),
    sa.Integer: pl.Int64(),
    sa.Float: pl.Float64(),
    sa.DateTime: pl.Datetime("us", "UTC"),
}
Where = sa.ColumnElement[bool]
SCHEMA: dict[str, pl.DataType] = {column.name: _TYPES.get(type(column.type), pl.String()) for column in attempts.c}


@dataclass(frozen=True)
class Batch:
    """Attempts that are marked for the archive: where they stand in the ledger, and their mark."""

    where: Where
    mark: str


def archive_partition(lake: Lake, ledger: Ledger, enrichment: str, partition_key: str) -> int:
    """Move the settled attempts of a partition to `platform.attempts`; returns how many.

    Each batch is marked in the ledger, appended in one commit that carries the mark as a Delta application
    transaction, then deleted from the ledger. A process that dies in between leaves a marked batch, which the next
    archive of the partition appends (Delta knows whether it was) and deletes: every attempt arrives exactly once, also
    when two processes finish the same batch. Attempts in flight stay; those of the dead are settled as lost first.

    Raises:
        EnrichmentError: the table cannot be written; the attempts stay in the ledger.
    """
    return move(lake, ledger, mark_partition(ledger, enrichment, partition_key))


def mark_partition(ledger: Ledger, enrichment: str, partition_key: str) -> list[Batch]:
    """Mark what is settled by now; batches that an earlier archive marked and did not finish are among the result."""
    own = (attempts.c.enrichment == enrichment) & (attempts.c.partition_key == partition_key)
    ledger.settle_lost(own)
    batches = [Batch(own, mark) for mark in _marks(ledger, own)]
    after = own
    while found := _mark(ledger, own, after):
        batch, last = found
        batches.append(batch)
        after = own & (attempts.c.row_id > last)
    return batches


def move(lake: Lake, ledger: Ledger, batches: Iterable[Batch]) -> int:
    """Append marked batches to the table and delete them from the ledger; returns how many attempts went.

    Raises:
        EnrichmentError: the table cannot be written; the attempts stay in the ledger.
    """
    return sum(_move(lake, ledger, batch) for batch in batches)


def frame(rows: Sequence[sa.Row[Any]]) -> pl.DataFrame:
    """Attempts as the ledger gives them, all columns in order, with the archive's types; times are UTC."""
    aware = bool(rows) and rows[0].sent_at.tzinfo is not None
    times = [name for name, dtype in SCHEMA.items() if dtype == pl.Datetime("us", "UTC")]
    given = SCHEMA if aware else SCHEMA | dict.fromkeys(times, pl.Datetime("us"))  # SQLite gives them without a zone
    found = pl.DataFrame([tuple(row) for row in rows], schema=given, orient="row")
    return found if aware else found.with_columns(pl.col(times).dt.replace_time_zone("UTC"))


def _marks(ledger: Ledger, own: Where) -> list[str]:
    """Batches that an archive which died left behind."""
    marked = sa.select(attempts.c.archive_id).where(own & attempts.c.archive_id.is_not(None)).distinct()
    return sorted(row.archive_id for row in ledger.rows(marked))


def _mark(ledger: Ledger, own: Where, after: Where) -> tuple[Batch, str] | None:
    """Mark the next batch, in the order of the index on rows; with its last row, None when there is none."""
    mark = uuid.uuid4().hex
    ready = attempts.c.settled_at.is_not(None) & attempts.c.archive_id.is_(None)
    rows = sa.select(attempts.c.row_id).where(after & ready).order_by(attempts.c.row_id).limit(ROWS_PER_COMMIT)
    found = [row.row_id for row in ledger.rows(rows)]
    if not found:
        return None
    # A range, so that the batch is found again without a look at the whole partition. What another archive has marked
    # since is its own.
    where = own & attempts.c.row_id.between(found[0], found[-1])
    with ledger.transaction() as connection:
        connection.execute(attempts.update().where(where & ready).values(archive_id=mark))
    return Batch(where, mark), found[-1]


def _move(lake: Lake, ledger: Ledger, batch: Batch) -> int:
    chosen = batch.where & (attempts.c.archive_id == batch.mark)
    rows = ledger.rows(sa.select(attempts).where(chosen))
    if rows:  # else another process has finished it
        _append(lake, frame(rows), batch.mark)
        with ledger.transaction() as connection:
            connection.execute(attempts.delete().where(chosen))
    return len(rows)


def _append(lake: Lake, rows: pl.DataFrame, mark: str) -> None:
    properties = CommitProperties(app_transactions=[Transaction(mark, 1)], max_commit_retries=_RETRIES)
    options = storage_options(lake.table_uri(TABLE))
    for look in range(_LOOKS):
        if not lake.exists(TABLE) or set(rows.columns) - set(_columns(lake.open(TABLE))):
            # Creates it, or adds the columns that an earlier version of the platform did not know.
            lake.append(TABLE, rows.clear(), partition_by=["enrichment", "partition_key"])
        table = lake.open(TABLE)
        if table.transaction_version(mark) is not None:
            return
        data = rows.select(_columns(table)).to_arrow()
        try:
            write_deltalake(table, data, mode="append", storage_options=options, commit_properties=properties)
        except CommitFailedError as error:
            # The same batch, appended by another process at the same moment, or a column that came: look again.
            if look == _LOOKS - 1:
                raise EnrichmentError(
                    f"table {TABLE} could not be written ({type(error).__name__}); the attempts stay in the ledger:"
                    " run again"
                ) from None
        else:
            return


def _columns(table: DeltaTable) -> list[str]:
    return [one.name for one in table.schema().fields]
