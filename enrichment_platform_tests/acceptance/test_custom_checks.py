"""Checks of one's own through the real path: YAML, command, fake provider, suite, publication and quarantine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform_tests.acceptance.project import Deployment, letters, letters_spec, write_jsonl
from enrichment_platform_tests.servers.openai_server import RunningServer

ROWS = 40
MODULE = """import polars as pl


def about_parcels() -> pl.Expr:
    return pl.col("text").str.contains("parcels") & pl.col("topic").is_not_null()
"""
ROW_WISE = {"name": "not_the_third", "sql": "not contains(text, 'Letter 3 ')", "max_failed_share": 0.1}
IN_POLARS = {"name": "about_parcels", "polars": "letter_checks:about_parcels", "max_failed_share": 0.1}
SHARE = {"name": "short_ones", "rate": "length(text) < 40", "max_shift": 0.2}


def define(deployment: Deployment, source: Path, *custom: dict[str, Any]) -> None:
    (deployment.root / "letter_checks.py").write_text(MODULE)
    deployment.define("letters", letters_spec(source, ["a", "b"], checks={"custom": list(custom)}))


def verdict(deployment: Deployment, partition: str) -> dict[str, dict[str, Any]]:
    of_partition = f"select * from platform.checks where partition_key = '{partition}'"
    rows = deployment.sql(f"{of_partition} qualify checked_at = max(checked_at) over ()")
    return {row["check"]: row for row in rows}


def published(deployment: Deployment, partition: str) -> int:
    rows = deployment.sql(f"select count(*) as n from letters.enriched where partition_key = '{partition}'")
    return int(rows[0]["n"])


@pytest.mark.slow
def test_rows_that_fail_ones_own_checks_are_quarantined_by_name_and_a_shifted_rate_is_not_published(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    rows = letters(ROWS, ["a", "b"])
    for row in rows:
        if row["id"] == "a-007":
            row["text"] = "Letter 7 of a, about flowers."
        if row["part"] == "b":
            row["text"] += " And much more than that, at some length." * (int(row["id"][2:]) % 2)
    define(deployment, write_jsonl(tmp_path / "letters.jsonl", rows), ROW_WISE, IN_POLARS, SHARE)

    deployment.done("run", "letters", "--partition", "a")

    aside = {row["row_id"]: row for row in json.loads(deployment.done("quarantine", "letters", "--json"))}
    assert {row_id: row["reason"] for row_id, row in aside.items()} == {
        "a-003": "not_the_third",
        "a-007": "about_parcels",
    }
    assert aside["a-003"]["detail"] == "does not satisfy not_the_third"
    assert published(deployment, "a") == ROWS - 2
    first = verdict(deployment, "a")
    assert list(first["not_the_third"]["row_ids"]) == ["a-003"]
    assert "no earlier partition to compare with yet" in first["short_ones"]["message"]

    shifted = deployment.run("run", "letters", "--partition", "b")

    assert shifted.returncode == 1, shifted.stdout
    assert "short_ones" in shifted.stdout
    second = verdict(deployment, "b")["short_ones"]
    assert not second["passed"]
    assert "True of 20 of 40 rows (50%); within 20 points of 100%, the mean of 1 earlier partition" in second["message"]
    assert published(deployment, "b") == 0


def test_too_many_rows_that_fail_ones_own_check_hold_the_partition_back(
    deployment: Deployment, provider: RunningServer, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(ROWS, ["a"]))
    define(deployment, source, {"name": "short", "sql": "length(text) < 10"})
    result = deployment.run("run", "letters", "--partition", "a")
    assert result.returncode == 1
    assert verdict(deployment, "a")["short"]["failed_rows"] == ROWS


@pytest.mark.parametrize(
    "sql", ["cast(text as integer) > 1", "nobody_has_it = 'x'"], ids=["a value", "a column that is not there"]
)
def test_an_expression_that_breaks_when_it_runs_fails_and_shows_no_text(
    deployment: Deployment, provider: RunningServer, tmp_path: Path, sql: str
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(4, ["a"], "Zq7SECRETq7Z "))
    attributes = letters_spec(source, ["a", "b"], checks={"custom": [{"name": "broken", "sql": sql}]})
    attributes["source"].pop("columns")
    deployment.define("letters", attributes)
    result = deployment.run("run", "letters", "--partition", "a")
    assert result.returncode == 1
    assert "Could not run" in verdict(deployment, "a")["broken"]["message"]
    assert "Zq7SECRETq7Z" not in result.stdout + result.stderr + str(verdict(deployment, "a"))


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"sql": "nobody_has_it > 1"}, "checks.custom.mine: there is no column nobody_has_it; use row_id"),
        ({"sql": "true) from answered; --"}, "checks.custom.mine: it is not one SQL expression"),
        ({"sql": "text in (select 'x')"}, "checks.custom.mine: a query inside it is not allowed"),
        ({"polars": "no_such_module:x"}, "checks.custom.mine: no_such_module cannot be imported"),
        ({"rate": "topic", "minimum": 0.1}, "checks.custom.mine: it gives VARCHAR, not true or false"),
    ],
)
def test_a_check_that_cannot_work_is_named_when_the_file_is_loaded(
    deployment: Deployment, tmp_path: Path, check: dict[str, Any], message: str
) -> None:
    source = write_jsonl(tmp_path / "letters.jsonl", letters(1, ["a"]))
    define(deployment, source, {"name": "mine", **check})
    result = deployment.run("run", "letters", "--partition", "a")
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
