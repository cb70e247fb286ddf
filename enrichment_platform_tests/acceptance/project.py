"""A deployment of the platform as a data team has it: the package with defs of its own, driven by the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from enrichment_platform.lake.query import query as run_query
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
ENRICHMENT = "enrichment_platform.components.Enrichment"


@dataclass
class Deployment:
    """A working copy (the repository's own, or a copy with other defs) and a home."""

    root: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """Environment of its processes; nothing of the platform leaks in from the test's own."""
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("ENRICHMENT_", "DAGSTER_"))}
        return {**outside, "ENRICHMENT_HOME": str(self.home), "PYTHONPATH": str(self.root)} | self.environment

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start `enrichment ...`."""
        return subprocess.Popen(
            [sys.executable, "-m", "enrichment_platform.cli", *arguments],
            cwd=self.root,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `enrichment ...` to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def done(self, *arguments: str) -> str:
        """Output of a run that has to succeed."""
        result = self.run(*arguments)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-6000:]
        return result.stdout

    def sql(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query over its lake."""
        rows: list[dict[str, Any]] = run_query(Lake(str(self.home / "lake")), query).to_pylist()
        return rows

    def define(self, name: str, attributes: dict[str, Any], component: str = ENRICHMENT) -> None:
        """Write `defs/<name>/defs.yaml`."""
        folder = self.root / "enrichment_platform" / "defs" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "defs.yaml").write_text(yaml.safe_dump({"type": component, "attributes": attributes}))

    def instance(self) -> dg.DagsterInstance:
        """The Dagster instance of the home."""
        return dg.DagsterInstance.from_config(str(self.home / "dagster"))


def copy_of_the_platform(folder: Path) -> Path:
    """The package without its enrichments."""
    kept = shutil.ignore_patterns("__pycache__", "complaints", "known_exploited", "support_tickets")
    shutil.copytree(ROOT / "enrichment_platform", folder / "enrichment_platform", ignore=kept)
    for name in ("pyproject.toml", "workspace.yaml"):
        shutil.copyfile(ROOT / name, folder / name)
    return folder


def letters(count: int, partitions: list[str], mark: str = "") -> list[dict[str, str]]:
    """`count` distinct rows a partition: id, part, text."""
    return [
        {"id": f"{part}-{number:03}", "part": part, "text": f"{mark}Letter {number} of {part}, about parcels."}
        for part in partitions
        for number in range(count)
    ]


def letters_spec(path: Path, partitions: list[str], **changes: Any) -> dict[str, Any]:
    """Attributes of an enrichment over JSON lines of `letters`, statically partitioned."""
    return {
        "name": "letters",
        "source": {"path": str(path), "key": "id", "columns": ["text", "part"]},
        "partitions": {"type": "static", "keys": partitions, "column": "part"},
        "prompt": {"columns": ["text"], "system": "You sort letters."},
        "output": [{"name": "topic", "type": "label", "labels": ["praise", "complaint", "other"]}],
        "data_class": "internal",
        "checks": {
            "reask_share": 0,
            "reorder_share": 0,
            "plant_share": 0,
        },  # so that what is billed is what the rows need
    } | changes


def as_spec(attributes: dict[str, Any]) -> EnrichmentSpec:
    """The spec that the attributes mean."""
    return EnrichmentSpec.model_validate(attributes)


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
