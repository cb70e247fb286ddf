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


def test_an_answer_without_a_finish_reason_counts_where_its_status_is_ok() -> None:
    assert run(CLEAN, staged=with_value(CLEAN.staged, 7, finish_reason=None)).failures.is_empty()
