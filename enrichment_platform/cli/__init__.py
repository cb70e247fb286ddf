"""The `enrichment` command and the list of its subcommands.

Their modules import what they work with when they run, so that `--help` stays quick.
"""

from __future__ import annotations

import click

from enrichment_platform.cli import (
    accept,
    cost,
    demo,
    dev,
    halt,
    profile,
    quarantine,
    replay,
    restore,
    run,
    selftest,
    sql,
    status,
    verify_parity,
    why,
)
from enrichment_platform.cli.group import ErrorGroup


@click.group(cls=ErrorGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="enrichment-platform")
def main() -> None:
    """Enrich tables with language models: raw -> cleaned -> classified -> enriched.

    State lives in ENRICHMENT_HOME (default .enrichment). Exit codes: 0 done, 1 failed, 2 wrong input.
    """


main.add_command(accept.accept)
main.add_command(cost.cost)
main.add_command(demo.demo)
main.add_command(dev.dev)
main.add_command(halt.halt)
main.add_command(profile.profile)
main.add_command(quarantine.quarantine)
main.add_command(replay.replay)
main.add_command(restore.restore)
main.add_command(run.run)
main.add_command(selftest.selftest)
main.add_command(sql.sql)
main.add_command(status.status)
main.add_command(verify_parity.verify_parity)
main.add_command(why.why)
