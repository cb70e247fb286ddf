"""`enrichment sql`: a query over the lake."""

from __future__ import annotations

import json

import click

from enrichment_platform.cli.csv_export import as_csv, only_one, write_csv
from enrichment_platform.cli.group import as_json
from enrichment_platform.cli.output import cell, finite, plain, table


@click.command()
@click.argument("query")
@as_csv
@as_json
def sql(query: str, csv_file: str | None, json_output: bool) -> None:
    """Run a DuckDB query over the tables `<name>.<stage>`, `<name>.quarantine` and `platform.checks`.

    The terminal shows the first 100 rows and 80 characters a cell; --json and --csv give all of both.
    """
    from enrichment_platform.lake.query import query as run_query
    from enrichment_platform.lake.tables import Lake

    only_one(json_output=json_output, csv_file=csv_file)
    rows = run_query(Lake.from_environment(), query)
    if csv_file is not None:
        batches = ([column.to_pylist() for column in batch.columns] for batch in rows.to_batches(max_chunksize=1000))
        write_csv(rows.column_names, (row for batch in batches for row in zip(*batch, strict=True)), csv_file)
        return
    if json_output:
        click.echo(json.dumps(finite(rows.to_pylist()), default=plain))
        return
    table(
        rows.column_names,
        [[cell(value) for value in row.values()] for row in rows.slice(0, 100).to_pylist()],
    )
    if rows.num_rows > 100:
        click.echo(f"first 100 of {rows.num_rows} rows; --json prints all, --csv writes all")
