"""The chart as it is installed on the tests' cluster: its ConfigMaps, rights and Deployments, rendered by Helm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from enrichment_platform_tests.helm.rendering import Manifest, named, of_kind, rendered_from

NAME, LAKE = "dagster", "lake"
REPOSITORY, TAG = "registry.example/platform", "tests"
PLATFORM_IMAGE = f"{REPOSITORY}:{TAG}"
Right = tuple[str, str, str]


@dataclass(frozen=True)
class Release:
    """What the chart made.

    Attributes:
        manifests: All of them.
        config_maps: Folders with the files of a ConfigMap, by its name.
        secrets: What the cluster's user made before.
        port: Of the code location.
    """

    manifests: tuple[Manifest, ...]
    config_maps: dict[str, Path]
    secrets: dict[str, dict[str, str]]
    port: int

    def rights(self) -> set[Right]:
        """Account, verb and resource of all that the Roles allow."""
        rules = {one["metadata"]["name"]: one["rules"] for one in of_kind(self.manifests, "Role")}
        return {
            (subject["name"], verb, resource)
            for binding in of_kind(self.manifests, "RoleBinding")
            for subject in binding["subjects"]
            for rule in rules[binding["roleRef"]["name"]]
            for verb in rule["verbs"]
            for resource in rule["resources"]
        }

    def pod(self, deployment: str) -> Manifest:
        """The pod template of a Deployment."""
        template: Manifest = named(self.manifests, "Deployment", deployment)["spec"]["template"]
        return template


def release(folder: Path, home: Path, database: str, port: int, changes: dict[str, Any]) -> Release:
    """Render the chart with Dagster's storage and the ledger on `database`, and write its ConfigMaps under `folder`.

    Of what it renders three things are other: services are on this machine, the token of an account is in a
    kubeconfig, and what Dagster writes to /tmp goes below `folder`.
    """
    url = sa.make_url(database)
    values = {
        "fullnameOverride": NAME,
        "global": {"dagsterHome": str(home)},
        "image": {"repository": REPOSITORY, "tag": TAG},
        "postgresql": {
            "postgresqlHost": url.host,
            "postgresqlUsername": url.username,
            "postgresqlDatabase": url.database,
            "service": {"port": url.port},
        },
        "lake": {"type": "claim", "claim": {"existingClaim": LAKE}},
        "concurrency": {"runs": {"maxConcurrentRuns": 8}, "pools": {"defaultLimit": 8}},
        "dagsterDaemon": {
            "runMonitoring": {"startTimeoutSeconds": 60, "pollIntervalSeconds": 2, "freeSlotsAfterRunEndSeconds": 2}
        },
        "dagster-user-deployments": {
            "deployments": [
                {"name": "platform", "port": port, "dagsterApiGrpcArgs": ["-m", "enrichment_platform.definitions"]}
            ]
        },
        **changes,
    }
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    manifests = rendered_from(path)
    here = {
        "load_incluster_config: true": "load_incluster_config: false",
        "base_dir: /tmp/dagster": f"base_dir: {folder / 'artifacts'}",
        **{f"host: {service}\n": "host: 127.0.0.1\n" for service in _services(manifests)},
    }
    config_maps = {}
    for one in of_kind(manifests, "ConfigMap"):
        name = one["metadata"]["name"]
        place = config_maps[name] = home if name == f"{NAME}-instance" else folder / "config" / name
        place.mkdir(parents=True, exist_ok=True)
        for file, text in one["data"].items():
            for as_rendered, as_here in here.items():
                text = text.replace(as_rendered, as_here)
            (place / file).write_text(text)
    secrets = {"dagster-postgresql-secret": {"postgresql-password": str(url.password)}}
    return Release(manifests, config_maps, secrets, port)


def _services(manifests: tuple[Manifest, ...]) -> Iterator[str]:
    yield from (one["metadata"]["name"] for one in of_kind(manifests, "Service"))
