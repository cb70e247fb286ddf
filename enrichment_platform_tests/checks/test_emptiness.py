"""An empty partition fails unless quiet days are normal; a wholly rejected one always fails."""

from __future__ import annotations

import pytest

from enrichment_platform_tests.checks.tables import make_partition, make_spec, result, run


@pytest.mark.parametrize(
    ("allow_empty", "rejected", "passed"),
    [(False, False, False), (True, False, True), (False, True, False), (True, True, False)],
)
def test_an_empty_partition(allow_empty: bool, rejected: bool, passed: bool) -> None:
    clean = make_partition(3, set_aside=0)
    empty = clean._replace(raw_ids=clean.raw_ids.clear(), cleaned=clean.cleaned.clear(), staged=clean.staged.clear())
    empty = empty if rejected else empty._replace(quarantined=clean.quarantined.clear())
    verdict = run(empty, make_spec(checks={"allow_empty": allow_empty}))
    assert result(verdict, "not_empty").passed is passed
    assert verdict.passed is passed
