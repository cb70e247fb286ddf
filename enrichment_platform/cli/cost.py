"""`enrichment cost`: what the requests cost, and how much of it was wasted."""

from __future__ import annotations

import json
from typing import Any

import click

from enrichment_platform.cli.group import as_json
from enrichment_platform.cli.output import cell, plain, table
from enrichment_platform.errors import InputError

_NAMES = {"retry": "retries", "truncated": "truncated", "quarantined": "quarantined rows", "superseded": "superseded"}


@click.command()
@click.argument("name", required=False)
@click.option("--partition", metavar="KEY", help="One partition; all when absent.")
@click.option("--from", "first", metavar="KEY", help="First partition of a range.")
@click.option("--to", "last", metavar="KEY", help="Last partition of a range, included.")
@click.option(
    "--by",
    metavar="A,B",
    help="Group by enrichment, partition, day, model, endpoint, cause, outcome, purpose, label or a field's name.",
)
@as_json
def cost(
    name: str | None, partition: str | None, first: str | None, last: str | None, by: str | None, json_output: bool
) -> None:
    """Show what the enrichment NAME (or all) has cost: tokens and money, per published row, and what was wasted."""
    from enrichment_platform.inference.ledger import Ledger
    from enrichment_platform.lake.location import ledger_url
    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.cost import dimensions, summary, usage_of
    from enrichment_platform.stages.partitions import partitions_definition, select_keys

    if partition and (first or last):
        raise InputError("give --partition or --from/--to, not both")
    if name is None and (partition or first or last):
        raise InputError("--partition, --from and --to need the NAME of an enrichment")
    location = load_location()
    specs = [location.enrichment(name)] if name else list(location.enrichments.values())
    keys = None
    if partition or first or last:
        keys = select_keys(partitions_definition(specs[0].partitions), partition, first, last)
    names = [part.strip() for part in (by or "").split(",") if part.strip()]
    columns, field = dimensions(names, specs)
    lake = Lake.from_environment()
    with Ledger(ledger_url()) as ledger:
        usage = usage_of(lake, ledger, specs, keys, field=field, by_day="day" in columns)
    told = summary(usage, columns)
    if json_output:
        click.echo(json.dumps({"enrichments": [spec.name for spec in specs], "by": names, **told}, default=plain))
        return
    _print(told, columns, names)


def _print(told: dict[str, Any], columns: list[str], names: list[str]) -> None:
    total = told["total"]
    click.echo(
        f"{_usd(total['cost_usd'])} and {total['tokens']:,} tokens ({total['input_tokens']:,} in, of them"
        f" {total['cached_tokens']:,} cached; {total['output_tokens']:,} out) in {total['requests']:,} requests"
    )
    if total["published_rows"]:
        each = f"{_usd(total['cost_per_published_row_usd'])} and {total['tokens_per_published_row']:,.1f} tokens"
        click.echo(f"{total['published_rows']:,} published rows, {each} each")
    else:
        click.echo("no published rows")
    for line in told["waste"]:
        if line["requests"]:
            click.echo(
                f"  wasted on {_NAMES[line['purpose']]}: {_usd(line['cost_usd'])}, {line['tokens']:,} tokens,"
                f" {line['requests']:,} requests ({line['share']:.1%})"
            )
    if total["unknown_requests"]:
        click.echo(
            f"  {total['unknown_requests']:,} requests whose usage is not known (timeouts, resets, lost processes):"
            f" at most {_usd(total['reserved_usd'])}, {total['reserved_tokens']:,} tokens beyond the above"
        )
    saved = told["saved"]
    if saved["rows"]:
        click.echo(
            f"  saved: {saved['rows']:,} rows shared an answer, worth {_usd(saved['cost_usd'])} and"
            f" {saved['tokens']:,} tokens"
        )
    if names:
        shown = ["rows", "requests", "input_tokens", "cached_tokens", "output_tokens", "cost_usd", "share"]
        rows = [
            [*(cell(group[c]) for c in columns), *(_figure(c, group[c]) for c in shown)] for group in told["groups"]
        ]
        table([*names, *shown], rows)


def _figure(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "share":
        return f"{value:.1%}"
    return _usd(value) if name == "cost_usd" else f"{value:,}"


def _usd(value: float) -> str:
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.6f}"
