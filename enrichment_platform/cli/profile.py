"""`enrichment profile`: what cleaning did to a partition, and what it saved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from enrichment_platform.cli.group import as_json
from enrichment_platform.cli.output import table
from enrichment_platform.printable import printable

if TYPE_CHECKING:
    from enrichment_platform.stages.profile import CleaningProfile


@click.command()
@click.argument("name")
@click.option("--partition", metavar="KEY", help="Which partition; the newest cleaned one when absent.")
@click.option("--samples", type=click.IntRange(0, 100), default=0, help="Show so many texts before and after. 0.")
@click.option("--dry-run", is_flag=True, help="Try the cleaning plan as it is now; nothing is written.")
@as_json
def profile(name: str, partition: str | None, samples: int, dry_run: bool, json_output: bool) -> None:
    """Show what cleaning did to a partition of NAME: rows by reason, steps, bytes and tokens saved, speed, engine.

    Texts are shown with --samples only. Tokens are estimates, within about 7% at the median.
    """
    from enrichment_platform.errors import InputError
    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.spec import Stage
    from enrichment_platform.stages import profile as profiling
    from enrichment_platform.stages.naming import table as table_name
    from enrichment_platform.stages.partitions import partitions_definition, select_keys

    location = load_location()
    spec = location.enrichment(name)
    lake = Lake.from_environment()
    if partition is None:
        known = lake.partition_keys(table_name(spec, Stage.RAW if dry_run else Stage.CLEANED))
        if not known:
            raise InputError(
                f"no partition of {name} was {'read' if dry_run else 'cleaned'} yet; run"
                f" `enrichment run {name} --partition KEY`"
            )
        partition = known[-1]
    else:
        select_keys(partitions_definition(spec.partitions), partition, None, None)
    found = (
        profiling.dry_run(lake, spec, partition, location.root, samples)
        if dry_run
        else profiling.profile_partition(lake, spec, partition, samples)
    )
    if json_output:
        click.echo(json.dumps(found.to_dict()))
    else:
        _print(found)


def _print(found: CleaningProfile) -> None:
    did = found.did
    engine = f"{did['engine']} {did['device']}".strip()
    speed = f", {did['mb_per_second']} MB/s" if did["mb_per_second"] is not None else ""
    click.echo(f"{found.name} {found.partition_key}: cleaned on the {engine} ({did['engine_reason']}){speed}")
    removed = ", ".join(f"{count:,} {reason}" for reason, count in found.removed.items()) or "none"
    click.echo(f"rows     {did['rows']:,} in, {found.rows:,} out; taken out: {removed}")
    click.echo(f"bytes    {_change(did['text_bytes_before'], did['text_bytes_after'])}")
    click.echo(f"tokens   {_change(found.tokens_before, found.tokens_after)} (estimated)")
    if did["duplicates"] is not None:
        kinds = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in did["duplicates"].items())
        click.echo(f"linked   {kinds}")
    steps = [[name, f"{step['rows']:,}", f"{step['seconds']:.3f}"] for name, step in did["steps"].items()]
    table(["step", "rows changed or taken out", "seconds"], steps)
    for sample in found.samples:
        click.echo(printable(f"--- {sample['row_id']} {sample['column']}"))
        click.echo("- " + printable(sample["before"] or ""))
        click.echo("+ " + printable(sample["after"] or ""))


def _change(before: int, after: int) -> str:
    saved = f", {100 * (before - after) / before:.1f}% less" if before else ""
    return f"{before:,} before, {after:,} after{saved}"
