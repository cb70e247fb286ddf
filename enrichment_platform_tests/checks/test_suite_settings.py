"""What an enrichment sets is what its suite does: severities, checks of one's own, escalation; and what is learnt."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import polars as pl
import pytest

from enrichment_platform.checks import Verdict, partition_profile, row_failures, run_suite
from enrichment_platform.checks.history import PROFILE_SCHEMA
from enrichment_platform.checks.inputs import PartitionTables
from enrichment_platform_tests.checks.full_partition import CUSTOM, full_spec, full_tables
from enrichment_platform_tests.checks.tables import KEY, LABELS, result

LONG = {"name": "order_is_short", "sql": "length(order_id) < 9"}  # AB-100000 has 9 characters


@cache
def clean() -> PartitionTables:
    return full_tables(full_spec(), 300, 10)


def collapsed() -> PartitionTables:
    early = pl.int_range(pl.len()) < 200
    label = pl.when(early).then(pl.lit(LABELS[0])).otherwise("category").alias("category")
    return replace(clean(), staged=clean().staged.with_columns(label))


def since(tables: PartitionTables, *checks: str) -> PartitionTables:
    failing = dict.fromkeys(checks, "2025-12-29")
    return replace(tables, history=replace(tables.history, failing_since=failing))


def judged(tables: PartitionTables, **checks: Any) -> Verdict:
    return run_suite(full_spec(**{"custom": []} | checks), tables)


def test_a_statistical_check_warns_blocks_at_once_or_is_off_as_the_severity_says() -> None:
    warned = judged(collapsed())
    assert (result(warned, "label_shift").passed, result(warned, "label_shift").blocking) == (False, False)
    assert warned.passed
    assert "A warning: alone it stops nothing" in result(warned, "label_shift").message
    off = {"shadow_model": "off"}
    blocked = judged(collapsed(), severity={"label_shift": "block"} | off)
    assert (result(blocked, "label_shift").passed, result(blocked, "label_shift").blocking) == (False, True)
    assert not blocked.passed
    silent = judged(since(collapsed(), "label_shift"), severity={"label_shift": "off"} | off)
    assert "label_shift" not in {r.name for r in silent.results}
    assert silent.passed


def test_the_second_warning_in_a_row_blocks_and_gives_the_command_that_accepts_it() -> None:
    verdict = judged(since(collapsed(), "label_shift"))
    found = result(verdict, "label_shift")
    assert (found.blocking, found.since, verdict.passed) == (True, "2025-12-29", False)
    command = f"enrichment accept support_tickets --partition {KEY} --check label_shift --reason WHY"
    assert command in found.message


def test_a_check_that_failed_in_the_partition_before_and_passes_now_is_as_ever() -> None:
    assert judged(since(clean(), "label_shift", "output_contract")).results == judged(clean()).results


def test_mixed_models_warn_day_after_day_where_the_enrichment_says_so() -> None:
    early = pl.int_range(pl.len()) < 30
    mixed = pl.when(early).then(pl.lit("f2")).otherwise("fingerprint").alias("fingerprint")
    tables = replace(clean(), staged=clean().staged.with_columns(mixed))
    verdict = judged(since(tables, "one_fingerprint"))
    found = result(verdict, "one_fingerprint")
    assert (found.passed, found.blocking, found.since) == (False, False, "2025-12-29")
    assert verdict.passed


def test_rows_that_fail_a_check_of_ones_own_go_to_quarantine_and_too_many_block() -> None:
    few = {"name": "not_the_first", "sql": "row_id > 't000002'"}
    verdict = judged(clean(), custom=[few])
    found = result(verdict, "not_the_first")
    assert (found.passed, found.failed_rows, found.threshold) == (True, 3, 0.05)
    assert "they go to quarantine" in found.message
    assert verdict.failures.get_column("row_id").to_list() == ["t000000", "t000001", "t000002"]
    assert set(verdict.failures.get_column("reason")) == {"not_the_first"}
    assert result(verdict, "failed_rows").failed_rows == 3
    strict = judged(clean(), custom=[few | {"max_failed_share": 0.001}])
    assert (result(strict, "not_the_first").passed, strict.passed) == (False, False)
    assert "raise checks.custom.not_the_first.max_failed_share" in result(strict, "not_the_first").message


def test_a_row_check_of_ones_own_that_warns_leaves_its_rows_where_they_are() -> None:
    warning = LONG | {"severity": "warn"}
    verdict = judged(clean(), custom=[warning])
    found = result(verdict, LONG["name"])
    assert (found.passed, found.blocking, found.failed_rows) == (False, False, 300)
    assert "nothing is published" not in found.message
    assert "raise checks.custom.order_is_short.max_failed_share" in found.message
    assert result(verdict, "failed_rows").failed_rows == 0
    assert verdict.passed
    assert verdict.failures.is_empty()
    assert row_failures(full_spec(custom=[warning]), clean()).is_empty()
    assert not judged(since(clean(), LONG["name"]), custom=[warning]).passed
    within = judged(clean(), custom=[warning | {"max_failed_share": 1.0}])
    assert "they are published too" in result(within, LONG["name"]).message


def test_a_check_of_ones_own_that_cannot_run_fails_and_so_does_the_sum_it_belongs_to() -> None:
    broken = {"name": "broken", "sql": "no_such_column = 1"}
    verdict = judged(clean(), custom=[broken])
    assert {r.name for r in verdict.results if not r.passed} == {"broken", "failed_rows"}
    assert not verdict.passed
    warned = judged(clean(), custom=[broken | {"severity": "warn"}])
    assert {r.name for r in warned.results if not r.passed} == {"broken"}
    assert warned.passed


def test_a_rate_of_ones_own_warns_and_then_blocks() -> None:
    assert judged(collapsed(), custom=[CUSTOM[1]]).passed
    again = judged(since(collapsed(), "share_of_billing"), custom=[CUSTOM[1]])
    assert not again.passed
    blocking = judged(collapsed(), custom=[CUSTOM[1] | {"severity": "block"}])
    assert result(blocking, "share_of_billing").blocking
    assert not blocking.passed


def test_a_profile_has_one_key_and_the_fingerprint_of_most_rows() -> None:
    early = pl.int_range(pl.len()) < 30  # the rows that are asked again are among them
    mixed = pl.when(early).then(pl.lit("f2")).otherwise("fingerprint").alias("fingerprint")
    tables = replace(clean(), staged=clean().staged.with_columns(mixed))
    found = partition_profile(full_spec(), tables, "2026-02-02")
    assert set(found.get_column("fingerprint")) == {"f1"}
    assert set(found.get_column("partition_key")) == {"2026-02-02"}
    assert {"label", "length", "attempts", "reasked", "reordered", "custom"} <= set(found.get_column("metric"))


@pytest.mark.parametrize("fault", ["missing", "mistyped", "null"])
@pytest.mark.parametrize("column", clean().staged.columns)
def test_a_profile_of_a_broken_table_lacks_what_could_not_be_counted_and_breaks_nothing(
    column: str, fault: str
) -> None:
    staged = {
        "missing": clean().staged.drop(column),
        "mistyped": clean().staged.with_columns(pl.lit(b"x").alias(column)),
        "null": clean().staged.with_columns(pl.lit(None, clean().staged.schema[column]).alias(column)),
    }[fault]
    found = partition_profile(full_spec(), replace(clean(), staged=staged), KEY)
    assert found.schema == pl.Schema(PROFILE_SCHEMA)


def test_a_profile_of_a_quiet_day_or_without_controls_has_no_counts_of_them() -> None:
    names = ("raw_ids", "quarantined", "cleaned", "staged")
    quiet = replace(clean(), controls=None, **{name: getattr(clean(), name).clear() for name in names})
    assert partition_profile(full_spec(), quiet, KEY).is_empty()
    metrics = partition_profile(full_spec(), replace(clean(), controls=None), KEY).get_column("metric")
    assert not {"reasked", "reordered"} & set(metrics)
