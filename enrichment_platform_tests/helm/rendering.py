"""Manifests of the chart for a file of values, rendered once a process."""

from __future__ import annotations

import difflib
import functools
from pathlib import Path
from typing import Any

import yaml

from enrichment_platform.kubernetes.chart_schema import CHART
from enrichment_platform_tests.helm.programs import helm

VALUES = Path(__file__).parent / "values"
SNAPSHOTS = Path(__file__).parent / "snapshots"
NAMES = sorted(path.stem for path in VALUES.glob("*.yaml"))
REVIEWED_WHOLE = "minimal"
RELEASE, NAMESPACE = "ep", "enrich"

Manifest = dict[str, Any]


class _Readable(yaml.SafeDumper):
    """No aliases; texts of several lines stand as they are."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        lines = "\n".join(line.rstrip() for line in data.splitlines()) + "\n"
        return self.represent_scalar(
            "tag:yaml.org,2002:str", lines if "\n" in data else data, "|" if "\n" in data else None
        )


_Readable.add_representer(str, _Readable.represent_text)


@functools.cache
def rendered(name: str, version: str = "helm-4") -> tuple[Manifest, ...]:
    """Return the manifests for values/NAME.yaml, hooks included."""
    return rendered_from(VALUES / f"{name}.yaml", version)


def rendered_from(
    values: Path, version: str = "helm-4", release: str = RELEASE, namespace: str = NAMESPACE
) -> tuple[Manifest, ...]:
    """Return the manifests for any file of values."""
    done = helm(version).run("template", release, CHART, "--namespace", namespace, "--values", values)
    assert done.returncode == 0, done.stderr
    return tuple(document for document in yaml.safe_load_all(done.stdout) if document)


def values_of(name: str) -> dict[str, Any]:
    given: dict[str, Any] = yaml.safe_load((VALUES / f"{name}.yaml").read_text())
    return given


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    return [one for one in manifests if one["kind"] in kinds]


def named(manifests: tuple[Manifest, ...], kind: str, ending: str) -> Manifest:
    """Return the one manifest of a kind whose name ends so."""
    (found,) = [one for one in of_kind(manifests, kind) if one["metadata"]["name"].endswith(ending)]
    return found


def snapshot(manifests: tuple[Manifest, ...]) -> str:
    """Return the manifests in one spelling, whichever Helm rendered them; without checksums, which say nothing."""
    ordered = sorted(manifests, key=lambda one: (one["kind"], one["metadata"]["name"]))
    text = "---\n".join(yaml.dump(one, Dumper=_Readable, width=120) for one in ordered)
    return "".join(line for line in text.splitlines(keepends=True) if not line.strip().startswith("checksum/"))


def reviewed(name: str) -> tuple[Path, str]:
    """Return the file of a snapshot and what has to be in it: manifests, or what is other than in `REVIEWED_WHOLE`."""
    text = snapshot(rendered(name))
    if name == REVIEWED_WHOLE:
        return SNAPSHOTS / f"{name}.yaml", text
    base = snapshot(rendered(REVIEWED_WHOLE)).splitlines(keepends=True)
    changes = difflib.unified_diff(base, text.splitlines(keepends=True), REVIEWED_WHOLE, name, n=4)
    return SNAPSHOTS / f"{name}.diff", "".join(changes)
