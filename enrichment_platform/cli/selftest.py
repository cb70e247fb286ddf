"""`enrichment selftest`: what the checks of an enrichment can see, measured on its own last good partition."""

from __future__ import annotations

import json
import sys
import time

import click

from enrichment_platform.cli.group import as_json, command

SHARES = (0.05, 0.2)
SAY_EVERY_S = 15.0


@click.command()
@click.argument("name")
@click.option("--partition", metavar="KEY", help="A published partition; the last one when absent.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="Only this class of fault; may be repeated.")
@click.option(
    "--share",
    "shares",
    multiple=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of faulty rows; may be repeated. 0.05 and 0.2 when absent.",
)
@click.option(
    "--repeats", default=1, show_default=True, type=click.IntRange(1, 1000), help="Trials of each; ten tell more."
)
@click.option("--rows", default=2000, show_default=True, type=click.IntRange(1), help="Rows of the partition, at most.")
@click.option("--list", "list_only", is_flag=True, help="List the classes of faults and stop.")
@as_json
@command
def selftest(
    name: str,
    partition: str | None,
    faults: tuple[str, ...],
    shares: tuple[float, ...],
    repeats: int,
    rows: int,
    list_only: bool,
    json_output: bool,
) -> None:
    """Print the detection-power card of NAME: which faults its checks find, at which share of the rows, how surely.

    Each fault is put where the provider answers, in a copy of the last good partition, and goes through the engine, the
    tables, the checks and publication. No model is asked and nothing of the real state is touched.
    """
    from enrichment_platform.checks.power_text import card_json, card_text
    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.selftest import fault_names, good_partition, measured

    location = load_location()
    spec = location.enrichment(name)
    chosen = fault_names(faults)
    if list_only:
        _list(chosen, json_output)
        return
    pool = location.pools[spec.model.pool]
    good = good_partition(Lake.from_environment(), spec, location.root, partition, rows)
    earlier = good.history.profiles["partition_key"].n_unique()
    if not json_output:
        click.echo(f"{name} {good.partition_key}: {len(good.answers)} rows, {earlier} earlier partitions")

    said_at = time.monotonic()

    def told(done: int, total: int, what: str) -> None:
        nonlocal said_at
        if sys.stderr.isatty():
            click.echo(f"\r{done}/{total} {what:<40}", nl=False, err=True)
        elif time.monotonic() > said_at + SAY_EVERY_S:
            said_at = time.monotonic()
            click.echo(f"{done} of {total} trials done", err=True)

    found = measured(good, chosen, shares or SHARES, repeats, pool, told)
    if json_output:
        click.echo(card_json(found))
        return
    if sys.stderr.isatty():
        click.echo("", err=True)
    click.echo(card_text(found))


def _list(chosen: list[str], json_output: bool) -> None:
    from enrichment_platform.checks.faults import FAULTS
    from enrichment_platform.cli.output import table

    rows = [[name, FAULTS[name].level, FAULTS[name].description] for name in chosen]
    if json_output:
        click.echo(json.dumps([dict(zip(("fault", "level", "description"), row, strict=True)) for row in rows]))
    else:
        table(["fault", "level", "description"], rows)
