"""The shipped enrichments on real data: every row is published or in quarantine with a reason, and paid for once."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from enrichment_platform_tests.acceptance.project import DATA, ROOT, Deployment
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server

pytestmark = pytest.mark.slow
COMPLAINTS = DATA / "complaints" / "complaints.csv"
VULNERABILITIES = DATA / "kev" / "kev.csv"


@dataclass(frozen=True)
class Finished:
    deployment: Deployment
    server: RunningServer
    arguments: list[str]
    reports: list[dict[str, object]]
    wanted: dict[str, dict[str, str]]


def finished(folder: Path, source: Path, name: str, first: str, last: str, key: str, at: str) -> Iterator[Finished]:
    if not source.exists():
        pytest.skip(f"no {source} on this machine")
    with openai_server() as server, source.open(newline="") as lines:
        wanted = {row[key]: row for row in csv.DictReader(lines) if first <= row[at][:10] <= last}
        variables = {"ENRICHMENT_ENDPOINT": server.url, f"{name.upper()}_SOURCE": str(source)}
        deployment = Deployment(ROOT, folder / "home", variables)
        arguments = ["run", name, "--from", first, "--to", last, "--json"]
        reports = json.loads(deployment.done(*arguments))
        yield Finished(deployment, server, arguments, reports, wanted)


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    folder = tmp_path_factory.mktemp("complaints")
    yield from finished(folder, COMPLAINTS, "complaints", "2019-03-01", "2019-03-07", "complaint_id", "date_received")


@pytest.fixture(scope="module")
def vulnerabilities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    folder = tmp_path_factory.mktemp("kev")
    yield from finished(folder, VULNERABILITIES, "known_exploited", "2024-01-08", "2024-01-16", "cve_id", "date_added")


def ends(run: Finished, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Row id to partition of the published rows, row id to reason of the quarantined ones."""
    published = run.deployment.sql(f"select row_id, partition_key from {name}.enriched")
    aside = run.deployment.sql(f"select row_id, reason from {name}.quarantine where partition_key <> 'unplaced'")
    assert len({row["row_id"] for row in published + aside}) == len(published) + len(aside), "a row ended twice"
    return (
        {row["row_id"]: row["partition_key"] for row in published},
        {row["row_id"]: row["reason"] for row in aside},
    )


def test_every_complaint_with_a_narrative_is_published_or_quarantined_with_a_reason(complaints: Finished) -> None:
    published, aside = ends(complaints, "complaints")
    told = {key for key, row in complaints.wanted.items() if row["narrative"].strip()}
    assert told
    assert told <= published.keys() | aside.keys()
    assert not published.keys() - told
    assert all(aside.values())
    assert {aside[key] for key in complaints.wanted.keys() - told} == {"empty_text"}


def test_complaints_reconcile_with_the_file_by_row_id(complaints: Finished) -> None:
    published, aside = ends(complaints, "complaints")
    assert published.keys() | aside.keys() == complaints.wanted.keys()
    for key, partition in published.items():
        assert complaints.wanted[key]["date_received"] == partition
    assert len(complaints.reports) == 7
    for report in complaints.reports:
        day = {k for k, row in complaints.wanted.items() if row["date_received"] == report["partition_key"]}
        assert report["raw"] == len(day)
        assert report["published"] == len(day & published.keys())
        quarantined = report["quarantined"]
        assert isinstance(quarantined, dict)
        assert sum(quarantined.values()) == len(day & aside.keys())


def test_a_second_run_of_complaints_asks_nothing_and_changes_nothing(complaints: Finished) -> None:
    asked, before = complaints.server.stats()["requests"], ends(complaints, "complaints")
    assert asked > 0
    again = json.loads(complaints.deployment.done(*complaints.arguments))
    assert complaints.server.stats()["requests"] == asked
    assert ends(complaints, "complaints") == before
    assert [one["published"] for one in again] == [one["published"] for one in complaints.reports]


def test_every_vulnerability_is_published_or_quarantined_and_quiet_days_are_fine(vulnerabilities: Finished) -> None:
    published, aside = ends(vulnerabilities, "known_exploited")
    assert published.keys() | aside.keys() == vulnerabilities.wanted.keys()
    assert all(aside.values())
    assert published
    days = {row["date_added"] for row in vulnerabilities.wanted.values()}
    assert len(vulnerabilities.reports) == 9 > len(days)
    assert all(report["succeeded"] for report in vulnerabilities.reports)


def test_a_second_run_of_vulnerabilities_asks_nothing(vulnerabilities: Finished) -> None:
    asked = vulnerabilities.server.stats()["requests"]
    vulnerabilities.deployment.done(*vulnerabilities.arguments)
    assert vulnerabilities.server.stats()["requests"] == asked
