"""`enrichment halt`: the kill switch, for runs in any process that shares the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from enrichment_platform.cli.group import as_json
from enrichment_platform.cli.output import cell, moment, table
from enrichment_platform.errors import InputError
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.printable import printable

if TYPE_CHECKING:
    from enrichment_platform.inference.ledger import Ledger

ALL = "*"


@click.command()
@click.argument("name", required=False)
@click.option("--reason", metavar="TEXT", help="Shown by those who are stopped by it.")
@click.option("--lift", is_flag=True, help="Let it send again.")
@click.option("--list", "list_only", is_flag=True, help="List what is halted and change nothing.")
@as_json
def halt(name: str | None, reason: str | None, lift: bool, list_only: bool, json_output: bool) -> None:
    """Stop sending requests for the enrichment NAME, or for all when no NAME is given.

    Runs in progress, also those of other processes and pods, send nothing more: what is in flight is waited for and
    kept, the rest is deferred, and the run fails saying so. A halt stays until it is lifted.
    """
    if list_only and (lift or name or reason):
        raise InputError("--list stands alone")
    if lift and reason:
        raise InputError("--reason belongs to a halt, not to --lift")
    from enrichment_platform.inference.ledger import Ledger

    scope = name or ALL
    with Ledger(ledger_url()) as ledger:
        said: dict[str, Any] = {}
        if not list_only:
            # A halt of all has to work also where the enrichments cannot be loaded, and at once.
            halted = {one["scope"] for one in ledger.halts()}
            if name and name != ALL and not (lift and name in halted):
                _known(name)
            said = _lift(ledger, scope) if lift else _halt(ledger, scope, reason)
        halts = in_force(ledger)
    if json_output:
        click.echo(json.dumps({**said, "halts": halts}))
        return
    if list_only:
        table(["scope", "reason", "halted_at"], [[cell(value) for value in one.values()] for one in halts])
        return
    for line in _lines(scope, said, halts):
        click.echo(printable(line))


def in_force(ledger: Ledger) -> list[dict[str, str]]:
    """Halts in force: scope (`*`: all enrichments), reason, halted_at."""
    return [
        {"scope": one["scope"], "reason": one["reason"], "halted_at": moment(one["halted_at"])}
        for one in ledger.halts()
    ]


def subject(scope: str) -> str:
    """What a scope is called in a sentence."""
    return "every enrichment" if scope == ALL else scope


def _known(name: str) -> None:
    from enrichment_platform.location import load_location

    load_location().enrichment(name)


def _halt(ledger: Ledger, scope: str, reason: str | None) -> dict[str, Any]:
    ledger.halt(scope, reason or "halted by hand")
    return {"scope": scope, "halted": True}


def _lift(ledger: Ledger, scope: str) -> dict[str, Any]:
    return {"scope": scope, "halted": False, "lifted": ledger.lift(scope)}


def _lines(scope: str, said: dict[str, Any], halts: list[dict[str, str]]) -> list[str]:
    if said["halted"]:
        again = "enrichment halt --lift" + ("" if scope == ALL else f" {scope}")
        return [f"halted: {subject(scope)}; nothing is sent until `{again}`"]
    begun = f"lifted: {subject(scope)}" if said["lifted"] else f"not halted: {subject(scope)}"
    others = [one for one in halts if scope in (ALL, one["scope"]) or one["scope"] == ALL]
    return [begun, *(f"still halted: {subject(one['scope'])} ({one['reason']})" for one in others)]
