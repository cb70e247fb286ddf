"""A run that is watched and stopped from outside: the terminal's line, observations, metrics, the kill switch."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from enrichment_platform_tests.acceptance.project import Deployment, letters, letters_spec, write_jsonl
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.waiting import wait_until

ROWS = 60


def slow_letters(deployment: Deployment, provider: RunningServer, tmp_path: Path) -> None:
    """60 letters, four at a time, 0.3 s each: 4.5 s of asking."""
    source = write_jsonl(tmp_path / "letters.jsonl", letters(ROWS, ["a"]))
    deployment.define("letters", letters_spec(source, ["a"]))
    deployment.environment["ENRICHMENT_CONCURRENCY"] = "4"
    provider.behave({"kind": "ok", "latency_s": 0.3})


@pytest.mark.slow
def test_a_halt_stops_a_run_of_another_process_and_running_again_asks_nothing_twice(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    slow_letters(deployment, provider, tmp_path)
    process = deployment.start("run", "letters", "--partition", "a")
    wait_until(lambda: provider.stats()["answered"] >= 5, "five answers", process=process)
    provider.behave({"latency_s": 5})  # a minute of asking is left: a busy machine takes ten seconds to start `halt`
    deployment.done("halt", "letters", "--reason", "the prompt is wrong")
    sent = provider.stats()["requests"]
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the prompt is wrong" in out
    assert "Traceback" not in out + err
    assert provider.stats()["requests"] - sent <= 4, "what was admitted is sent, nothing else"
    state = json.loads(deployment.done("status", "--json"))
    (deferred,) = state["deferrals"]
    assert deferred["rows"] == ROWS - provider.stats()["answered"]

    before = provider.stats()["requests"]
    assert deployment.run("run", "letters", "--partition", "a").returncode == 1
    assert provider.stats()["requests"] == before, "a new run sends nothing either"

    deployment.done("halt", "--lift", "letters")
    provider.behave({"latency_s": 0})
    deployment.done("run", "letters", "--partition", "a")
    assert max(provider.stats()["prompts"].values()) == 1, "nothing is asked twice"
    assert json.loads(deployment.done("status", "--json"))["deferrals"] == []


def test_the_terminal_shows_one_line_in_place_and_dagster_gets_observations(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    slow_letters(deployment, provider, tmp_path)
    printed = on_a_terminal(deployment, "run", "letters", "--partition", "a")
    shown = [int(n) for n in re.findall(rf"letters a: (\d+)/{ROWS} rows", printed)]
    assert len(set(shown)) >= 4, printed
    assert shown == sorted(shown)
    assert "in flight" in printed
    assert "letters a classified: 60 rows" in printed
    key = dg.AssetKey(["letters", "classified"])
    with deployment.instance() as instance:
        observed = [one.asset_observation for one in instance.fetch_observations(key, limit=10).records]
    assert observed[0] is not None
    assert observed[0].partition == "a"
    assert observed[0].metadata["rows_done"].value == ROWS


def on_a_terminal(deployment: Deployment, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "enrichment_platform.cli", *arguments],
        cwd=deployment.root,
        env={**deployment.variables, "TERM": "xterm", "COLUMNS": "140", "LINES": "30"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    printed = b""
    try:
        while chunk := os.read(ours, 4096):
            printed += chunk
    except OSError:  # the terminal is closed: Linux says it so
        pass
    assert process.wait(60) == 0, printed.decode()
    return printed.decode()


def test_the_metrics_file_of_a_run_agrees_with_the_bill(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(ROWS, ["a"]))
    deployment.define("letters", letters_spec(source, ["a"], checks={"max_failed_share": 1.0}))
    deployment.environment["ENRICHMENT_METRICS_FILE"] = str(tmp_path / "letters.prom")
    provider.behave({"kind": "500", "first": 3})
    deployment.done("run", "letters", "--partition", "a")
    written = (tmp_path / "letters.prom").read_text()
    counted = {name: sum_of(written, name) for name in ("requests", "retries", "rows", "tokens")}
    stats: dict[str, Any] = provider.stats()
    assert counted["requests"] == stats["requests"] == ROWS + 3
    assert counted["retries"] == 3
    assert counted["rows"] == ROWS
    assert 'enrichment_requests_in_flight{enrichment="letters"} 0.0' in written


def sum_of(written: str, name: str) -> float:
    return sum(
        float(line.split()[-1]) for line in written.splitlines() if line.startswith(f"enrichment_{name}_total{{")
    )
