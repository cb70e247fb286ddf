"""The kill switch: it holds until it is lifted, for one enrichment or all, and is seen by all who share the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from enrichment_platform.cli import main
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.lake.location import ledger_url

Invoke = Callable[..., Result]


@pytest.fixture
def enrichment(home: Path) -> Invoke:
    return lambda *arguments: CliRunner().invoke(main, arguments)


def halts() -> dict[str, str]:
    with Ledger(ledger_url()) as ledger:
        return {one["scope"]: one["reason"] for one in ledger.halts()}


def test_a_halt_is_in_the_ledger_until_it_is_lifted(enrichment: Invoke) -> None:
    said = enrichment("halt", "complaints", "--reason", "wrong prompt")
    assert said.exit_code == 0, said.output
    assert said.stdout == "halted: complaints; nothing is sent until `enrichment halt --lift complaints`\n"
    assert halts() == {"complaints": "wrong prompt"}
    assert enrichment("halt", "--lift", "complaints").stdout == "lifted: complaints\n"
    assert halts() == {}


def test_without_a_name_everything_is_halted_even_where_no_enrichment_can_be_loaded(
    enrichment: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise AssertionError("the enrichments are loaded")

    monkeypatch.setattr("enrichment_platform.location.load_location", broken)
    assert "every enrichment" in enrichment("halt").stdout
    assert halts() == {"*": "halted by hand"}
    assert enrichment("halt", "--lift").stdout == "lifted: every enrichment\n"
    assert halts() == {}


def test_lifting_says_what_is_still_halted(enrichment: Invoke) -> None:
    enrichment("halt")
    enrichment("halt", "complaints", "--reason", "wrong prompt")
    assert enrichment("halt", "--lift", "complaints").stdout.splitlines() == [
        "lifted: complaints",
        "still halted: every enrichment (halted by hand)",
    ]
    enrichment("halt", "complaints", "--reason", "wrong prompt")
    assert enrichment("halt", "--lift").stdout.splitlines() == [
        "lifted: every enrichment",
        "still halted: complaints (wrong prompt)",
    ]
    assert enrichment("halt", "--lift").stdout.startswith("not halted: every enrichment\n")


def test_a_halt_of_an_enrichment_that_is_gone_can_be_lifted(enrichment: Invoke) -> None:
    with Ledger(ledger_url()) as ledger:
        ledger.halt("removed", "old")
    assert enrichment("halt", "--lift", "removed").stdout == "lifted: removed\n"


def test_json_holds_the_halts_in_force(enrichment: Invoke) -> None:
    said = json.loads(enrichment("halt", "complaints", "--reason", "why", "--json").stdout)
    assert (said["scope"], said["halted"]) == ("complaints", True)
    listed = json.loads(enrichment("halt", "--list", "--json").stdout)
    assert listed == {"halts": said["halts"]}
    assert [(one["scope"], one["reason"]) for one in listed["halts"]] == [("complaints", "why")]
    assert listed["halts"][0]["halted_at"].endswith("+00:00")
    assert "complaints" in enrichment("halt", "--list").stdout
    lifted = json.loads(enrichment("halt", "--lift", "complaints", "--json").stdout)
    assert lifted == {"scope": "complaints", "halted": False, "lifted": True, "halts": []}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["complaint"], "there is no enrichment 'complaint'; did you mean complaints?"),
        (["--lift", "complaint"], "there is no enrichment 'complaint'"),
        (["--list", "--lift"], "--list stands alone"),
        (["--list", "complaints"], "--list stands alone"),
        (["--lift", "--reason", "x"], "--reason belongs to a halt"),
    ],
)
def test_wrong_input_halts_nothing(enrichment: Invoke, arguments: list[str], message: str) -> None:
    result = enrichment("halt", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert halts() == {}


def test_status_shows_halts_and_deferred_rows(enrichment: Invoke) -> None:
    with Ledger(ledger_url()) as ledger:
        ledger.halt("complaints", "wrong \x1b[31mprompt")
        ledger.defer("complaints", "2019-03-01", 40, "budget.day is spent")
        ledger.defer("complaints", "2019-03-02", 2, "budget.day is spent")
    state = json.loads(enrichment("status", "--json").stdout)
    deferred = {one["name"]: one["deferred_rows"] for one in state["enrichments"]}
    assert deferred["complaints"] == 42
    assert deferred["support_tickets"] == 0
    assert [one["scope"] for one in state["halts"]] == ["complaints"]
    assert [(one["partition_key"], one["rows"]) for one in state["deferrals"]] == [
        ("2019-03-01", 40),
        ("2019-03-02", 2),
    ]
    shown = enrichment("status").stdout
    assert "deferred: complaints 2019-03-01, 40 rows (budget.day is spent)" in shown
    assert "complaints (wrong \\x1b[31mprompt)" in shown
