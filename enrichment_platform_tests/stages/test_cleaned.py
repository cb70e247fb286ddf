"""Cleaned: duplicates are linked and asked once, joined columns reach the prompt, a dry run writes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.errors import InputError
from enrichment_platform.inference.pool import DEFAULT_POOL
from enrichment_platform.inference.task import Task
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, PartitionWindow, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.classified import classify_partition
from enrichment_platform.stages.cleaned import clean_partition
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.profile import dry_run, profile_partition
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform.stages.raw import ingest
from enrichment_platform.stages.why import question_of
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.stages.partition import letters_spec

LETTER = "The parcel that I ordered on Monday has not come, and nobody at your office answers the telephone any more."
OTHER = "Many thanks for the quick repair of my bicycle; the brakes work well again and the bell rings loudly."


@pytest.fixture
def lake(home: Path, provider: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", provider.url)
    return Lake.from_environment()


def written(lake: Lake, folder: Path, letters: list[dict[str, Any]], **cleaning: Any) -> EnrichmentSpec:
    path = folder / "letters.jsonl"
    path.write_text("".join(json.dumps(letter) + "\n" for letter in letters))
    spec = letters_spec(path, cleaning=cleaning)
    for key in ("a", "b"):
        ingest(lake, spec, PartitionWindow(key), folder)
    return spec


def answered(lake: Lake, spec: EnrichmentSpec, key: str, folder: Path) -> pl.DataFrame:
    clean_partition(lake, spec, key, folder)
    classify_partition(lake, spec, DEFAULT_POOL, key, folder, lambda _: None, "run")
    verdict = check_partition(lake, spec, key, folder)
    assert verdict.passed, [one for one in verdict.results if not one.passed]
    publish(lake, spec, key)
    return lake.read(table(spec, Stage.ENRICHED), key).sort("row_id")


def letter(name: str, text: str, part: str = "a") -> dict[str, Any]:
    return {"id": name, "part": part, "text": text}


def test_duplicates_are_linked_asked_once_and_published_each(
    lake: Lake, provider: RunningServer, tmp_path: Path
) -> None:
    letters = [
        letter("1", LETTER),
        letter("2", OTHER),
        letter("3", LETTER.upper().replace(" ", "  ")),
        letter("4", LETTER.replace("any more", "any longer")),
        letter("5", LETTER),
        letter("6", LETTER.replace("has not come", "has come")),
        letter("7", LETTER, "b"),
        letter("8", OTHER.replace("loudly", "nicely"), "b"),
    ]
    spec = written(lake, tmp_path, letters, steps=["collapse_whitespace"], duplicates={"answers": "near"})
    first = answered(lake, spec, "a", tmp_path)
    assert first["text"].to_list()[2] == LETTER.upper()  # its own text is published, not its original's
    links = {row["row_id"]: (row["duplicate_of"], row["duplicate_kind"]) for row in first.to_dicts()}
    assert links == {
        "1": (None, None),
        "2": (None, None),
        "3": ("1", "normalized"),
        "4": ("1", "near"),
        "5": ("1", "exact"),
        "6": (None, None),
    }
    assert provider.stats()["requests"] == 3

    second = answered(lake, spec, "b", tmp_path)
    assert second.select("row_id", "duplicate_of", "duplicate_partition", "duplicate_kind").rows() == [
        ("7", "1", "a", "exact"),
        ("8", "2", "a", "near"),
    ]
    assert provider.stats()["requests"] == 3

    profile = profile_partition(lake, spec, "a", samples=5)
    assert profile.did["duplicates"] == {"exact": 1, "near": 1, "normalized": 1, "of_earlier_partitions": 0}
    assert profile.tokens_after < profile.tokens_before * 0.6
    assert [sample["row_id"] for sample in profile.samples] == ["3"]


def test_duplicates_are_asked_themselves_where_the_spec_says_so(
    lake: Lake, provider: RunningServer, tmp_path: Path
) -> None:
    letters = [letter("1", LETTER), letter("2", LETTER.replace("any more", "any longer"))]
    spec = written(lake, tmp_path, letters, duplicates={"answers": "ask"})
    assert answered(lake, spec, "a", tmp_path)["duplicate_of"].to_list() == [None, "1"]
    assert provider.stats()["requests"] == 2


def test_earlier_partitions_are_left_alone_where_the_spec_says_so(lake: Lake, tmp_path: Path) -> None:
    letters = [letter("1", LETTER), letter("2", LETTER, "b")]
    spec = written(lake, tmp_path, letters, duplicates={"earlier_partitions": 0})
    for key in ("a", "b"):
        clean_partition(lake, spec, key)
    assert lake.read(table(spec, Stage.CLEANED), "b")["duplicate_of"].to_list() == [None]


def test_a_partition_that_is_cleaned_again_is_linked_as_before(lake: Lake, tmp_path: Path) -> None:
    letters = [letter("1", LETTER), letter("2", LETTER), letter("3", LETTER, "b")]
    spec = written(lake, tmp_path, letters, duplicates=True)
    found = []
    for key in ("a", "b", "a", "b"):
        clean_partition(lake, spec, key)
        found.append(lake.read(table(spec, Stage.CLEANED), key).sort("row_id").rows())
    assert found[:2] == found[2:]


def test_joined_and_added_columns_reach_the_prompt_and_the_table(
    lake: Lake, provider: RunningServer, tmp_path: Path
) -> None:
    (tmp_path / "tiers.csv").write_text("letter,tier\n1,gold\n")
    spec = written(
        lake,
        tmp_path,
        [letter("1", LETTER), letter("2", LETTER + " Bye."), letter("3", OTHER)],
        join=[{"path": "tiers.csv", "on": {"id": "letter"}, "columns": ["tier"]}],
        add=["language", "estimated_tokens", "length_bucket", "prefix_group"],
    )
    spec = EnrichmentSpec.model_validate(spec.model_dump() | {"prompt": {"columns": ["text", "tier"]}})
    rows = answered(lake, spec, "a", tmp_path)
    assert rows["tier"].to_list() == ["gold", None, None]
    assert rows["language"].to_list() == ["en"] * 3
    assert rows["prefix_group"].to_list() == [1, 1, 0]
    assert rows["estimated_tokens"].is_between(15, 35).all()
    assert rows["length_bucket"].to_list() == [32] * 3
    question = question_of(lake, Task(spec, cleaning_version(spec)), "1", "a")
    assert "gold" in question.messages[-1]["content"]
    assert question.group == 1


def test_a_column_that_is_there_already_is_refused(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"
    path.write_text(json.dumps(letter("1", LETTER) | {"language": "xx"}) + "\n")
    spec = letters_spec(path, source={"path": str(path), "key": "id"}, cleaning={"add": ["language"]})
    ingest(lake, spec, PartitionWindow("a"), tmp_path)
    with pytest.raises(InputError, match="the source has columns language, which cleaning writes; rename"):
        clean_partition(lake, spec, "a")


def test_a_dry_run_says_what_the_plan_would_do_and_writes_nothing(lake: Lake, tmp_path: Path) -> None:
    letters = [letter("1", "  " + LETTER), letter("2", "N/A"), letter("3", LETTER)]
    spec = written(lake, tmp_path, letters, steps=["collapse_whitespace", "drop_blank"], duplicates=True)
    found = dry_run(lake, spec, "a", tmp_path, samples=3)
    assert (found.rows, found.removed, found.did["engine"]) == (2, {"empty_text": 1}, "cpu")
    assert found.did["steps"]["collapse_whitespace"]["rows"] == 1
    assert found.samples == [{"row_id": "1", "column": "text", "before": "  " + LETTER, "after": LETTER}]
    assert not lake.exists(table(spec, Stage.CLEANED))
    assert quarantine.read(lake, spec, "a").is_empty()
    with pytest.raises(InputError, match="letters a has not been cleaned; run `enrichment run letters"):
        profile_partition(lake, spec, "a")


def test_small_and_large_batches_give_the_same_table(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [LETTER, OTHER, "N/A", LETTER.replace("Monday", "Tuesday"), LETTER + " Thanks."]
    letters = [letter(f"{number:03}", texts[number * 7 % 5] + f" {number % 4}") for number in range(200)]
    spec = written(lake, tmp_path, letters, steps=["drop_blank"], duplicates=True, add=["prefix_group"])
    found = []
    for size in (32_000_000, 3_000):
        monkeypatch.setattr("enrichment_platform.cleaning.partition.BATCH_BYTES", size)
        monkeypatch.setattr("enrichment_platform.stages.cleaned.READ_ROWS", size // 100)
        clean_partition(lake, spec, "a")
        found.append(lake.read(table(spec, Stage.CLEANED), "a").sort("row_id").rows())
    assert found[0] == found[1]


def test_near_duplicates_are_linked_and_asked_themselves_unless_they_may_share(
    lake: Lake, provider: RunningServer, tmp_path: Path
) -> None:
    letters = [letter("1", LETTER), letter("2", LETTER.replace("any more", "any longer")), letter("3", LETTER.upper())]
    spec = written(lake, tmp_path, letters, duplicates=True)
    rows = answered(lake, spec, "a", tmp_path)
    assert rows["duplicate_of"].to_list() == [None, "1", "1"]
    assert [text is not None for text in rows["asked_as"]] == [False, False, True]
    assert provider.stats()["requests"] == 2


def test_rows_that_differ_in_another_column_of_the_prompt_are_no_duplicates(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"
    lines = [letter("1", LETTER) | {"urgent": True}, letter("2", LETTER) | {"urgent": False}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    spec = letters_spec(
        path,
        source={"path": str(path), "key": "id"},
        prompt={"columns": ["text", "urgent"]},
        cleaning={"columns": ["text"], "duplicates": True, "add": ["estimated_tokens"]},
    )
    ingest(lake, spec, PartitionWindow("a"), tmp_path)
    clean_partition(lake, spec, "a")
    assert lake.read(table(spec, Stage.CLEANED), "a")["duplicate_of"].to_list() == [None, None]


def test_an_original_that_changed_since_is_no_original(lake: Lake, tmp_path: Path) -> None:
    other = LETTER.replace("parcel", "letter 5")
    spec = written(lake, tmp_path, [letter("1", LETTER), letter("2", other)], duplicates=True)
    clean_partition(lake, spec, "a")
    again = [
        letter("1", "Something else altogether, which nobody compared with anything."),
        letter("2", other.replace("5", "900")),
        letter("3", LETTER.upper(), "b"),
        letter("4", other, "b"),
        letter("5", other + " Yours.", "b"),
    ]
    changed = written(lake, tmp_path, again, duplicates=None)
    clean_partition(lake, changed, "a")  # with the signatures of the earlier texts left behind
    clean_partition(lake, spec, "b")
    rows = lake.read(table(spec, Stage.CLEANED), "b").sort("row_id")
    assert rows["duplicate_partition"].to_list() == [None, None, "b"]


def test_no_text_is_left_behind_by_a_killed_run(tmp_path: Path) -> None:
    code = """
import os, signal
import polars as pl
from enrichment_platform.cleaning.canonical_texts import CanonicalTexts
from enrichment_platform.lake.spool import Spool
spool, texts = Spool({"text": pl.String}), CanonicalTexts()
spool.append(pl.DataFrame({"text": ["jane@example.com"] * 100_000}))
texts.add(["1"], ["jane@example.com" * 100_000])
assert next(spool.batches()).height and texts.get(pl.Series(["1"]))[0]
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)}, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_long_rows_are_stored_in_small_groups(lake: Lake, tmp_path: Path) -> None:
    spec = written(lake, tmp_path, [letter(f"{number}", "x" * 2_000_000) for number in range(100)])
    clean_partition(lake, spec, "a")
    for name in (Stage.RAW, Stage.CLEANED):
        fragments = lake.dataset(table(spec, name), parts={"partition_key": "a"}).get_fragments()
        groups = [group for fragment in fragments for group in fragment.row_groups]
        assert len(groups) >= 3
        assert max(group.num_rows for group in groups) <= 40


@pytest.mark.parametrize("cleaning", [{"add": ["language"]}, {"duplicates": True}])
def test_a_prompt_without_text_has_nothing_to_compare_or_to_work_out(
    lake: Lake, tmp_path: Path, cleaning: dict[str, Any]
) -> None:
    path = tmp_path / "numbers.parquet"
    pl.DataFrame({"id": ["1"], "part": ["a"], "amount": [3]}).write_parquet(path)
    spec = letters_spec(
        path, source={"path": str(path), "key": "id"}, prompt={"columns": ["amount"]}, cleaning=cleaning
    )
    ingest(lake, spec, PartitionWindow("a"), tmp_path)
    with pytest.raises(InputError, match="no column of text; leave"):
        clean_partition(lake, spec, "a")


def test_a_join_that_fails_changes_nothing_in_the_lake(lake: Lake, tmp_path: Path) -> None:
    letters = [letter("1", LETTER), letter("2", "N/A")]
    spec = written(lake, tmp_path, letters, steps=["collapse_whitespace"])
    clean_partition(lake, spec, "a")
    before = lake.read(table(spec, Stage.CLEANED), "a").sort("row_id").rows()
    assert [row[0] for row in before] == ["1", "2"]
    join = [{"path": "gone.csv", "on": "id", "columns": ["tier"]}]
    failing = written(lake, tmp_path, letters, steps=["drop_blank"], join=join)
    with pytest.raises(InputError, match=r"gone\.csv is not a file"):
        clean_partition(lake, failing, "a", tmp_path)
    assert lake.read(table(spec, Stage.CLEANED), "a").sort("row_id").rows() == before
    assert quarantine.read(lake, spec, "a").is_empty()  # else row 2 would be in both
