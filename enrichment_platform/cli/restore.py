"""`enrichment restore`: back to an earlier published version."""

from __future__ import annotations

import json

import click

from enrichment_platform.cli.group import as_json, command
from enrichment_platform.cli.output import table


@click.command()
@click.argument("name")
@click.option("--partition", required=True, metavar="KEY")
@click.option("--version", type=int, help="Version to go back to; the one before the newest when absent.")
@click.option("--list", "list_only", is_flag=True, help="List the published versions and change nothing.")
@as_json
@command
def restore(name: str, partition: str, version: int | None, list_only: bool, json_output: bool) -> None:
    """Publish an earlier version of a partition again, with the quarantine that belonged to it."""
    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.asset import partition_lock
    from enrichment_platform.stages.publish import publications
    from enrichment_platform.stages.publish import restore as restore_version
    from enrichment_platform.stages.restored import report_restored

    spec = load_location().enrichment(name)
    lake = Lake.from_environment()
    if list_only:
        rows = [
            [str(c.version), c.at.isoformat(timespec="seconds"), c.notes.get("staged_version", "")]
            for c in publications(lake, spec, partition)
        ]
        columns = ["version", "published_at", "staged_version"]
        if json_output:
            click.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
        else:
            table(columns, rows)
        return
    with partition_lock(spec, partition):
        restored = restore_version(lake, spec, partition, version)
    report_restored(spec, partition, restored.version)
    said = {"name": name, "partition_key": partition, "restored_version": restored.version}
    click.echo(
        json.dumps(said) if json_output else f"{name} {partition}: version {restored.version} is published again"
    )
