"""What all commands share: how errors end, `--json`, logging and Dagster's folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.printable import printable

F = TypeVar("F", bound=Callable[..., Any])
as_json = click.option("--json", "json_output", is_flag=True, help="Print JSON and nothing else.")


class ErrorGroup(click.Group):
    """Errors that a user can cause end in one message and exit code 1 or 2, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
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


def command(function: F) -> F:
    """Set up logging and Dagster's folder before a command that runs or loads assets."""

    @wraps(function)
    def prepared(*args: Any, **kwargs: Any) -> Any:
        from enrichment_platform.cli.terminal import terminal_log
        from enrichment_platform.stages.instance import prepare_dagster_home

        prepare_dagster_home()
        with terminal_log(quiet=bool(kwargs.get("json_output"))):
            return function(*args, **kwargs)

    return prepared  # type: ignore[return-value]
