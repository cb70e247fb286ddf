"""The `enrichment` command."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from enrichment_platform.errors import EnrichmentError, InputError
from enrichment_platform.lake.location import home, lake_uri, warehouse_path
from enrichment_platform.printable import printable

F = TypeVar("F", bound=Callable[..., Any])
as_json = click.option("--json", "json_output", is_flag=True, help="Print JSON and nothing else.")


class _Group(click.Group):
    """Errors that a user can cause end in one message and exit code 1 or 2, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EnrichmentError as error:
            click.echo(printable(f"error: {error}"), err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            click.echo(printable(f"error: {where}{error.strerror or error}; see ENRICHMENT_HOME"), err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo("interrupted; run the same command again", err=True)
            ctx.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="enrichment-platform")
def main() -> None:
    """Enrich tables with language models: raw -> cleaned -> classified -> enriched.

    State lives in ENRICHMENT_HOME (default .enrichment). Exit codes: 0 done, 1 failed, 2 wrong input.
    """


def command(function: F) -> F:
    """Set up logging and Dagster's folder before a command that runs or loads assets."""

    @wraps(function)
    def prepared(*args: Any, **kwargs: Any) -> Any:
        from enrichment_platform.stages.instance import prepare_dagster_home

        prepare_dagster_home()
        _show_progress(quiet=bool(kwargs.get("json_output")))
        return function(*args, **kwargs)

    return prepared  # type: ignore[return-value]


@main.command()
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


@main.command()
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


@main.command()
@click.argument("query")
@as_json
def sql(query: str, json_output: bool) -> None:
    """Run a DuckDB query over the tables `<name>.<stage>`, `<name>.quarantine` and `platform.checks`."""
    from enrichment_platform.lake.query import query as run_query
    from enrichment_platform.lake.tables import Lake

    rows = run_query(Lake.from_environment(), query)
    if json_output:
        click.echo(json.dumps(_finite(rows.to_pylist()), default=_plain))
        return
    _table(
        rows.column_names,
        [[_cell(value) for value in row.values()] for row in rows.slice(0, 100).to_pylist()],
    )
    if rows.num_rows > 100:
        click.echo(f"first 100 of {rows.num_rows} rows; --json prints all")


@main.command()
@as_json
@command
def status(json_output: bool) -> None:
    """Show each enrichment: partitions published, rows published and quarantined, the newest failed check."""
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.report import enrichment_status

    location = load_location()
    states = [enrichment_status(spec) for spec in location.enrichments.values()]
    if json_output:
        document = {
            "home": str(home()),
            "lake": lake_uri(),
            "warehouse": str(warehouse_path()),
            "enrichments": states,
        }
        click.echo(json.dumps(document, default=_plain))
        return
    click.echo(f"home {home()}\nlake {lake_uri()}")
    columns = [
        "name",
        "published_partitions",
        "published_rows",
        "quarantined_rows",
        "newest_partition",
        "failed_checks",
    ]
    _table(columns, [[_cell(state[column]) for column in columns] for state in states])


@main.command()
@click.argument("name")
@click.option("--partition", metavar="KEY", help="One partition; all when absent.")
@click.option("--reason", help="Only rows with this reason.")
@click.option("--staged", is_flag=True, help="Rows of the staged version that fail a check, published or not.")
@as_json
def quarantine(name: str, partition: str | None, reason: str | None, staged: bool, json_output: bool) -> None:
    """List the rows of NAME that were not published, each with its stage and reason."""
    import polars as pl

    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.partitions import partitions_definition, select_keys
    from enrichment_platform.stages.publish import failing_rows
    from enrichment_platform.stages.quarantine import read
    from enrichment_platform.stages.raw import UNPLACED

    spec = load_location().enrichment(name)
    if staged and not partition:
        raise InputError("--staged needs --partition")
    if partition not in (None, UNPLACED):
        select_keys(partitions_definition(spec.partitions), partition, None, None)
    lake = Lake.from_environment()
    rows = failing_rows(lake, spec, str(partition)) if staged else read(lake, spec, partition)
    rows = rows.filter(pl.col("reason") == reason) if reason else rows
    rows = rows.sort("partition_key", "stage", "row_id")
    if json_output:
        click.echo(json.dumps(rows.to_dicts()))
        return
    _table(rows.columns, [[_cell(value) for value in row] for row in rows.head(100).iter_rows()])
    click.echo(f"{rows.height} rows" + (", the first 100 are shown" if rows.height > 100 else ""))


@main.command()
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
            _table(columns, rows)
        return
    with partition_lock(spec, partition):
        restored = restore_version(lake, spec, partition, version)
    report_restored(spec, partition, restored.version)
    said = {"name": name, "partition_key": partition, "restored_version": restored.version}
    click.echo(
        json.dumps(said) if json_output else f"{name} {partition}: version {restored.version} is published again"
    )


@main.command()
@click.option("--port", default=3000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@command
def dev(port: int, host: str) -> None:
    """Start the Dagster UI and its daemon over this home's data (`dg dev`)."""
    from enrichment_platform.stages.instance import end_orphaned_runs, open_instance

    with open_instance() as instance:
        end_orphaned_runs(instance)
    arguments = ["dg", "dev", "--port", str(port), "--host", host]
    program = Path(sys.executable).with_name("dg")
    click.echo(f"Dagster UI: http://{host}:{port}  (home {home()})", err=True)
    os.execv(program, arguments)  # noqa: S606 - a fixed program of this environment


class _TerminalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def _show_progress(*, quiet: bool) -> None:
    for name in ("dagster", "dagster.builtin"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_TerminalFormatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("enrichment_platform")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


def _finite(value: Any) -> Any:
    """NaN and infinity as null: JSON has neither."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return {key: _finite(item) for key, item in value.items()} if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _cell(value: Any) -> str:
    text = "" if value is None else printable(str(value))
    return text if len(text) <= 80 else text[:77] + "..."


def _table(columns: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    table = Table(*(escape(printable(column)) for column in columns))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


if __name__ == "__main__":
    main()
