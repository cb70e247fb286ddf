"""Dagster's own command over the shipped definitions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from enrichment_platform_tests.acceptance.project import copy_of_the_platform

ROOT = Path(__file__).parents[2]
DG = Path(sys.executable).with_name("dg")


def dg(home: Path, *arguments: str) -> str:
    environment = {**os.environ, "ENRICHMENT_HOME": str(home), "NO_COLOR": "1"}
    done = subprocess.run([DG, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_dg_lists_the_shipped_definitions(home: Path) -> None:
    listed = json.loads(dg(home, "list", "defs", "--json"))
    assets = {asset["asset_key"]: asset for asset in listed["assets"]}
    names = ("complaints", "known_exploited", "support_tickets")
    stages = ("raw", "cleaned", "classified", "enriched")
    assert {f"{name}/{stage}" for name in names for stage in stages} <= assets.keys()
    assert assets["support_tickets/enriched"]["owners"] == [{"team": "support-data"}]
    assert {schedule["name"] for schedule in listed["schedules"]} >= {f"{name}_schedule" for name in names}
    assert len(listed["asset_checks"]) >= 3 * 6


def test_dg_check_passes_and_the_component_is_described(home: Path) -> None:
    dg(home, "check", "defs")
    assert "enrichment_platform.components.Enrichment" in dg(home, "list", "components")


def test_dg_scaffold_writes_a_start_that_passes_dg_check(home: Path, tmp_path: Path) -> None:
    root = copy_of_the_platform(tmp_path / "project")
    environment = {**os.environ, "ENRICHMENT_HOME": str(home), "PYTHONPATH": str(root), "NO_COLOR": "1"}
    component = "enrichment_platform.components.Enrichment"
    for arguments in (["scaffold", "defs", component, "letters"], ["check", "defs"]):
        done = subprocess.run([DG, *arguments], cwd=root, env=environment, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    written = (root / "enrichment_platform" / "defs" / "letters" / "defs.yaml").read_text()
    assert "name: letters" in written
    assert written.count("#") >= 8, "with comments"
