"""Publication: only a checked, passing, unchanged version; whole; and the way back."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from enrichment_platform.checks.verdicts import TABLE as CHECKS
from enrichment_platform.errors import InputError, PublicationRefusedError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.asked import asked_now
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.publish import check_partition, publications, publish, restore
from enrichment_platform_tests.stages.partition import KEY, answer, classify, letters_spec, prepare, rows

ENRICHED = "letters/enriched"
_ASKED = (Stage.CLEANED, Stage.CLASSIFIED)


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


@pytest.fixture
def spec(lake: Lake, tmp_path: Path) -> EnrichmentSpec:
    """Four rows, answered well and not checked yet."""
    letters = letters_spec(tmp_path / "letters.jsonl")
    ids = prepare(lake, letters, rows("1", "2", "3", "4"), tmp_path)
    classify(lake, letters, [answer(row_id) for row_id in ids])
    return letters


def refused(lake: Lake, spec: EnrichmentSpec) -> str:
    before = lake.read(ENRICHED, KEY).sort("row_id") if lake.exists(ENRICHED) else None
    with pytest.raises(PublicationRefusedError) as refusal:
        publish(lake, spec, KEY)
    after = lake.read(ENRICHED, KEY).sort("row_id") if lake.exists(ENRICHED) else None
    assert (before is None and after is None) or (before is not None and before.equals(after))  # type: ignore[arg-type]
    return str(refusal.value)


def test_a_checked_version_is_published_with_its_provenance(lake: Lake, spec: EnrichmentSpec) -> None:
    assert check_partition(lake, spec, KEY, Path()).passed
    outcome = publish(lake, spec, KEY)
    stored = lake.read(ENRICHED, KEY)
    assert sorted(stored["row_id"]) == ["1", "2", "3", "4"]
    assert set(stored["topic"]) == {"praise"}
    assert {"text", "request_key", "fingerprint", "model", "endpoint"} <= set(stored.columns)
    (commit,) = publications(lake, spec, KEY)
    assert commit.notes["staged_version"] == outcome.figures["staged_version"]


def test_a_version_that_was_never_checked_is_refused(lake: Lake, spec: EnrichmentSpec) -> None:
    assert "was never checked" in refused(lake, spec)


@pytest.mark.parametrize("stage", [Stage.RAW, Stage.CLEANED, Stage.CLASSIFIED])
def test_a_version_that_changed_after_its_checks_is_refused(lake: Lake, spec: EnrichmentSpec, stage: Stage) -> None:
    check_partition(lake, spec, KEY, Path())
    publish(lake, spec, KEY)
    frame = lake.read(table(spec, stage), KEY)
    change = {Stage.RAW: "row_id", Stage.CLEANED: "text", Stage.CLASSIFIED: "topic"}[stage]
    last = pl.int_range(pl.len()) == pl.len() - 1
    edited = frame.with_columns(pl.when(last).then(pl.lit("other")).otherwise(pl.col(change)).alias(change))
    lake.replace_partition(table(spec, stage), KEY, edited)
    assert "was never checked, only" in refused(lake, spec)


def test_a_quarantine_that_changed_after_the_checks_is_refused(lake: Lake, spec: EnrichmentSpec) -> None:
    check_partition(lake, spec, KEY, Path())
    moved = pl.DataFrame({"row_id": ["1"], "reason": ["by hand"], "detail": [None]})
    quarantine.replace(lake, spec, KEY, Stage.CLEANED, moved)
    assert "was never checked, only" in refused(lake, spec)


def test_settings_that_changed_since_the_checks_are_refused(lake: Lake, spec: EnrichmentSpec) -> None:
    check_partition(lake, spec, KEY, Path())
    stricter = spec.model_copy(update={"checks": spec.checks.model_copy(update={"max_failed_share": 0.01})})
    assert "the check settings changed" in refused(lake, stricter)


def test_a_verdict_that_lacks_a_check_is_refused(lake: Lake, spec: EnrichmentSpec) -> None:
    check_partition(lake, spec, KEY, Path())
    kept = lake.read(CHECKS, KEY).filter(pl.col("check") != "output_contract")
    lake.replace_partition(CHECKS, KEY, kept, where={"enrichment": "letters"})
    assert "checks output_contract have no result" in refused(lake, spec)


def test_a_failed_blocking_check_is_refused_by_its_name(lake: Lake, spec: EnrichmentSpec) -> None:
    classify(lake, spec, [answer("1"), *(answer(one, "malformed") for one in ("2", "3", "4"))])
    assert not check_partition(lake, spec, KEY, Path()).passed
    message = refused(lake, spec)
    assert "blocking checks failed: " in message
    assert "answer_status" in message


def test_the_newest_verdict_counts(lake: Lake, spec: EnrichmentSpec) -> None:
    check_partition(lake, spec, KEY, Path())
    classify(lake, spec, [answer(one, "malformed") for one in ("1", "2", "3", "4")])
    check_partition(lake, spec, KEY, Path())
    assert "blocking checks failed" in refused(lake, spec)
    classify(lake, spec, [answer(one) for one in ("1", "2", "3", "4")])
    assert "was never checked, only" in refused(lake, spec)
    check_partition(lake, spec, KEY, Path())
    assert publish(lake, spec, KEY).rows.height == 4


def test_a_lost_row_blocks(lake: Lake, spec: EnrichmentSpec) -> None:
    classify(lake, spec, [answer(one) for one in ("1", "2", "3")])
    verdict = check_partition(lake, spec, KEY, Path())
    assert {result.name for result in verdict.results if not result.passed} >= {"row_reconciliation"}
    assert "row_reconciliation" in refused(lake, spec)


def test_rows_that_fail_a_check_go_to_quarantine_and_the_rest_is_published(lake: Lake, spec: EnrichmentSpec) -> None:
    classify(lake, spec, [answer("1"), answer("2", "refused"), answer("3"), answer("4")])
    check_partition(lake, spec, KEY, Path())
    publish(lake, spec, KEY)
    assert sorted(lake.read(ENRICHED, KEY)["row_id"]) == ["1", "3", "4"]
    aside = quarantine.read(lake, spec, KEY)
    assert aside.select("row_id", "stage", "reason").rows() == [("2", "classified", "answer_status")]


def test_restore_brings_back_rows_and_quarantine_together(lake: Lake, spec: EnrichmentSpec) -> None:
    check_partition(lake, spec, KEY, Path())
    publish(lake, spec, KEY)
    with pytest.raises(InputError, match="has no earlier version with other content"):
        restore(lake, spec, KEY, None)
    classify(lake, spec, [answer("1"), answer("2", "refused"), answer("3"), answer("4")])
    check_partition(lake, spec, KEY, Path())
    publish(lake, spec, KEY)
    first, second = (commit.version for commit in reversed(publications(lake, spec, KEY)))

    assert restore(lake, spec, KEY, None).version == first
    assert lake.read(ENRICHED, KEY).height == 4
    assert quarantine.read(lake, spec, KEY).is_empty()
    assert restore(lake, spec, KEY, second).version == second
    assert lake.read(ENRICHED, KEY).height == 3
    assert quarantine.read(lake, spec, KEY)["row_id"].to_list() == ["2"]
    with pytest.raises(InputError, match=r"has no version 99; it has"):
        restore(lake, spec, KEY, 99)


def test_a_partition_does_not_touch_its_neighbour(lake: Lake, spec: EnrichmentSpec) -> None:
    check_partition(lake, spec, KEY, Path())
    publish(lake, spec, KEY)
    before = lake.read(ENRICHED, KEY).sort("row_id")
    other = before.with_columns(pl.lit("b").alias("partition_key"))
    lake.replace_partition(ENRICHED, "b", other)
    assert lake.read(ENRICHED, KEY).sort("row_id").equals(before)
    assert [commit.partition_key for commit in publications(lake, spec, KEY)] == [KEY]


def test_joined_columns_with_the_names_of_ours_are_published_and_ours_beside_them(lake: Lake, tmp_path: Path) -> None:
    names = ["request_key", "fingerprint", "model", "endpoint"]
    (tmp_path / "devices.csv").write_text(f"letter,{','.join(names)}\n1,rk,fp,Model T,plug\n")
    join = [{"path": str(tmp_path / "devices.csv"), "on": {"id": "letter"}, "columns": names}]
    source = {"path": str(tmp_path / "letters.jsonl"), "key": "id", "columns": ["text", "part"]}
    joined = letters_spec(tmp_path / "letters.jsonl", source=source, cleaning={"join": join})
    prepare(lake, joined, rows("1", "2"), tmp_path)
    classify(lake, joined, [answer("1"), answer("2")])
    verdict = check_partition(lake, joined, KEY, tmp_path)
    assert verdict.passed, [one for one in verdict.results if not one.passed]
    published = publish(lake, joined, KEY).rows.sort("row_id")
    assert published.select(names).rows() == [("rk", "fp", "Model T", "plug"), (None, None, None, None)]
    assert published.select("answer_fingerprint", "answer_model", "answer_endpoint").rows() == [("f1", "m", "e")] * 2
    asked = asked_now(joined, *(lake.read(table(joined, stage), KEY) for stage in _ASKED), tmp_path).sort("row_id")
    assert asked["request_key"].to_list() == published["answer_request_key"].to_list()
