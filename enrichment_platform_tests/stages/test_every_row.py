"""No row is lost: whatever a source holds and a model answers, every raw row ends in exactly one place."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import PartitionWindow, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.naming import quarantine_table, table
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform.stages.raw import UNPLACED, ingest
from enrichment_platform_tests.stages.partition import KEY, answer, classify, letters_spec, prepare

KINDS = ["good", "blank", "duplicate key", "no key", "no partition", "other partition", "broken line"]
STATUSES = ["ok", "malformed", "truncated", "refused", "failed"]


def line(number: int, kind: str) -> dict[str, object] | str:
    row = {"id": f"r{number}", "part": KEY, "text": f"Letter {number}"}
    match kind:
        case "blank":
            return row | {"text": " \u200b\n"}
        case "duplicate key":
            return row | {"id": "r0"}
        case "no key":
            return row | {"id": None}
        case "no partition":
            return row | {"part": "nowhere"}
        case "other partition":
            return row | {"part": "b"}
        case "broken line":
            return f'{{"id": "r{number}", "part": "a", "te'
    return row


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=12),
    statuses=st.lists(st.sampled_from(STATUSES), min_size=12, max_size=12),
)
def test_every_raw_row_ends_in_exactly_one_of_enriched_and_quarantine(
    home: Path, kinds: list[str], statuses: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(f"{folder}/lake")
        spec = letters_spec(Path(folder) / "letters.jsonl", checks={"max_failed_share": 1.0, "allow_empty": True})
        good = [line(0, "good"), *(line(number, kind) for number, kind in enumerate(kinds, start=1))]
        ids = prepare(lake, spec, good, Path(folder))
        # The first row is answered well: a partition in which every row fails is never published.
        classify(lake, spec, [answer(row_id, status) for row_id, status in zip(ids, ["ok", *statuses], strict=False)])
        assert check_partition(lake, spec, KEY, Path()).passed
        publish(lake, spec, KEY)

        published = lake.read(table(spec, Stage.ENRICHED), KEY)["row_id"].to_list()
        aside = quarantine.read(lake, spec, KEY)
        unplaced = quarantine.read(lake, spec, UNPLACED)
        raw = lake.read(table(spec, Stage.RAW), KEY)["row_id"].to_list()
        # A second row with a key that is taken shares the row id; it is kept aside under an id of file and line.
        ends = published + aside["row_id"].to_list()
        assert len(ends) == len(set(ends))
        assert set(raw) <= set(ends)
        assert aside["reason"].null_count() == 0
        elsewhere = sum(kind == "other partition" for kind in kinds)
        assert len(published) + aside.height + unplaced.height + elsewhere == len(kinds) + 1


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


def test_rows_without_a_partition_are_kept_once_however_often_the_file_is_read(lake: Lake, tmp_path: Path) -> None:
    spec = letters_spec(tmp_path / "letters.jsonl")
    lines = [line(1, "good"), line(2, "no partition"), line(3, "broken line"), line(4, "other partition")]
    prepare(lake, spec, lines, tmp_path)
    ingest(lake, spec, PartitionWindow("b"), tmp_path)
    first = lake.commits(quarantine_table(spec), UNPLACED)
    stored = quarantine.read(lake, spec, UNPLACED).sort("row_id")
    assert stored.height == 2
    ingest(lake, spec, PartitionWindow(KEY), tmp_path)
    ingest(lake, spec, PartitionWindow("b"), tmp_path)
    assert lake.commits(quarantine_table(spec), UNPLACED) == first, "nothing new, nothing written"
    assert quarantine.read(lake, spec, UNPLACED).sort("row_id").equals(stored)


def test_rows_that_can_be_placed_now_leave_the_unplaced_ones(lake: Lake, tmp_path: Path) -> None:
    spec = letters_spec(tmp_path / "letters.jsonl")
    prepare(lake, spec, [line(1, "good"), line(2, "no partition")], tmp_path)
    assert quarantine.read(lake, spec, UNPLACED).height == 1
    prepare(lake, spec, [line(1, "good"), line(2, "good")], tmp_path)
    assert quarantine.read(lake, spec, UNPLACED).is_empty()
    assert lake.read(table(spec, Stage.RAW), KEY).height == 2


def test_ingesting_again_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    spec = letters_spec(tmp_path / "letters.jsonl")
    lines = [line(1, "good"), line(2, "duplicate key"), line(3, "no key"), line(4, "good")]
    prepare(lake, spec, lines, tmp_path)
    before = lake.read(table(spec, Stage.RAW), KEY).sort("row_id"), quarantine.read(lake, spec, KEY).sort("row_id")
    prepare(lake, spec, lines, tmp_path)
    after = lake.read(table(spec, Stage.RAW), KEY).sort("row_id"), quarantine.read(lake, spec, KEY).sort("row_id")
    assert before[0].equals(after[0])
    assert before[1].equals(after[1])
