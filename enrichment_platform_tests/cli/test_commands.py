"""The command: what it prints, and how it ends on wrong input."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from enrichment_platform.cli import main
from enrichment_platform.lake.tables import Lake

Invoke = Callable[..., Result]


@pytest.fixture
def enrichment(home: Path) -> Invoke:
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


@pytest.mark.parametrize(
    "arguments",
    [[], ["run"], ["sql"], ["status"], ["quarantine"], ["restore"], ["demo"], ["dev"], ["halt"]],
    ids=lambda arguments: arguments[0] if arguments else "enrichment",
)
def test_every_command_has_help(enrichment: Invoke, arguments: list[str]) -> None:
    result = enrichment(*arguments, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output
    if arguments and arguments[0] not in ("dev",):
        assert "--json" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "complaint"], "there is no enrichment 'complaint'; did you mean complaints?"),
        (["run", "complaints", "--partition", "2019-02-30"], "there is no partition '2019-02-30'"),
        (["run", "complaints", "--from", "yesterday"], "'yesterday' is not a partition or a date"),
        (["run", "complaints", "--from", "2019-03-02", "--to", "2019-03-01"], "no partition lies from"),
        (["run", "complaints", "--partition", "2019-03-01", "--to", "2019-03-02"], "not both"),
        (["run", "complaints", "--stage", "polished"], "'polished' is not one of"),
        (["run"], "Missing argument 'NAME'"),
        (["sql", "select * from nothing.raw"], "none yet; run an enrichment first"),
        (["quarantine", "complaint"], "there is no enrichment 'complaint'"),
        (["restore", "complaint", "--partition", "2019-03-01"], "there is no enrichment 'complaint'"),
        (["polish"], "No such command 'polish'"),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(enrichment: Invoke, arguments: list[str], message: str) -> None:
    result = enrichment(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_sql_prints_json_and_nothing_else(enrichment: Invoke, lake: Lake) -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    frame = pl.DataFrame({"row_id": ["1"], "partition_key": ["a"], "at": [at], "names": [["x", "é"]], "size": [None]})
    lake.replace_partition("letters/raw", "a", frame)
    result = enrichment("sql", "--json", "select * from letters.raw")
    assert result.exit_code == 0
    (row,) = json.loads(result.stdout)
    assert row["row_id"] == "1"
    assert row["names"] == ["x", "é"]
    assert row["size"] is None
    assert row["at"].startswith("2026-01-02T03:04")
    assert json.loads(enrichment("sql", "--json", "select * from letters.raw where false").stdout) == []


def test_sql_shows_a_table_and_says_that_there_is_more(enrichment: Invoke, lake: Lake) -> None:
    frame = pl.DataFrame({"row_id": [str(n) for n in range(150)], "partition_key": "a", "text": "[bold]x[/bold]" * 20})
    lake.replace_partition("letters/raw", "a", frame)
    shown = enrichment("sql", "select * from letters.raw").stdout
    assert "first 100 of 150 rows; --json prints all" in shown
    assert "[bold]x" in shown, "row text is not markup"


def test_status_of_an_empty_home_lists_the_shipped_enrichments(enrichment: Invoke, home: Path) -> None:
    state = json.loads(enrichment("status", "--json").stdout)
    assert state["home"] == str(home)
    names = {one["name"]: one for one in state["enrichments"]}
    assert names.keys() >= {"support_tickets", "complaints", "known_exploited"}
    assert all(one["published_rows"] == 0 and one["newest_partition"] is None for one in names.values())
    assert "support_tickets" in enrichment("status").stdout


def test_quarantine_filters_by_partition_and_reason(enrichment: Invoke, lake: Lake) -> None:
    for key, reason in (("2019-03-01", "empty_text"), ("2019-03-02", "answer_status")):
        row = {"row_id": f"r-{reason}", "partition_key": key, "stage": "cleaned", "reason": reason, "detail": "why"}
        lake.replace_partition("complaints/quarantine", key, pl.DataFrame([row]), where={"stage": "cleaned"})
    every = json.loads(enrichment("quarantine", "complaints", "--json").stdout)
    assert [row["row_id"] for row in every] == ["r-empty_text", "r-answer_status"]
    one = json.loads(enrichment("quarantine", "complaints", "--json", "--reason", "answer_status").stdout)
    assert [row["partition_key"] for row in one] == ["2019-03-02"]
    assert "1 rows" in enrichment("quarantine", "complaints", "--partition", "2019-03-01").stdout


def test_an_unreachable_source_is_one_message_and_exit_code_1(
    enrichment: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPLAINTS_SOURCE", "/nowhere/complaints.csv")
    result = enrichment("run", "complaints", "--partition", "2019-03-01")
    assert result.exit_code == 1
    assert "FAILED complaints 2019-03-01: materialized nothing" in result.stdout
    assert "/nowhere/complaints.csv" in result.stdout
    assert "Traceback" not in result.output


def test_going_back_where_nothing_was_published_is_refused(enrichment: Invoke) -> None:
    result = enrichment("restore", "complaints", "--partition", "2019-03-01")
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("error: ")
