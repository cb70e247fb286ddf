"""SQL that a person typed, over the tables of the lake, with nothing else within reach."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from enrichment_platform.errors import InputError
from enrichment_platform.lake.tables import Lake


def query(lake: Lake, sql: str) -> pa.Table:
    """Run one query over `<name>.<stage>`; no file, network or setting can be reached from it.

    Raises:
        InputError: DuckDB does not accept the query; its message and the known tables are named.
    """
    tables = lake.tables()
    with duckdb.connect() as connection:
        for table in tables:
            schema, name = table.split("/")
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            connection.register(f"__{schema}_{name}", lake.dataset(table))
            connection.execute(f'CREATE VIEW "{schema}"."{name}" AS SELECT * FROM "__{schema}_{name}"')  # noqa: S608
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                raise InputError(f"give one query; there are {len(statements)}")
            return connection.execute(statements[0]).to_arrow_table()
        except duckdb.Error as error:
            names = ", ".join(table.replace("/", ".") for table in tables) or "none yet; run an enrichment first"
            raise InputError(f"{error}\nTables: {names}") from error
