"""`enrichment replay`: ask quarantined rows again."""

from __future__ import annotations

import json
import sys

import click

from enrichment_platform.cli.group import as_json, command
from enrichment_platform.printable import printable


@click.command()
@click.argument("name")
@click.option("--partition", required=True, metavar="KEY")
@click.option("--reason", help="Only rows that were quarantined for this reason.")
@click.option("--row", "row_ids", multiple=True, metavar="ID", help="Only this row; may be given several times.")
@click.option(
    "--all", "every", is_flag=True, help="All rows and golden rows: after a provider that was broken is mended."
)
@as_json
@command
def replay(
    name: str, partition: str, reason: str | None, row_ids: tuple[str, ...], every: bool, json_output: bool
) -> None:
    """Ask the quarantined rows of a partition of NAME again, and run the partition.

    Their stored answers are forgotten; what they cost stays in the books. The other rows are not asked.
    """
    from enrichment_platform.errors import InputError, TableNotFoundError
    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.partitions import partitions_definition, select_keys
    from enrichment_platform.stages.replay import replay as replay_rows
    from enrichment_platform.stages.replay import rows_to_replay

    if every and (reason is not None or row_ids):
        raise InputError("--all takes every row; leave out --reason and --row")
    location = load_location()
    spec = location.enrichment(name)
    select_keys(partitions_definition(spec.partitions), partition, None, None)
    try:
        rows = rows_to_replay(Lake.from_environment(), spec, partition, reason, row_ids, every=every)
    except TableNotFoundError:
        raise InputError(f"{name} {partition} was never answered; `enrichment run {name}` does that") from None
    done = replay_rows(location.defs, spec, partition, rows)
    if json_output:
        click.echo(json.dumps(done.as_dict()))
    elif not done.rows:
        click.echo(f"{name} {partition}: no row failed a check of rows; --all asks every row and golden row again")
    else:
        state = "ok    " if done.succeeded else "FAILED"
        click.echo(printable(f"{state} {name} {partition}: {done.rows} rows asked again"))
        for before, now in done.reasons.items():
            became = ", ".join(f"{count} {what}" for what, count in now.items())
            click.echo(printable(f"       {before}: {became}"))
        if done.failed_checks:
            click.echo(f"       failed checks: {', '.join(done.failed_checks)}")
        for error in done.errors:
            click.echo(printable(f"       {error}"))
    sys.exit(0 if done.succeeded else 1)
