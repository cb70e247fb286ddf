"""The generated `warehouse.duckdb`: one view a table, for any DuckDB client."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb
from duckdb_extensions import import_extension
from filelock import FileLock

from enrichment_platform.lake.location import warehouse_path

logger = logging.getLogger("enrichment_platform.lake")


def refresh_warehouse(uri: str, tables: Iterable[str]) -> Path | None:
    """Write the file anew with a view `<schema>.<table>` over `delta_scan` for each table, and swap it in.

    A DuckDB file has one writer and readers hold it open, so it is replaced, never changed. On an object store the
    client needs its own credentials (`CREATE SECRET`) to bind the views, so none are generated there; returns None.
    """
    if "://" in uri:
        return None
    path = warehouse_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        FileLock(f"{path}.lock"),
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".warehouse-") as folder,
    ):
        fresh = Path(folder) / path.name
        with duckdb.connect(str(fresh)) as connection:
            import_extension("delta", con=connection)
            connection.execute("LOAD delta")
            for table in tables:
                schema, name = table.split("/")
                source = f"{uri}/{table}".replace("'", "''")
                connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
                view = f'CREATE VIEW "{schema}"."{name}" AS SELECT * FROM delta_scan(\'{source}\')'  # noqa: S608
                try:
                    connection.execute(view)
                except duckdb.Error as error:
                    # One table that DuckDB cannot read must not take the view of the others away.
                    logger.warning("warehouse.duckdb has no view of %s: %s", table, type(error).__name__)
        os.replace(fresh, path)
    return path
