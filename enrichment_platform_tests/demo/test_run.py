"""The demo as a command, against a provider that answers at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from enrichment_platform.demo.summary import Accuracy
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server


def demo(home: Path, server: RunningServer | None, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ENRICHMENT_", "DAGSTER_HOME"))}
    environment["ENRICHMENT_HOME"] = str(home)
    if server:
        environment |= {"ENRICHMENT_ENDPOINT": server.url, "ENRICHMENT_MODEL": "fake"}
    program = [sys.executable, "-m", "enrichment_platform.cli", "demo", *options]
    return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.slow
def test_the_summary_accounts_for_every_row_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    with openai_server() as server:
        first = json.loads(demo(tmp_path, server, "--days", "2", "--json").stdout)
        asked = server.stats()["requests"]
        again = demo(tmp_path, server, "--days", "2")
        assert server.stats()["requests"] == asked
    assert [part["partition_key"] for part in first["partitions"]] == ["2026-01-29", "2026-01-30"]
    for part in first["partitions"]:
        if part["succeeded"]:
            rejected = part["quarantined"].get("duplicate_key", 0)
            assert part["raw"] + rejected == part["published"] + sum(part["quarantined"].values())
    assert first["usage"]["requests"] > 0
    for said in ("Rows", "Checks", "95% interval", "tokens in", "0 requests", "Next", "enrichment quarantine"):
        assert said in again.stdout


@pytest.mark.slow
@pytest.mark.model
def test_the_embedded_model_is_well_above_guessing_and_its_made_up_quotes_are_caught(tmp_path: Path) -> None:
    done = demo(tmp_path, None, "--days", "1", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["accuracy"]["interval"][0] > 0.4, "chance is 0.125"
    (part,) = summary["partitions"]
    assert part["published"] >= 0.7 * part["raw"]
    assert all(check["passed"] for check in summary["checks"])


def test_the_interval_holds_the_share_and_nothing_is_claimed_of_no_rows() -> None:
    assert Accuracy(0, 0).interval == (0.0, 1.0)
    low, high = Accuracy(81, 100).interval
    assert (round(low, 3), round(high, 3)) == (0.722, 0.875)
