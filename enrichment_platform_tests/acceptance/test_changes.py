"""Only what changed is asked again; a failing check keeps the published version; the way back is one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from enrichment_platform_tests.acceptance.project import Deployment, letters, letters_spec, write_jsonl
from enrichment_platform_tests.servers.openai_server import RunningServer

ROWS = 10


@pytest.mark.slow
def test_a_changed_prompt_asks_again_and_a_changed_description_asks_nothing(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(ROWS, ["a"]))

    def requests_of(**changes: Any) -> int:
        deployment.define("letters", letters_spec(source, ["a"], **changes))
        before = provider.stats()["requests"]
        deployment.done("run", "letters")
        return int(provider.stats()["requests"]) - before

    assert requests_of() == ROWS
    about = {
        "description": "Letters.",
        "owners": ["team:post"],
        "tags": {"tier": "1"},
        "schedule": "0 5 * * *",
        "freshness": {"fail_after_hours": 12},
        "checks": {"max_failed_share": 0.5},
    }
    assert requests_of(**about) == 0
    first = deployment.sql("select distinct fingerprint from letters.enriched")
    changed = {"columns": ["text"], "system": "You sort letters by their mood."}
    assert requests_of(prompt=changed) == ROWS
    second = deployment.sql("select distinct fingerprint from letters.enriched")
    assert len(first) == len(second) == 1
    assert first != second
    assert requests_of() == 0, "the earlier answers are kept"


def published(deployment: Deployment) -> list[dict[str, Any]]:
    return deployment.sql("select * from letters.enriched order by row_id")


def quarantined(deployment: Deployment) -> list[dict[str, Any]]:
    return deployment.sql("select * from letters.quarantine order by row_id")


@pytest.mark.slow
def test_a_failing_check_keeps_the_published_version_until_it_passes_and_restore_goes_back(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(ROWS, ["a"]))
    checks = {"max_failed_share": 0.3}
    deployment.environment["ENRICHMENT_CONCURRENCY"] = "1"
    deployment.define("letters", letters_spec(source, ["a"], checks=checks))
    provider.behave({"kind": "400", "first": 1})
    deployment.done("run", "letters")
    good, aside = published(deployment), quarantined(deployment)
    assert (len(good), len(aside)) == (ROWS - 1, 1)

    prompt = {"columns": ["text"], "system": "You sort letters by their mood."}
    deployment.define("letters", letters_spec(source, ["a"], prompt=prompt, checks=checks))
    provider.behave({"kind": "400", "first": 6})
    failed = deployment.run("run", "letters")
    assert failed.returncode == 1
    assert "failed checks: answer_status" in failed.stdout
    assert "what is published is unchanged" in failed.stdout
    assert (published(deployment), quarantined(deployment)) == (good, aside)

    alone = deployment.run("run", "letters", "--stage", "enriched")
    assert alone.returncode == 1
    assert alone.stdout.count("blocking checks failed: ") == 1
    assert "answer_status" in alone.stdout
    assert "Traceback" not in alone.stdout + alone.stderr
    assert (published(deployment), quarantined(deployment)) == (good, aside)

    # A higher threshold does not count until the staged version was checked under it.
    relaxed = letters_spec(source, ["a"], prompt=prompt, checks={"max_failed_share": 0.9})
    deployment.define("letters", relaxed)
    refused = deployment.run("run", "letters", "--stage", "enriched")
    assert refused.returncode == 1
    assert "check settings changed" in refused.stdout
    provider.behave({"kind": "400", "first": 5})
    before = provider.stats()["requests"]
    deployment.done("run", "letters", "--stage", "classified")
    assert provider.stats()["requests"] == before + 6, "only the rows without an answer"
    deployment.done("run", "letters", "--stage", "enriched")
    assert (len(published(deployment)), len(quarantined(deployment))) == (ROWS - 5, 5)

    provider.behave()
    deployment.done("run", "letters")
    assert (len(published(deployment)), len(quarantined(deployment))) == (ROWS, 0)

    versions = deployment.done("restore", "letters", "--partition", "a", "--list", "--json")
    assert versions.count('"version"') == 3
    deployment.done("restore", "letters", "--partition", "a")
    assert (len(published(deployment)), len(quarantined(deployment))) == (ROWS - 5, 5)
    oldest = min(int(v) for v in versions.replace('"', " ").split() if v.isdigit())
    deployment.done("restore", "letters", "--partition", "a", "--version", str(oldest))
    assert (published(deployment), quarantined(deployment)) == (good, aside)
