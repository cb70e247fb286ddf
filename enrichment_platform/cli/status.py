"""`enrichment status`: what is published, what is held back, what failed."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from enrichment_platform.cli.group import as_json, command
from enrichment_platform.cli.output import cell, moment, plain, table
from enrichment_platform.lake.location import home, lake_uri, ledger_url, warehouse_path
from enrichment_platform.printable import printable

COLUMNS = [
    "name",
    "published_partitions",
    "published_rows",
    "quarantined_rows",
    "deferred_rows",
    "newest_partition",
    "failed_checks",
]


@click.command()
@as_json
@command
def status(json_output: bool) -> None:
    """Show each enrichment: rows published, quarantined and deferred, the newest failed check, what is halted."""
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.report import enrichment_status

    location = load_location()
    states = [enrichment_status(spec) for spec in location.enrichments.values()]
    halts, deferrals = _held()
    deferred: Counter[str] = Counter()
    for one in deferrals:
        deferred[one["enrichment"]] += one["rows"]
    for state in states:
        state["deferred_rows"] = deferred[state["name"]]
    if json_output:
        document = {
            "home": str(home()),
            "lake": lake_uri(),
            "warehouse": str(warehouse_path()),
            "enrichments": states,
            "halts": halts,
            "deferrals": deferrals,
        }
        click.echo(json.dumps(document, default=plain))
        return
    click.echo(f"home {home()}\nlake {lake_uri()}")
    table(COLUMNS, [[cell(state[column]) for column in COLUMNS] for state in states])
    for line in _lines(halts, deferrals):
        click.echo(printable(line))


def _held() -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Halts in force, and partitions whose last run left rows unasked."""
    from enrichment_platform.cli.halt import in_force
    from enrichment_platform.inference.ledger import Ledger

    with Ledger(ledger_url()) as ledger:
        deferrals = [{**one, "deferred_at": moment(one["deferred_at"])} for one in ledger.deferrals()]
        return in_force(ledger), deferrals


def _lines(halts: list[dict[str, str]], deferrals: list[dict[str, Any]]) -> list[str]:
    from enrichment_platform.cli.halt import subject

    lines = [f"halted since {one['halted_at']}: {subject(one['scope'])} ({one['reason']})" for one in halts]
    lines += [
        f"deferred: {one['enrichment']} {one['partition_key']}, {one['rows']} rows ({one['reason']})"
        for one in deferrals
    ]
    return lines
