"""Classified: a row that cannot be asked ends alone, a slow lake holds up nothing, and no thread is left behind."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.pool import DEFAULT_POOL
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.classified import classify_partition
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.outcome import StageOutcome
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform.stages.staged_rows import StagedRows
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.stages.partition import KEY, answer, letters_spec, prepare, rows

pytestmark = pytest.mark.timeout(60)
FAILS_ON_2 = "{{ text.index('no such words') if '2' in text else text }}"


@pytest.fixture
def lake(home: Path, provider: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", provider.url)
    return Lake.from_environment()


def classified(lake: Lake, spec: EnrichmentSpec, folder: Path, *ids: str) -> StageOutcome:
    prepare(lake, spec, rows(*ids), folder)
    return classify_partition(lake, spec, DEFAULT_POOL, KEY, folder, lambda _: None, "run")


def spec_of(folder: Path, **changes: Any) -> EnrichmentSpec:
    return letters_spec(folder / "letters.jsonl", prompt={"columns": ["text"], "template": FAILS_ON_2}, **changes)


def test_a_row_on_which_the_template_fails_is_quarantined_and_the_others_are_published(
    lake: Lake, tmp_path: Path
) -> None:
    spec = spec_of(tmp_path)
    outcome = classified(lake, spec, tmp_path, "1", "2", "3")
    staged = lake.read(table(spec, Stage.CLASSIFIED), KEY).sort("row_id")
    (failed,) = staged.filter(staged["status"] == "failed").to_dicts()
    assert (failed["finish_reason"], failed["attempts"], failed["topic"]) == ("prompt", 0, None)
    assert staged["status"].to_list().count("ok") == 2
    assert staged["fingerprint"].n_unique() == 1
    assert (outcome.row_count, outcome.figures["rows_asked"], outcome.figures["rows_failed"]) == (3, 3, 1)
    assert outcome.figures["rows_done"] == 3
    assert outcome.figures["requests"] == 2

    checked = check_partition(lake, spec, KEY, Path())
    assert checked.passed
    publish(lake, spec, KEY)
    (aside,) = quarantine.read(lake, spec, KEY).to_dicts()
    assert aside["row_id"] == failed["row_id"]
    assert "prompt.template" in aside["detail"]


def test_a_template_that_fails_on_every_row_ends_the_run_and_stages_nothing(lake: Lake, tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    with pytest.raises(EnrichmentError, match=r"prompt\.template fails on row"):
        classified(lake, spec, tmp_path, "2", "12")
    assert not lake.exists(table(spec, Stage.CLASSIFIED))
    assert not [one for one in threading.enumerate() if one.name == "read-ahead"]


def test_the_lake_is_not_read_in_the_thread_that_answers(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    stream = Lake.stream

    def watched(self: Lake, *args: Any) -> Any:
        for batch in stream(self, *args):
            threads.append(threading.current_thread())
            yield batch

    spec = letters_spec(tmp_path / "letters.jsonl")
    prepare(lake, spec, rows("1", "2"), tmp_path)
    monkeypatch.setattr(Lake, "stream", watched)
    outcome = classify_partition(lake, spec, DEFAULT_POOL, KEY, tmp_path, lambda _: None, "run")
    assert outcome.row_count == 2
    assert threads
    assert threading.current_thread() not in threads


def test_the_usual_fingerprint_is_that_of_most_rows() -> None:
    with StagedRows(KEY, []) as staged:
        assert staged.usual_fingerprint == ""
        for row_id, fingerprint in (("1", "f1"), ("2", "f2"), ("3", "f2")):
            staged.add(answer(row_id, "failed", fingerprint))
        assert staged.usual_fingerprint == "f2"
