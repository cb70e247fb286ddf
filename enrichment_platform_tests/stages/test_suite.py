"""What a person is told to run next fits what the check has named."""

from __future__ import annotations

import shlex

import pytest

from enrichment_platform.checks.results import CheckResult
from enrichment_platform.stages.suite import _next
from enrichment_platform_tests.checks.tables import make_spec


@pytest.mark.parametrize(
    ("check", "row_ids", "command"),
    [
        ("no_placeholder", ("it's 7",), ["why", "support_tickets", "--partition", "a'b", "--", "it's 7"]),
        ("label_shift", (), ["run", "support_tickets", "--partition", "a'b"]),
        ("canary_accuracy", ("g1",), ["replay", "support_tickets", "--partition", "a'b", "--all"]),
    ],
)
def test_the_next_command_survives_the_shell(check: str, row_ids: tuple[str, ...], command: list[str]) -> None:
    assert shlex.split(next_command(check, row_ids)) == ["enrichment", *command]


def test_golden_rows_are_looked_up_among_the_controls() -> None:
    query = "select * from support_tickets.controls where kind = 'canary' and partition_key = 'a''b'"
    assert shlex.split(next_command("calibration", ("g1",))) == ["enrichment", "sql", query]


def next_command(check: str, row_ids: tuple[str, ...]) -> str:
    result = CheckResult(
        name=check,
        passed=False,
        blocking=False,
        failed_rows=1,
        total_rows=9,
        threshold=None,
        description="",
        message="",
        row_ids=row_ids,
    )
    return _next(make_spec(), result, "a'b")
