"""The baseline: only what was published, only what came before, and what a person accepted."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from enrichment_platform.check_spec import CheckSettings
from enrichment_platform.checks.history import CANARY_SCHEMA, PROFILE_SCHEMA, History
from enrichment_platform.checks.results import CheckResult, Verdict
from enrichment_platform.checks.verdicts import TABLE, accepted, failing_since, latest_verdict, store_verdict
from enrichment_platform.errors import InputError, PublicationRefusedError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.acceptance import accept_checks
from enrichment_platform.stages.baseline import CANARIES, PROFILES, read_history, store
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.publish import check_partition, publish, restore
from enrichment_platform_tests.stages.partition import KEY, answer, classify, letters_spec, prepare, rows

MANY = 190  # enough of one label to be told on the first day, too few for controls
ROWS = 30


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


def one_label(lake: Lake, folder: Path, number: int = ROWS) -> EnrichmentSpec:
    """Letters of which every one is praise, where there are three topics."""
    spec = letters_spec(
        folder / "letters.jsonl",
        output=[{"name": "topic", "type": "label", "labels": ["praise", "complaint", "other"]}],
    )
    ids = prepare(lake, spec, rows(*(str(n) for n in range(number))), folder)
    classify(lake, spec, [answer(row_id) for row_id in ids])
    return spec


def test_a_published_partition_is_part_of_the_baseline_of_later_ones_and_of_no_earlier_one(
    lake: Lake, tmp_path: Path
) -> None:
    spec = one_label(lake, tmp_path)
    check_partition(lake, spec, KEY, tmp_path)
    assert not lake.exists(PROFILES), "nothing is learnt from what is not published"
    publish(lake, spec, KEY)
    later = read_history(lake, spec, "b", "f1")
    assert later.profiles["partition_key"].unique().to_list() == [KEY]
    topics = later.profiles.filter((pl.col("metric") == "label") & (pl.col("count") > 0))
    assert topics.select("field", "value", "count", "total").rows() == [("topic", "praise", ROWS, ROWS)]
    assert later.rows.columns == ["row_id", "partition_key", "source", "topic"]
    assert later.rows.height == ROWS
    assert "Letter 7" in later.rows["source"].to_list()
    for key in ("A", KEY):
        assert read_history(lake, spec, key, "f1").profiles.is_empty()


def test_a_duplicate_is_learnt_in_the_words_that_were_asked_not_its_own(lake: Lake, tmp_path: Path) -> None:
    spec = letters_spec(tmp_path / "letters.jsonl", cleaning={"duplicates": True})
    texts = {"1": "Refund my order, please", "2": "REFUND my order, PLEASE", "3": "Where is my parcel"}
    ids = prepare(lake, spec, [{"id": one, "part": KEY, "text": text} for one, text in texts.items()], tmp_path)
    assert lake.read(table(spec, Stage.CLEANED), KEY)["asked_as"].null_count() == 2
    classify(lake, spec, [answer(row_id) for row_id in ids])
    check_partition(lake, spec, KEY, tmp_path)
    publish(lake, spec, KEY)
    learnt = read_history(lake, spec, "b", "f1").rows
    assert sorted(learnt["source"]) == [texts["1"], texts["1"], texts["3"]]
    published = lake.read(table(spec, Stage.ENRICHED), KEY)["text"]
    assert sorted(published) == sorted(texts.values()), "the table keeps its own words"


def test_another_fingerprint_starts_a_new_baseline_and_remembers_the_old_one(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path)
    check_partition(lake, spec, KEY, tmp_path)
    publish(lake, spec, KEY)
    later = read_history(lake, spec, "b", "f2")
    assert later.profiles.is_empty()
    assert later.rows.is_empty()
    assert later.earlier_profiles["fingerprint"].unique().to_list() == ["f1"]


def test_a_change_of_the_prompt_is_compared_and_not_alarmed(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path)
    check_partition(lake, spec, KEY, tmp_path)
    publish(lake, spec, KEY)
    classify(lake, spec, [answer(str(n), fingerprint="f2") for n in range(ROWS)])
    verdict = check_partition(lake, spec, KEY, tmp_path)
    (change,) = [result for result in verdict.results if result.name == "baseline_change"]
    assert change.passed
    assert f"0% of labels flipped (0% to 11%, {ROWS} rows)" in change.message


def test_a_partition_that_is_restored_is_taken_out_of_the_baseline(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path)
    check_partition(lake, spec, KEY, tmp_path)
    publish(lake, spec, KEY)
    classify(lake, spec, [answer(str(n), fingerprint="f2") for n in range(ROWS)])
    check_partition(lake, spec, KEY, tmp_path)
    publish(lake, spec, KEY)
    restore(lake, spec, KEY, None)
    assert read_history(lake, spec, "b", "f2").profiles.is_empty()


def test_the_first_warning_publishes_and_the_second_in_a_row_blocks_until_it_is_accepted(
    lake: Lake, tmp_path: Path
) -> None:
    spec = one_label(lake, tmp_path, MANY)
    verdict = check_partition(lake, spec, KEY, tmp_path)
    (warned,) = [result for result in verdict.results if not result.passed]
    assert (warned.name, warned.blocking, verdict.passed) == ("same_answer", False, True)
    assert failing_since(lake, spec.name, "b") == {"same_answer": KEY}
    nothing_learnt = pl.DataFrame(schema=PROFILE_SCHEMA)
    history = History(profiles=nothing_learnt, failing_since=failing_since(lake, spec.name, "b"))
    again = check_partition(lake, spec, KEY, tmp_path, history)
    (blocked,) = [result for result in again.results if not result.passed]
    assert (blocked.blocking, blocked.since, again.passed) == (True, KEY, False)
    assert "enrichment accept letters" in blocked.message
    with pytest.raises(PublicationRefusedError, match="same_answer"):
        publish(lake, spec, KEY)
    assert read_history(lake, spec, "b", "f1").profiles.is_empty()
    chosen, version = accept_checks(lake, spec, KEY, [], "the shop had a party")
    assert (chosen, version) == (["same_answer"], latest_verdict(lake, spec.name, KEY)["staged_version"][0])
    publish(lake, spec, KEY)
    assert failing_since(lake, spec.name, "b") == {}, "what was accepted is no first warning"
    assert read_history(lake, spec, "b", "f1").rows.height == MANY, "and it is learnt from"
    classify(lake, spec, [answer(str(n), fingerprint="f2") for n in range(MANY)])
    check_partition(lake, spec, KEY, tmp_path, history)
    with pytest.raises(PublicationRefusedError, match="same_answer"):
        publish(lake, spec, KEY)  # it held for the version that was looked at


def test_what_must_never_happen_cannot_be_accepted(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path, MANY)
    with pytest.raises(InputError, match="never checked"):
        accept_checks(lake, spec, KEY, [], "because")
    classify(lake, spec, [answer(str(n)) for n in range(MANY - 1)])
    assert not check_partition(lake, spec, KEY, tmp_path).passed
    with pytest.raises(InputError, match=r"row_reconciliation may not be accepted.*may be accepted: "):
        accept_checks(lake, spec, KEY, ["row_reconciliation"], "because")
    with pytest.raises(InputError, match="not_empty passed"):
        accept_checks(lake, spec, KEY, ["not_empty"], "because")
    with pytest.raises(InputError, match=r"has no check sameanswer; it has .*same_answer"):
        accept_checks(lake, spec, KEY, ["sameanswer"], "because")


def test_what_is_accepted_twice_is_noted_once(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path, MANY)
    check_partition(lake, spec, KEY, tmp_path)
    accept_checks(lake, spec, KEY, ["same_answer", "same_answer"], "the shop had a party")
    accept_checks(lake, spec, KEY, [], "again")
    assert accepted(lake, spec.name, KEY)["reason"].to_list() == ["the shop had a party"]


def test_a_failed_partition_of_an_earlier_prompt_is_nothing_to_compare_with(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path, MANY)
    check_partition(lake, spec, KEY, tmp_path)
    publish(lake, spec, KEY)  # with a warning, that of one label for all
    assert read_history(lake, spec, "b", "f2").earlier_profiles.is_empty()


def test_storing_one_partition_leaves_the_others_alone(lake: Lake, tmp_path: Path) -> None:
    spec = letters_spec(tmp_path / "letters.jsonl")
    row = {"fingerprint": "f", "metric": "label", "field": "topic", "value": "praise", "count": 1, "total": 1}
    for key in ("a", "b", "a"):
        store(lake, PROFILES, spec, key, pl.DataFrame([{"partition_key": key, **row}], schema=PROFILE_SCHEMA))
    assert read_history(lake, spec, "c", "f").profiles["partition_key"].sort().to_list() == ["a", "b"]


def test_a_partition_of_which_nothing_was_published_breaks_no_later_one(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path)
    spec = spec.model_copy(update={"checks": CheckSettings(max_failed_share=1.0)})
    classify(lake, spec, [answer(str(n), status="refused") for n in range(ROWS)])
    check_partition(lake, spec, KEY, tmp_path)
    row = {"fingerprint": "f1", "metric": "label", "field": "topic", "value": "praise", "count": 0, "total": 0}
    lake.replace_partition("letters/enriched", KEY, _nothing_published(lake))
    store(lake, PROFILES, spec, KEY, pl.DataFrame([{"partition_key": KEY, **row}], schema=PROFILE_SCHEMA))
    assert read_history(lake, spec, "b", "f1").rows.is_empty()


def _nothing_published(lake: Lake) -> pl.DataFrame:
    staged = lake.read("letters/classified", KEY).clear()
    return staged.with_columns(subject=pl.lit("", pl.String), body=pl.lit("", pl.String))


def test_the_lake_of_a_version_without_since_is_read(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path, MANY)
    verdict = check_partition(lake, spec, KEY, tmp_path)
    old = latest_verdict(lake, spec.name, KEY).drop("since", "learning")
    shutil.rmtree(Path(lake.uri) / TABLE)
    lake.append(TABLE, old, partition_by=["enrichment", "partition_key"])
    assert failing_since(lake, spec.name, "b") == {"same_answer": KEY}
    assert check_partition(lake, spec, KEY, tmp_path).passed is verdict.passed


def test_what_was_accepted_of_one_staged_version_says_nothing_of_another(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path, MANY)
    check_partition(lake, spec, KEY, tmp_path)
    accept_checks(lake, spec, KEY, [], "the shop had a party")
    assert failing_since(lake, spec.name, "b") == {}
    classify(lake, spec, [answer(str(n), fingerprint="f2") for n in range(MANY)])
    check_partition(lake, spec, KEY, tmp_path)
    assert failing_since(lake, spec.name, "b") == {"same_answer": KEY}


def test_partitions_without_an_order_escalate_by_their_own_earlier_version(lake: Lake, tmp_path: Path) -> None:
    spec = one_label(lake, tmp_path, MANY)
    check_partition(lake, spec, KEY, tmp_path)
    version = str(latest_verdict(lake, spec.name, KEY)["staged_version"][0])
    assert failing_since(lake, spec.name, "b", ordered=False) == {}
    assert failing_since(lake, spec.name, KEY, ordered=False, but=version) == {}
    assert failing_since(lake, spec.name, KEY, ordered=False, but="another") == {"same_answer": KEY}


DAYS = [f"d{n:02}" for n in range(6)]


def canaries_of_days(lake: Lake, spec: EnrichmentSpec, failed: str, *, accepted_too: bool) -> list[str]:
    """The days whose canaries count, after one of them was held back for them."""
    for day in DAYS:
        rows = [(day, "f1", "g1", "topic", day != failed)]
        store(lake, CANARIES, spec, day, pl.DataFrame(rows, schema=CANARY_SCHEMA, orient="row"))
    result = CheckResult("canary_accuracy", False, True, 1, 1, None, "", "", ())
    verdict = Verdict(False, (result,), pl.DataFrame())
    store_verdict(lake, spec.name, failed, "v", "s", verdict)
    if accepted_too:
        accept_checks(lake, spec, failed, [], "the new model is like that")
    return read_history(lake, spec, "e", "f1").canaries["partition_key"].sort().to_list()


def golden_spec(folder: Path) -> EnrichmentSpec:
    checks = {"golden": {"path": "golden.csv"}}
    return letters_spec(folder / "letters.jsonl", checks=checks)


def test_a_day_that_was_held_back_for_its_canaries_does_not_weigh_on_later_ones(lake: Lake, tmp_path: Path) -> None:
    spec = golden_spec(tmp_path)
    assert canaries_of_days(lake, spec, "d03", accepted_too=False) == [day for day in DAYS if day != "d03"]


def test_whoever_accepts_an_accuracy_makes_it_the_usual_one(lake: Lake, tmp_path: Path) -> None:
    assert canaries_of_days(lake, golden_spec(tmp_path), "d03", accepted_too=True) == DAYS[3:]
