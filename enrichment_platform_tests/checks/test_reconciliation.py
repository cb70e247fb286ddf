"""Row reconciliation finds every lost, duplicated, foreign or misplaced row, and nothing in clean data."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks import CheckResult
from enrichment_platform_tests.checks.tables import KEY, make_partition, make_spec, result, run, suite, with_value

CLEAN = make_partition()
SPEC = make_spec(output=[{"name": "refund", "type": "boolean"}])
IDS = st.lists(st.text("abcdefgh:01", min_size=1, max_size=6), unique=True, min_size=1, max_size=40)


def reconcile(raw: list[str], aside: dict[str, str], cleaned: list[str], staged: list[str]) -> CheckResult:
    text = {"row_id": pl.String, "partition_key": pl.String, "subject": pl.String, "body": pl.String}
    answers = {"refund": True, "status": "ok", "finish_reason": "stop", "fingerprint": "f"}
    verdict = suite(
        SPEC,
        pl.DataFrame({"row_id": raw}, schema={"row_id": pl.String}),
        pl.DataFrame(
            {"row_id": list(aside), "stage": list(aside.values()), "reason": "blank"},
            schema=dict.fromkeys(["row_id", "stage", "reason"], pl.String),
        ),
        pl.DataFrame({"row_id": cleaned, "partition_key": KEY, "subject": "", "body": ""}, schema=text),
        pl.DataFrame({"row_id": staged}, schema={"row_id": pl.String}).with_columns(
            partition_key=pl.lit(KEY), **{name: pl.lit(value) for name, value in answers.items()}
        ),
    )
    return result(verdict, "row_reconciliation")


@given(IDS, st.data())
@settings(max_examples=60)
def test_clean_tables_are_never_flagged(ids: list[str], data: st.DataObject) -> None:
    aside = data.draw(st.sets(st.sampled_from(ids)))
    kept = [i for i in ids if i not in aside]
    lines = {f"file.csv:{n}": "raw" for n in range(data.draw(st.integers(0, 3)))}
    order = data.draw(st.permutations(kept))
    found = reconcile(ids, dict.fromkeys(sorted(aside), "cleaned") | lines, kept, list(order))
    assert found.passed
    assert (found.failed_rows, found.row_ids) == (0, ())


@given(IDS, st.data(), st.sampled_from(["lost", "late", "duplicated", "foreign", "both", "foreign cleaned"]))
@settings(max_examples=200)
def test_every_single_fault_is_found_and_named(ids: list[str], data: st.DataObject, fault: str) -> None:
    aside = dict.fromkeys(sorted(data.draw(st.sets(st.sampled_from(ids), max_size=len(ids) - 1))), "cleaned")
    kept = [i for i in ids if i not in aside]
    raw, cleaned, staged = list(ids), list(kept), list(kept)
    victim = data.draw(st.sampled_from(kept))
    if fault == "lost":  # never reached cleaned, nor quarantine
        cleaned.remove(victim)
        staged.remove(victim)
    elif fault == "late":  # cleaned, then lost by the model stage
        staged.remove(victim)
    elif fault == "duplicated":
        staged.append(victim)
    elif fault == "foreign":
        victim = "foreign"
        staged.append(victim)
    elif fault == "both":
        aside[victim] = "cleaned"
    else:
        victim = "foreign"
        aside[victim] = "cleaned"
    found = reconcile(raw, aside, cleaned, staged)
    assert not found.passed
    assert victim in found.row_ids


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            lambda p: {"staged": p.staged.filter(pl.col("row_id") != "t000700")},
            "1 lost, 1 cleaned but not staged",
        ),
        (lambda p: {"staged": pl.concat([p.staged, p.staged[700:701]])}, "1 duplicated"),
        (lambda p: {"staged": with_value(p.staged, 700, row_id="t000701")}, "1 lost, 1 duplicated"),
        (lambda p: {"staged": with_value(p.staged, 700, row_id="x")}, "1 lost, 1 foreign"),
        (lambda p: {"staged": with_value(p.staged, 700, row_id=None)}, "1 lost, 1 foreign"),
        (
            lambda p: {"staged": with_value(p.staged, 700, partition_key="2026-01-02")},
            "1 with another partition",
        ),
        (lambda p: {"raw_ids": p.raw_ids.vstack(pl.DataFrame({"row_id": ["t000700"]}))}, "1 duplicated"),
        (lambda p: {"raw_ids": p.raw_ids.vstack(pl.DataFrame({"row_id": ["new"]}))}, "1 lost"),
        (lambda p: {"quarantined": p.quarantined.clear()}, "5 lost"),
        (lambda p: {"quarantined": pl.concat([p.quarantined, p.quarantined])}, "7 duplicated"),
    ],
)
def test_one_row_in_2000_blocks_and_the_message_counts(fault, words) -> None:  # type: ignore[no-untyped-def]
    verdict = run(CLEAN, **fault(CLEAN))
    found = result(verdict, "row_reconciliation")
    assert not verdict.passed
    assert not found.passed
    assert found.message.startswith(words)


def test_rows_set_aside_at_publication_do_not_count_as_accounted_for() -> None:
    moved = CLEAN.quarantined.with_columns(stage=pl.lit("classified"))
    assert result(run(CLEAN, quarantined=moved), "row_reconciliation").message.startswith("5 lost")
