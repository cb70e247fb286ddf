"""`enrichment dev`: the Dagster UI over this home."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import click

from enrichment_platform.cli.group import command
from enrichment_platform.errors import InputError
from enrichment_platform.lake.location import home


@click.command()
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@command
def dev(port: int, host: str) -> None:
    """Start the Dagster UI and its daemon over this home's data (`dg dev`)."""
    from enrichment_platform.stages.instance import end_orphaned_runs, open_instance

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:  # the webserver would go, and leave its daemon behind
            raise InputError(f"{host}:{port} cannot be used ({error.strerror}); choose another --port") from None
    with open_instance() as instance:
        end_orphaned_runs(instance)
    arguments = ["dg", "dev", "--port", str(port), "--host", host]
    program = Path(sys.executable).with_name("dg")
    click.echo(f"Dagster UI: http://{host}:{port}  (home {home()})", err=True)
    os.execv(program, arguments)  # noqa: S606 - a fixed program of this environment
