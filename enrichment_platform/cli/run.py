"""`enrichment run`: materialize partitions."""

from __future__ import annotations

import json
import sys

import click

from enrichment_platform.cli.group import as_json, command
from enrichment_platform.errors import InputError
from enrichment_platform.printable import printable


@click.command()
@click.argument("name")
@click.option("--partition", metavar="KEY", help="One partition, e.g. 2026-01-31. The newest when no option is given.")
@click.option("--from", "first", metavar="KEY", help="First partition of a range.")
@click.option("--to", "last", metavar="KEY", help="Last partition of a range, included.")
@click.option("--stage", type=click.Choice(["raw", "cleaned", "classified", "enriched"]), help="Only this stage.")
@as_json
@command
def run(
    name: str,
    partition: str | None,
    first: str | None,
    last: str | None,
    stage: str | None,
    json_output: bool,
) -> None:
    """Materialize partitions of the enrichment NAME, as Dagster runs in this process.

    What was answered before is not asked again. A partition whose checks fail keeps its published version.
    """
    from enrichment_platform.location import load_location
    from enrichment_platform.spec import Stage
    from enrichment_platform.stages.materialize import materialize_partitions
    from enrichment_platform.stages.partitions import partitions_definition, select_keys
    from enrichment_platform.stages.report import partition_report

    if partition and (first or last):
        raise InputError("give --partition or --from/--to, not both")
    location = load_location()
    spec = location.enrichment(name)
    keys = select_keys(partitions_definition(spec.partitions), partition, first, last)
    runs = materialize_partitions(location.defs, spec, keys, Stage(stage) if stage else None)
    reports = [partition_report(spec, one) for one in runs]
    if json_output:
        click.echo(json.dumps([report.as_dict() for report in reports], default=str))
    else:
        for report in reports:
            click.echo(printable(report.line()))
        if reports and reports[-1].unplaced:
            click.echo(reports[-1].unplaced_line())
    sys.exit(0 if all(one.succeeded for one in runs) else 1)
