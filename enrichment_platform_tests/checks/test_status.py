"""Rows without a whole answer say why, in words that come from us."""

from __future__ import annotations

import pytest

from enrichment_platform_tests.checks.tables import make_partition, run, with_value

CLEAN = make_partition(50)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "refused"}, "refused"),
        ({"status": "truncated", "finish_reason": "length"}, "max_output_tokens"),
        ({"finish_reason": "length"}, "max_output_tokens"),
        ({"status": "failed", "finish_reason": None}, "no endpoint"),
        ({"status": "OK"}, "no known status"),
    ],
)
def test_the_detail_says_what_happened(values: dict[str, str], words: str) -> None:
    failures = run(CLEAN, staged=with_value(CLEAN.staged, 7, **values)).failures
    assert failures.get_column("reason").to_list() == ["answer_status"]
    assert words in failures.get_column("detail").item()


@pytest.mark.parametrize(
    "reason", [None, "", " ", "length", "LENGTH", "max_tokens", "MAX_TOKENS", "incomplete", "error"]
)
def test_an_answer_that_no_server_calls_whole_never_counts_as_ok(reason: str | None) -> None:
    failures = run(CLEAN, staged=with_value(CLEAN.staged, 7, finish_reason=reason)).failures
    assert failures.get_column("reason").to_list() == ["answer_status"]


@pytest.mark.parametrize("reason", ["stop", "eos", "eos_token", "end_turn", "STOP", "tool_calls", "unknown"])
def test_whole_answers_count_in_every_servers_word(reason: str) -> None:
    assert run(CLEAN, staged=with_value(CLEAN.staged, 7, finish_reason=reason)).failures.is_empty()
