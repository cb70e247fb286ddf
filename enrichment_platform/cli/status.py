"""`enrichment status`: what is published, what is held back, what failed."""

from __future__ import annotations

import json

import click

from enrichment_platform.cli.group import as_json, command
from enrichment_platform.cli.output import cell, plain, table
from enrichment_platform.lake.location import home, lake_uri, warehouse_path


@click.command()
@as_json
@command
def status(json_output: bool) -> None:
    """Show each enrichment: partitions published, rows published and quarantined, the newest failed check."""
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.report import enrichment_status

    location = load_location()
    states = [enrichment_status(spec) for spec in location.enrichments.values()]
    if json_output:
        document = {
            "home": str(home()),
            "lake": lake_uri(),
            "warehouse": str(warehouse_path()),
            "enrichments": states,
        }
        click.echo(json.dumps(document, default=plain))
        return
    click.echo(f"home {home()}\nlake {lake_uri()}")
    columns = [
        "name",
        "published_partitions",
        "published_rows",
        "quarantined_rows",
        "newest_partition",
        "failed_checks",
    ]
    table(columns, [[cell(state[column]) for column in columns] for state in states])
