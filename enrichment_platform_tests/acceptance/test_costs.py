"""What the commands say of money and tokens is the provider's own bill, whatever went wrong on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from enrichment_platform_tests.acceptance.project import Deployment, letters, letters_spec, write_jsonl
from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server

ROWS = 60
FAULTS = (
    {"kind": "500", "share": 0.05, "seed": 1},
    {"kind": "malformed", "share": 0.1, "seed": 2},
    {"kind": "truncated", "share": 0.1, "seed": 3},
    {"kind": "refusal", "share": 0.05, "seed": 4},
    {"kind": "reset", "share": 0.05, "seed": 5},
    {"kind": "400", "share": 0.05, "seed": 6},
)
TOKENS = {"input_tokens": "prompt_tokens", "cached_tokens": "cached_tokens", "output_tokens": "completion_tokens"}
LOOSE = {"max_failed_share": 0.9}


def cost(deployment: Deployment, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(deployment.done("cost", "letters", "--json", *arguments))
    return found


def pool(*servers: RunningServer) -> dict[str, Any]:
    endpoints = [
        {
            "type": "openai",
            "name": f"api-{number}",
            "base_url": server.url,
            "data_classes": ["internal"],
            "price": {"input": number, "cached_input": number / 2, "output": 2 * number},
        }
        for number, server in enumerate(servers, 1)
    ]
    return {"name": "letters_pool", "endpoints": endpoints}


def assert_is_the_bill(told: dict[str, Any], *servers: RunningServer) -> None:
    bills = [server.stats() for server in servers]
    for ours, theirs in TOKENS.items():
        assert told["total"][ours] == sum(bill[theirs] for bill in bills), ours
    assert told["total"]["requests"] == sum(bill["requests"] for bill in bills)


@pytest.mark.slow
def test_cost_equals_the_bill_to_the_token_through_faults_fallback_duplicates_and_a_changed_prompt(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    rows = letters(ROWS, ["a", "b"])
    rows += [{**row, "id": f"{row['id']}-again"} for row in rows[:10]]
    rows += [{**row, "id": f"{row['id']}-in-b", "part": "b"} for row in rows[:5]]
    source = write_jsonl(tmp_path / "letters.jsonl", rows)
    with openai_server() as second:
        servers = (provider, second)
        deployment.define("pool", pool(*servers), "enrichment_platform.components.ModelPool")
        spec = letters_spec(source, ["a", "b"], model="letters_pool", checks=LOOSE)
        deployment.define("letters", spec)
        provider.behave(*FAULTS)
        for key in ("a", "b"):
            deployment.done("run", "letters", "--partition", key)
            assert_is_the_bill(cost(deployment), *servers)
        before = cost(deployment)
        assert before["saved"]["rows"] >= 10 + 5
        spec["prompt"] = {"columns": ["text"], "system": "You sort letters by their mood."}
        deployment.define("letters", spec)
        deployment.done("run", "letters", "--partition", "a")
        told = cost(deployment, "--by", "purpose")
        assert_is_the_bill(told, *servers)
        purposes = {group["purpose"]: group for group in told["groups"]}
        assert set(purposes) >= {"published", "retry", "truncated", "quarantined", "superseded", "unknown", "saved"}
        published = deployment.sql("select count(*) as n from letters.enriched")[0]["n"]
        assert told["total"]["published_rows"] == published
        assert purposes["published"]["rows"] == published
        assert purposes["unknown"]["unknown_requests"] == provider.stats()["outcomes"]["reset"]
        causes = {(one["endpoint"], one["cause"]) for one in cost(deployment, "--by", "endpoint,cause")["groups"]}
        assert ("api-2", "fallback") in causes
        for by in ("model,endpoint", "cause", "label", "partition", "day", "topic"):
            groups = cost(deployment, "--by", by)["groups"]
            assert sum(one["input_tokens"] for one in groups) == told["total"]["input_tokens"], by
        assert sum(line["tokens"] for line in told["waste"]) < told["total"]["tokens"]
        event = deployment.instance().get_latest_materialization_event(dg.AssetKey(["letters", "enriched"]))
        assert event is not None
        assert event.asset_materialization is not None
        shown = {name: entry.value for name, entry in event.asset_materialization.metadata.items()}
        own = cost(deployment, "--partition", "a")
        assert shown["cost_usd"] == pytest.approx(own["total"]["cost_usd"])
        assert shown["wasted_usd"] == pytest.approx(sum(line["cost_usd"] for line in own["waste"]))
        # Not published, but asked: the table cannot know it yet.
        spec["checks"] = {"max_failed_share": 0.0}
        spec["prompt"] = {"columns": ["text"], "system": "You sort letters by their length."}
        deployment.define("letters", spec)
        assert deployment.run("run", "letters", "--partition", "a").returncode == 1
        told = cost(deployment, "--by", "purpose")
        assert_is_the_bill(told, *servers)
        assert told["total"]["published_rows"] == published
        assert any(group["purpose"] == "pending" for group in told["groups"])
        table = "select sum(input_tokens) as n from platform.usage where purpose <> 'saved'"
        archive = "select sum(input_tokens) as n from platform.attempts"
        assert deployment.sql(table) == deployment.sql(archive)
        deployment.done("restore", "letters", "--partition", "a")
        assert_is_the_bill(cost(deployment), *servers)
        assert deployment.sql(table) == deployment.sql(archive)
        assert "published rows" in deployment.done("cost", "letters", "--by", "purpose")


@pytest.mark.slow
def test_replay_asks_what_was_quarantined_and_nothing_else(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", [*letters(20, ["a"]), {"id": "x", "part": "a", "text": ""}])
    deployment.define("letters", letters_spec(source, ["a"], checks=LOOSE))
    provider.behave({"kind": "refusal", "first": 4})
    deployment.done("run", "letters")
    before = provider.stats()["requests"]
    provider.behave({"kind": "refusal", "first": 1})
    replayed = json.loads(deployment.done("replay", "letters", "--partition", "a", "--json"))
    assert provider.stats()["requests"] == before + 4
    (became,) = replayed["reasons"].values()
    assert replayed["rows"] == 4
    assert became["published"] == 3
    assert sum(became.values()) == 4
    assert_is_the_bill(cost(deployment), provider)
    (aside,) = deployment.sql("select row_id from letters.quarantine where stage = 'classified'")
    wrong = deployment.run("replay", "letters", "--partition", "a", "--row", "nobody")
    assert wrong.returncode == 2
    assert "not in the quarantine" in wrong.stderr
    (early,) = deployment.sql("select row_id from letters.quarantine where stage <> 'classified'")
    early_row = deployment.run("replay", "letters", "--partition", "a", "--row", early["row_id"])
    assert early_row.returncode == 2
    assert "asking cannot help" in early_row.stderr
    deployment.done("replay", "letters", "--partition", "a", "--row", aside["row_id"])
    assert deployment.sql("select 1 from letters.quarantine where stage = 'classified'") == []
    nothing = deployment.done("replay", "letters", "--partition", "a")
    assert "no row failed a check of rows" in nothing


@pytest.mark.slow
def test_replay_of_all_asks_every_row_and_golden_row_again_when_no_check_of_rows_failed(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(20, ["a"]))
    golden = write_jsonl(
        tmp_path / "golden.jsonl", [{"id": f"g{n}", "text": f"Golden letter {n}", "topic": "other"} for n in range(6)]
    )
    checks = LOOSE | {"reask_share": 0, "reorder_share": 0, "plant_share": 0, "golden": {"path": str(golden)}}
    deployment.define("letters", letters_spec(source, ["a"], checks=checks))
    deployment.done("run", "letters")
    before = provider.stats()["requests"]
    assert before == 26
    assert "no row failed a check of rows" in deployment.done("replay", "letters", "--partition", "a")
    assert provider.stats()["requests"] == before
    both = deployment.run("replay", "letters", "--partition", "a", "--all", "--reason", "refused")
    assert (both.returncode, "leave out --reason" in both.stderr) == (2, True)
    replayed = json.loads(deployment.done("replay", "letters", "--partition", "a", "--all", "--json"))
    assert provider.stats()["requests"] == 2 * before
    assert (replayed["rows"], replayed["reasons"]) == (20, {"no check of rows": {"published": 20}})
    assert_is_the_bill(cost(deployment), provider)


@pytest.mark.slow
def test_why_tells_where_a_value_came_from_and_asks_again_on_the_books(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    rows = letters(3, ["a"])
    source = write_jsonl(tmp_path / "letters.jsonl", [*rows, {**rows[0], "id": "twin"}])
    deployment.define("letters", letters_spec(source, ["a"], checks=LOOSE))
    provider.behave({"kind": "malformed", "first": 1})
    deployment.done("run", "letters")
    ids = [row["row_id"] for row in deployment.sql("select row_id from letters.enriched order by row_id")]
    told = {one: json.loads(deployment.done("why", "letters", one, "--json")) for one in ids}
    assert all(one["prompt_is_what_was_sent"] and one["fingerprint"]["unchanged"] for one in told.values())
    assert sum(one["shared"] is not None for one in told.values()) == 1
    own = [one for one in told.values() if one["shared"] is None]
    assert sum(one["cost"]["requests"] for one in own) == provider.stats()["requests"] == 4
    audited = json.loads(deployment.done("why", "letters", ids[0], "--replay", "--json"))
    assert [one["same"] for one in audited["replay"]["compared"]] == [True]
    assert audited["attempts"][-1]["cause"] == "audit"
    assert_is_the_bill(cost(deployment), provider)
    shown = deployment.done("why", "letters", ids[0], "--replay")
    assert rows[0]["text"] in shown or rows[1]["text"] in shown or rows[2]["text"] in shown
    assert "this is what was sent" in shown
    absent = deployment.run("why", "letters", "nobody")
    assert absent.returncode == 2
    assert "there is no row 'nobody'" in absent.stderr
