"""Delta tables of the lake: read a partition, replace it in one commit, find and restore an earlier one."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.exceptions import TableNotFoundError as DeltaTableNotFoundError

from enrichment_platform.errors import EnrichmentError, TableNotFoundError
from enrichment_platform.lake.alignment import aligned, storable
from enrichment_platform.lake.filesystem import native_filesystem
from enrichment_platform.lake.location import lake_uri, storage_options
from enrichment_platform.lake.spool import Spool
from enrichment_platform.lake.warehouse import refresh_warehouse

PARTITION_COLUMN = "partition_key"
COMMIT_ATTEMPTS = 20
# Arrow decodes a whole group before it gives the first row: this bounds the memory of `stream`, where Delta's default
# of a million rows would hold most partitions. Compression has to be named with it; it is the one of Delta itself.
GROUP_ROWS = 16_384
GROUP_BYTES = 64_000_000  # of a group of long rows, about, in memory
# Restoring needs the log entry of the earlier version; Delta forgets entries after 30 days by default.
TABLE_CONFIGURATION: dict[str, str | None] = {
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.deletedFileRetentionDuration": "interval 3650 days",
}


@dataclass(frozen=True)
class Commit:
    """One commit of a table: Delta version, id, time and what the writer noted."""

    version: int
    commit_id: str
    at: datetime
    partition_key: str
    notes: dict[str, str]


@dataclass(frozen=True)
class Lake:
    """A folder or bucket of Delta tables, `<schema>/<table>` each."""

    uri: str

    @classmethod
    def from_environment(cls) -> Lake:
        """The lake that `ENRICHMENT_LAKE` or `ENRICHMENT_HOME` names."""
        return cls(lake_uri())

    def table_uri(self, table: str) -> str:
        """Address of `schema/table`."""
        return f"{self.uri}/{table}"

    def open(self, table: str, version: int | None = None) -> DeltaTable:
        """Open a table, at its newest or a given version.

        Raises:
            TableNotFoundError: nothing has been written there yet.
        """
        uri = self.table_uri(table)
        try:
            return DeltaTable(uri, version=version, storage_options=storage_options(uri))
        except DeltaTableNotFoundError as error:
            raise TableNotFoundError(
                f"table {table} does not exist in {self.uri}; materialize that stage first"
            ) from error

    def dataset(
        self, table: str, version: int | None = None, parts: Mapping[str, str | Sequence[str]] | None = None
    ) -> pads.Dataset:
        """The files of a table as an Arrow dataset, read when it is scanned.

        Args:
            table: `schema/table`.
            version: The newest one where absent.
            parts: The value of a partition column, or several of them: other files are not even listed, which takes
                seconds in a table of thousands.

        Raises:
            TableNotFoundError: nothing has been written there yet.
        """
        opened = self.open(table, version)
        wanted: list[tuple[str, str, Any]] = [
            (column, "=", value) if isinstance(value, str) else (column, "in", list(value))
            for column, value in (parts or {}).items()
        ]
        filesystem = native_filesystem(self.table_uri(table))
        return opened.to_pyarrow_dataset(file_pruning_predicate=wanted or None, filesystem=filesystem)

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns.

        Raises:
            TableNotFoundError: nothing has been written there yet.
        """
        return [field.name for field in self.open(table).schema().fields]

    def partition_keys(self, table: str, where: Mapping[str, str] | None = None) -> list[str]:
        """The partitions that have rows, sorted, from the table's log alone; none where the table does not exist.

        Args:
            table: `schema/table`.
            where: Values of further partition columns.
        """
        try:
            actions = pl.DataFrame(self.open(table).get_add_actions(flatten=True))
        except TableNotFoundError:
            return []
        among = actions.filter(
            pl.lit(True).and_(*(pl.col(f"partition.{name}") == value for name, value in (where or {}).items()))
        )
        return sorted(among[f"partition.{PARTITION_COLUMN}"].unique())

    def exists(self, table: str) -> bool:
        """Whether the table has at least one commit."""
        uri = self.table_uri(table)
        return DeltaTable.is_deltatable(uri, storage_options=storage_options(uri))

    def tables(self) -> list[str]:
        """All tables, `schema/table`, sorted."""
        if "://" in self.uri:
            # fsspec caches the listing and, whatever the environment says by now, the client: neither is wanted here.
            filesystem, root = fsspec.core.url_to_fs(self.uri, skip_instance_cache=True)
            try:
                logs = filesystem.glob(f"{root}/*/*/_delta_log/*0.json")
            except FileNotFoundError:
                return []
            names = {"/".join(log.split("/_delta_log/")[0].split("/")[-2:]) for log in logs}
        else:
            names = {f"{log.parent.parent.name}/{log.parent.name}" for log in Path(self.uri).glob("*/*/_delta_log")}
        return sorted(name for name in names if self.exists(name))

    def read(
        self,
        table: str,
        partition_key: str | Sequence[str] | None = None,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        where: dict[str, str] | None = None,
    ) -> pl.DataFrame:
        """Read a partition (or several, or all of them), with equality filters on further columns.

        Raises:
            TableNotFoundError: nothing has been written there yet.
        """
        filters: dict[str, str | Sequence[str]] = dict(where or {})
        if partition_key is not None:
            filters[PARTITION_COLUMN] = partition_key
        expression: Any = None
        for column, value in filters.items():
            field = pads.field(column)
            term = field == value if isinstance(value, str) else field.isin(pa.array(list(value), pa.string()))
            expression = term if expression is None else expression & term
        parts = {PARTITION_COLUMN: partition_key} if partition_key is not None else None
        dataset = self.dataset(table, version, parts)
        frame = pl.from_arrow(dataset.to_table(columns=list(columns) if columns else None, filter=expression))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def count(self, table: str, partition_key: str) -> int:
        """Rows of a partition.

        Raises:
            TableNotFoundError: nothing has been written there yet.
        """
        dataset = self.dataset(table, parts={PARTITION_COLUMN: partition_key})
        return int(dataset.count_rows(filter=pads.field(PARTITION_COLUMN) == partition_key))

    def stream(
        self, table: str, partition_key: str | None, columns: Sequence[str], batch_rows: int
    ) -> Iterator[pl.DataFrame]:
        """Read a partition (or all of them) batch by batch, for partitions that do not fit into memory.

        One group of rows is read at a time: Arrow's own stream of batches reads on while its consumer works, through
        most of the partition.

        Raises:
            TableNotFoundError: nothing has been written there yet.
        """
        chosen = None if partition_key is None else pads.field(PARTITION_COLUMN) == partition_key
        dataset = self.dataset(table, parts=None if partition_key is None else {PARTITION_COLUMN: partition_key})
        for fragment in dataset.get_fragments(filter=chosen):
            for group in fragment.split_by_row_group():
                rows = pl.from_arrow(
                    group.to_table(schema=dataset.schema, columns=list(columns), filter=chosen, use_threads=False)
                )
                assert isinstance(rows, pl.DataFrame)
                yield from rows.iter_slices(batch_rows)

    def replace_partition(
        self,
        table: str,
        partition_key: str,
        frame: pl.DataFrame | Spool,
        *,
        where: dict[str, str] | None = None,
        notes: dict[str, str] | None = None,
    ) -> str:
        """Replace a partition (or the part of it that `where` names) in one commit; returns the commit's id.

        Writers of different partitions never conflict. `where` columns are partition columns too.

        Raises:
            EnrichmentError: a column cannot be stored with the type that the table has.
        """
        slice_ = {PARTITION_COLUMN: partition_key, **(where or {})}
        predicate = " AND ".join(f"{column} = {quote(value)}" for column, value in slice_.items())
        commit_id = uuid.uuid4().hex
        metadata = {"commit_id": commit_id, "partition_key": partition_key, **(notes or {})}
        self._commit(table, frame, list(slice_), metadata, predicate=predicate)
        return commit_id

    def append(self, table: str, frame: pl.DataFrame, *, partition_by: Sequence[str]) -> None:
        """Add rows in one commit; appends never conflict."""
        self._commit(table, frame, list(partition_by), {}, predicate=None)

    def _commit(
        self,
        table: str,
        frame: pl.DataFrame | Spool,
        partition_by: list[str],
        metadata: dict[str, str],
        *,
        predicate: str | None,
    ) -> None:
        uri = self.table_uri(table)
        empty = frame.clear() if isinstance(frame, pl.DataFrame) else frame.empty
        for attempt in range(COMMIT_ATTEMPTS):
            try:
                created = self._create(table, empty, partition_by)
                before = self.open(table)
                known = pl.from_arrow(pa.schema(before.schema().to_arrow()).empty_table())
                assert isinstance(known, pl.DataFrame)
                widened = bool(set(empty.columns) - set(known.columns))
                options = storage_options(uri)
                schema_mode: Literal["merge"] | None = "merge" if widened else None
                properties = CommitProperties(custom_metadata=metadata, max_commit_retries=100)
                data = aligned(frame, known.schema, table)
                if predicate is None:
                    write_deltalake(
                        before,
                        data,
                        mode="append",
                        schema_mode=schema_mode,
                        storage_options=options,
                        commit_properties=properties,
                        writer_properties=_files(frame),
                    )
                else:
                    write_deltalake(
                        before,
                        data,
                        mode="overwrite",
                        predicate=predicate,
                        schema_mode=schema_mode,
                        storage_options=options,
                        commit_properties=properties,
                        writer_properties=_files(frame),
                    )
            except (CommitFailedError, DeltaError) as error:
                # Only creating a table and adding a column conflict with other writers: look again and retry.
                if attempt == COMMIT_ATTEMPTS - 1 or not _is_conflict(error):
                    # What a value looks like stays out of the message: Delta quotes it.
                    reason = re.split("['\"`]", str(error))[0].strip()
                    raise EnrichmentError(
                        f"table {table} could not be written ({type(error).__name__}: {reason})"
                    ) from None
                time.sleep(random.uniform(0.02, 0.2) * (attempt + 1))  # noqa: S311
            else:
                if created or widened:
                    refresh_warehouse(self.uri, self.tables())
                return

    def _create(self, table: str, frame: pl.DataFrame, partition_by: list[str]) -> bool:
        if self.exists(table):
            return False
        uri = self.table_uri(table)
        DeltaTable.create(
            uri,
            schema=storable(frame).to_arrow().schema,
            mode="ignore",
            partition_by=partition_by,
            configuration=TABLE_CONFIGURATION,
            storage_options=storage_options(uri),
        )
        return True

    def commits(self, table: str, partition_key: str) -> list[Commit]:
        """Commits that replaced a partition, newest first."""
        found = []
        for entry in self.open(table).history():
            if entry.get("partition_key") == partition_key and "commit_id" in entry:
                known = {"commit_id", "partition_key"}
                notes = {k: v for k, v in entry.items() if isinstance(v, str) and k not in known}
                at = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)
                found.append(Commit(entry["version"], entry["commit_id"], at, partition_key, notes))
        return found


def _files(frame: pl.DataFrame | Spool) -> WriterProperties:
    rows, size = (frame.rows, frame.bytes) if isinstance(frame, Spool) else (frame.height, int(frame.estimated_size()))
    group = min(GROUP_ROWS, max(1, rows * GROUP_BYTES // max(1, size)))
    return WriterProperties(max_row_group_size=group, compression="SNAPPY")


def _is_conflict(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, CommitFailedError) or "already exists" in text or "conflict" in text or "version" in text


def quote(value: str) -> str:
    """A SQL string literal."""
    return "'" + value.replace("'", "''") + "'"
