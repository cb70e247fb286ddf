"""A row is explained from what is stored: what was sent is proved, what changed since is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from enrichment_platform.cli.why import _attempts, _print
from enrichment_platform.errors import InputError
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.task import Task, request_key
from enrichment_platform.lake.tables import Lake
from enrichment_platform.stages.why import compare, explain, find_partition, stored_values
from enrichment_platform_tests.acceptance.project import as_spec, letters_spec
from enrichment_platform_tests.inference.history_ledger import answered, record, sent

TEXT = "Thank you for the parcel."


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


def task(tmp_path: Path, **changes: Any) -> Task:
    output = [{"name": "topic", "type": "label", "labels": ["praise", "complaint"], "evidence": True}]
    return Task(as_spec(letters_spec(tmp_path, ["a", "b"], output=output, **changes)), "cleaning-1")


def put(lake: Lake, table: str, *rows: dict[str, Any], key: str = "a") -> None:
    frame = pl.DataFrame([{"partition_key": key, **row} for row in rows])
    where = {"stage": rows[0]["stage"]} if "stage" in rows[0] else None
    lake.replace_partition(f"letters/{table}", key, frame, where=where)


def fill(lake: Lake, ledger: Ledger, asked: Task) -> None:
    """Rows 1 and 2 are equal and published under one answer; row 3 was set aside when it was cleaned."""
    fingerprint = asked.fingerprint("m")
    key = request_key(fingerprint, asked.question({"row_id": "1", "text": TEXT}))
    put(lake, "raw", *({"row_id": one, "text": f" {TEXT}"} for one in "123"))
    put(lake, "cleaned", *({"row_id": one, "text": TEXT} for one in "12"))
    answer = {"topic": "praise", "topic_evidence": "the parcel", "request_key": key, "fingerprint": fingerprint}
    given = answer | {"model": "m", "endpoint": "api"}
    staged = given | {"status": "ok", "finish_reason": "stop"}
    put(lake, "classified", *({"row_id": one, **staged} for one in "12"))
    put(lake, "enriched", *({"row_id": one, "text": TEXT, **given} for one in "12"))
    put(lake, "quarantine", {"row_id": "3", "stage": "cleaned", "reason": "empty", "detail": "no text"})
    record(
        ledger,
        answered(sent("1", key, fingerprint=fingerprint), "malformed"),
        answered(sent("1", key, fingerprint=fingerprint, cause="malformed")),
    )


def test_a_published_row_is_explained_down_to_its_requests(lake: Lake, ledger: Ledger, tmp_path: Path) -> None:
    asked = task(tmp_path)
    fill(lake, ledger, asked)
    found = explain(lake, ledger, asked, "1", "a")
    assert found.standing == "published"
    assert found.source == {"row_id": "1", "partition_key": "a", "text": f" {TEXT}"}
    assert found.cleaned == {"text": TEXT}
    assert found.prompt is not None
    assert TEXT in found.prompt[-1]["content"]
    assert found.prompt_is_what_was_sent is True
    assert found.fingerprint["unchanged"] is True
    assert found.values == {"topic": "praise", "topic_evidence": "the parcel"}
    (span,) = found.evidence
    assert TEXT[span.start : span.end] == "the parcel"
    assert [one["outcome"] for one in found.attempts] == ["malformed", "ok"]
    assert (found.cost["requests"], found.cost["input_tokens"]) == (2, 20)
    assert found.shared is None
    json.dumps(found.as_dict(), default=str)


def test_what_a_retry_asked_for_is_told_where_the_specification_says_something_else(
    lake: Lake, ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = task(tmp_path)
    fill(lake, ledger, asked)
    usual = {"temperature": 0.0, "seed": 0, "max_output_tokens": asked.spec.model.max_output_tokens}
    changes = [usual, usual | {"temperature": 0.5, "seed": 1}, usual | {"max_output_tokens": 8_192}]
    record(ledger, *(answered(sent("1", f"retry-{n}", **told)) for n, told in enumerate(changes)))
    found = explain(lake, ledger, asked, "1", "a")
    told = [one["sampling_changed"] for one in found.attempts]
    assert told == [{}, {}, {}, {"temperature": 0.5, "seed": 1}, {"max_output_tokens": 8_192}]
    _attempts(found)
    shown = capsys.readouterr().out
    assert "request 4 asked for temperature 0.5, seed 1;" in shown
    assert "request 5 asked for max_output_tokens 8192;" in shown
    assert shown.count("asked for") == 2


def test_a_row_that_shares_an_answer_names_the_row_that_was_asked(lake: Lake, ledger: Ledger, tmp_path: Path) -> None:
    asked = task(tmp_path)
    fill(lake, ledger, asked)
    found = explain(lake, ledger, asked, "2", "a")
    assert found.shared is not None
    assert (found.shared.partition_key, found.shared.row_id) == ("a", "1")
    assert len(found.attempts) == 2


def test_a_changed_prompt_is_not_passed_off_as_what_was_sent(lake: Lake, ledger: Ledger, tmp_path: Path) -> None:
    fill(lake, ledger, task(tmp_path))
    found = explain(lake, ledger, task(tmp_path, prompt={"columns": ["text"], "system": "Anew."}), "1", "a")
    assert found.prompt_is_what_was_sent is False
    assert found.fingerprint["unchanged"] is None, "without the endpoint nobody knows its model"
    source = {"path": str(tmp_path), "key": "id", "columns": ["text", "part", "mood"]}
    absent = explain(lake, ledger, task(tmp_path, prompt={"columns": ["mood"]}, source=source), "1", "a")
    assert absent.prompt is None
    assert "mood" in absent.fingerprint["problem"]


def test_a_row_that_was_never_asked_says_where_it_ended(lake: Lake, ledger: Ledger, tmp_path: Path) -> None:
    asked = task(tmp_path)
    fill(lake, ledger, asked)
    found = explain(lake, ledger, asked, "3", "a")
    assert found.standing == "quarantined"
    assert found.reasons == [{"stage": "cleaned", "reason": "empty", "detail": "no text"}]
    assert (found.prompt, found.answer, found.attempts, found.evidence) == (None, None, [], [])


def test_rows_are_found_by_id_and_ambiguous_ones_ask_for_the_partition(
    lake: Lake, ledger: Ledger, tmp_path: Path
) -> None:
    asked = task(tmp_path)
    with pytest.raises(InputError, match="there is no row '1' in letters"):
        find_partition(lake, asked.spec, "1", None)
    fill(lake, ledger, asked)
    assert find_partition(lake, asked.spec, "1", None) == "a"
    put(lake, "raw", {"row_id": "1", "text": TEXT}, key="b")
    with pytest.raises(InputError, match="in partitions a, b; name one with --partition"):
        find_partition(lake, asked.spec, "1", None)
    assert find_partition(lake, asked.spec, "1", "b") == "b"
    with pytest.raises(InputError, match="in partition b of letters"):
        find_partition(lake, asked.spec, "2", "b")


def test_answers_are_compared_field_by_field(lake: Lake, ledger: Ledger, tmp_path: Path) -> None:
    asked = task(tmp_path)
    fill(lake, ledger, asked)
    before = stored_values(asked.spec, explain(lake, ledger, asked, "1", "a"))
    assert before == {"topic": "praise", "topic_evidence": None}, "as the model gave it"
    assert compare(before, {"topic": "complaint", "topic_evidence": None}) == [
        {"column": "topic", "before": "praise", "after": "complaint", "same": False},
        {"column": "topic_evidence", "before": None, "after": None, "same": True},
    ]


def test_a_duplicate_says_in_whose_words_it_was_asked_and_its_evidence_stands_in_them(
    lake: Lake, ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = task(tmp_path)
    fill(lake, ledger, asked)
    links = {"duplicate_of": "1", "duplicate_partition": "a", "duplicate_kind": "near", "duplicate_similarity": 0.93}
    own = {"row_id": "2", "text": "So many thanks for that parcel."}
    rows = [{"row_id": "1", "text": TEXT}, own | links | {"asked_as": json.dumps({"text": TEXT})}]
    put(lake, "cleaned", *(dict.fromkeys([*links, "asked_as"]) | row for row in rows))
    found = explain(lake, ledger, asked, "2", "a")
    assert found.cleaned == {"text": own["text"]}
    assert found.asked == {"text": TEXT}
    (span,) = found.evidence
    assert (TEXT[span.start : span.end], span.found) == ("the parcel", "exactly")
    assert found.prompt_is_what_was_sent is True
    as_data = json.loads(json.dumps(found.as_dict(), default=str))
    assert as_data["duplicate"] == {"of": "1", "partition": "a", "kind": "near", "similarity": 0.93}
    assert as_data["asked"] == {"text": TEXT}
    _print(found)
    shown = capsys.readouterr().out
    assert f"asked in the words of row 1 of partition a (near, 0.93)\n  text: {TEXT}\n" in shown
    original = explain(lake, ledger, asked, "1", "a")
    assert (original.duplicate, original.asked) == (None, None)

    put(lake, "cleaned", rows[0] | dict.fromkeys(["asked_as", *links]), own | links | {"asked_as": None})
    linked = explain(lake, ledger, asked, "2", "a")
    assert linked.duplicate == found.duplicate
    assert linked.asked is None
    _print(linked)
    assert "a duplicate of row 1 of partition a (near, 0.93), asked in its own words" in capsys.readouterr().out
