"""`enrichment quarantine`: the rows that were not published."""

from __future__ import annotations

import json

import click

from enrichment_platform.cli.csv_export import as_csv, only_one, write_csv
from enrichment_platform.cli.group import as_json
from enrichment_platform.cli.output import cell, table
from enrichment_platform.errors import InputError


@click.command()
@click.argument("name")
@click.option("--partition", metavar="KEY", help="One partition; all when absent.")
@click.option("--reason", help="Only rows with this reason.")
@click.option("--staged", is_flag=True, help="Rows of the staged version that fail a check, published or not.")
@as_csv
@as_json
def quarantine(
    name: str, partition: str | None, reason: str | None, staged: bool, csv_file: str | None, json_output: bool
) -> None:
    """List the rows of NAME that were not published, each with its stage and reason."""
    import polars as pl

    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.partitions import partitions_definition, select_keys
    from enrichment_platform.stages.publish import failing_rows
    from enrichment_platform.stages.quarantine import read
    from enrichment_platform.stages.raw import UNPLACED

    only_one(json_output=json_output, csv_file=csv_file)
    spec = load_location().enrichment(name)
    if staged and not partition:
        raise InputError("--staged needs --partition")
    if partition not in (None, UNPLACED):
        select_keys(partitions_definition(spec.partitions), partition, None, None)
    lake = Lake.from_environment()
    rows = failing_rows(lake, spec, str(partition)) if staged else read(lake, spec, partition)
    rows = rows.filter(pl.col("reason") == reason) if reason else rows
    rows = rows.sort("partition_key", "stage", "row_id")
    if json_output:
        click.echo(json.dumps(rows.to_dicts()))
        return
    if csv_file is not None:
        write_csv(rows.columns, rows.iter_rows(), csv_file)
        return
    table(rows.columns, [[cell(value) for value in row] for row in rows.head(100).iter_rows()])
    click.echo(f"{rows.height} rows" + (", the first 100 are shown" if rows.height > 100 else ""))
