"""`enrichment accept`: a person has looked at what a check found, and all is well."""

from __future__ import annotations

import json

import click

from enrichment_platform.cli.group import as_json, command


@click.command()
@click.argument("name")
@click.option("--partition", required=True, metavar="KEY")
@click.option(
    "--check", "checks", multiple=True, metavar="CHECK", help="A check that failed; all that may be, if absent."
)
@click.option("--reason", required=True, help="Kept with the acceptance, in platform.acceptances.")
@as_json
@command
def accept(name: str, partition: str, checks: tuple[str, ...], reason: str, json_output: bool) -> None:
    """Let a staged partition be published although checks that compare it with its history failed.

    The world does change: a campaign moves the labels, a new form moves the lengths. Checks of what must never happen
    (lost rows, answers of other rows, broken contracts) cannot be accepted. What is accepted is the staged version that
    was checked, and the partition becomes part of the baseline when it is published.
    """
    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.acceptance import accept_checks
    from enrichment_platform.stages.partitions import partitions_definition, select_keys

    spec = load_location().enrichment(name)
    select_keys(partitions_definition(spec.partitions), partition, None, None)
    accepted, version = accept_checks(Lake.from_environment(), spec, partition, checks, reason)
    if json_output:
        click.echo(
            json.dumps({"name": name, "partition_key": partition, "checks": accepted, "staged_version": version})
        )
        return
    click.echo(f"{name} {partition}: accepted {', '.join(accepted)} for staged version {version}")
    click.echo(f"next: enrichment run {name} --partition {partition} --stage enriched")
