"""`enrichment demo`: the whole platform on generated tickets."""

from __future__ import annotations

import json
import sys

import click

from enrichment_platform.cli.group import as_json, command


@click.command()
@click.option("--days", default=3, show_default=True, type=click.IntRange(1, 30), help="How many daily partitions.")
@click.option("--seed", default=7, show_default=True, help="Seed of the ticket generator.")
@as_json
@command
def demo(days: int, seed: int, json_output: bool) -> None:
    """Generate support tickets, enrich the last days of them and say what became of every row."""
    from enrichment_platform.demo.run import run_demo

    summary = run_demo(days=days, seed=seed)
    click.echo(json.dumps(summary.as_dict()) if json_output else summary.text())
    sys.exit(0 if summary.succeeded else 1)
