"""Every class of fault goes the real way: provider, engine, tables, suite, publication."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from enrichment_platform.budget_spec import PoolBudgetSpec
from enrichment_platform.checks.fault_answers import Answered
from enrichment_platform.checks.faults import FAULTS, FaultNotPossibleError
from enrichment_platform.checks.history import History
from enrichment_platform.checks.inputs import source_texts
from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.errors import InputError
from enrichment_platform.inference import metrics_export
from enrichment_platform.inference.metrics import EngineMetrics
from enrichment_platform.inference.metrics_export import metrics_of
from enrichment_platform.inference.pool import DEFAULT_POOL
from enrichment_platform.inference.task import Task
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, PartitionWindow, Stage, output_columns
from enrichment_platform.stages.classified import classify_partition
from enrichment_platform.stages.cleaned import clean_partition
from enrichment_platform.stages.controls import read_controls
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform.stages.raw import ingest
from enrichment_platform.stages.replayed import GoodPartition
from enrichment_platform.stages.selftest import (
    clean_trial,
    fault_names,
    good_partition,
    measured,
    trial,
    workplace,
)
from enrichment_platform_tests.checks.tables import KEY, make_partition, make_spec
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.stages.partition import letters_spec

ROWS = 60
PROMPT = {
    "columns": ["subject", "body"],
    "examples": [
        {
            "input": {"subject": "Hi", "body": "Order ZX-999 from Acme Gadgets is late"},
            "output": {
                "category": "delivery",
                "order_id": "ZX-999",
                "order_id_evidence": "Order ZX-999",
                "vendor": "Acme Gadgets",
                "refund": False,
            },
        }
    ],
}
DETERMINISTIC = [name for name, fault in FAULTS.items() if fault.deterministic]


def good(spec: EnrichmentSpec | None = None, rows: int = ROWS) -> GoodPartition:
    """A partition whose rows are all right, with values of every type."""
    spec = spec or make_spec(prompt=PROMPT)
    made = make_partition(rows, set_aside=0)
    texts = dict(source_texts(spec, made.cleaned).iter_rows())
    columns = [column for field in spec.output for column in output_columns(field)]
    answers = [
        Answered(
            row["row_id"],
            texts[row["row_id"]],
            {"subject": "Where is my parcel", "body": body},
            json.dumps({name: plain(row[name]) for name in columns}),
        )
        for row, body in zip(made.staged.iter_rows(named=True), made.cleaned["body"], strict=True)
    ]
    task = Task(spec, cleaning_version(spec))
    return GoodPartition(spec, Path(), KEY, task, made.cleaned, answers, [], History(), "e")


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@pytest.fixture(scope="module")
def _workplace() -> Iterator[None]:
    with workplace():
        yield


@pytest.mark.usefixtures("_workplace")
def test_a_good_partition_raises_no_alarm() -> None:
    clean = clean_trial(good(), DEFAULT_POOL)
    assert (clean.alarmed, clean.checks, clean.rows) == (False, (), ROWS)


@pytest.mark.usefixtures("_workplace")
@pytest.mark.parametrize("fault", DETERMINISTIC)
def test_a_single_row_with_a_deterministic_fault_is_found_and_named(fault: str) -> None:
    found = trial(good(), fault, 1 / ROWS, 3, "scattered", DEFAULT_POOL)
    assert found.detected
    assert (found.faulty, found.named_faulty) == (1, 1)


@pytest.mark.usefixtures("_workplace")
@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in DETERMINISTIC])
def test_a_statistical_fault_reaches_no_published_row_that_a_check_holds_back(fault: str) -> None:
    try:
        found = trial(good(), fault, 0.2, 1, "contiguous", DEFAULT_POOL)
    except FaultNotPossibleError as error:
        pytest.skip(str(error))
    assert found.faulty == ROWS // 5
    assert found.named_faulty <= found.faulty


def test_the_card_tells_what_was_tried_and_what_cannot_be_had(home: Path) -> None:
    told: list[str] = []
    labels = make_spec(
        prompt={"columns": ["subject", "body"]},
        output=[{"name": "category", "type": "label", "labels": ["billing", "delivery", "other"]}],
    )
    card = measured(
        good(labels), ["lost", "numeric_slip"], [0.05], 2, DEFAULT_POOL, lambda done, total, what: told.append(what)
    )
    assert {(line.fault, line.arrangement) for line in card.lines} == {("lost", "scattered"), ("lost", "contiguous")}
    assert all(line.recall.share == 1 for line in card.lines)
    assert any("numeric_slip" in sentence and "evidence" in sentence for sentence in card.sentences)
    assert len(told) == 5
    assert not home.exists(), "nothing of it reaches the real home"


def test_trials_outside_a_workplace_would_overwrite_real_tables_and_are_refused(home: Path) -> None:
    with pytest.raises(RuntimeError, match="workplace"):
        clean_trial(good(), DEFAULT_POOL)


def test_an_enrichment_without_a_published_partition_is_told_so(home: Path) -> None:
    with pytest.raises(InputError, match="publish one first"):
        good_partition(Lake.from_environment(), make_spec(), Path())


def test_an_unknown_fault_is_told_with_those_there_are() -> None:
    with pytest.raises(InputError, match="no fault 'los'; known are lost"):
        fault_names(["los"])


def test_the_texts_of_the_good_partition_are_all_different() -> None:
    assert pl.Series([one.source_text for one in good().answers]).n_unique() == ROWS


def with_golden(folder: Path, *, of_rows: int = ROWS, others: int = 0) -> GoodPartition:
    """The good partition with a golden file that holds so many of its own rows, and so many that it has not."""
    made = good()
    path = folder / "golden.jsonl"
    columns = [one.columns for one in made.answers[:of_rows]]
    columns += [{"subject": "Another", "body": f"Other letter {n}"} for n in range(others)]
    category = json.loads(made.answers[0].text)["category"]
    lines = [{"ticket_id": f"g{n}", **one, "category": category} for n, one in enumerate(columns)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    golden = [
        replace(made.answers[n % ROWS], row_id=f"golden g{n}", columns=one, source_text=" ".join(one.values()))
        for n, one in enumerate(columns)
    ]
    spec = make_spec(prompt=PROMPT, checks={"golden": {"path": str(path), "canaries": 100}, "max_failed_share": 1.0})
    return replace(made, spec=spec, root=folder, task=Task(spec, cleaning_version(spec)), canaries=golden)


@pytest.mark.usefixtures("_workplace")
@pytest.mark.parametrize("fault", ["truncated", "out_of_set"])
def test_a_fault_befalls_the_rows_also_where_they_are_golden_rows_too(fault: str, tmp_path: Path) -> None:
    plain = trial(
        good(make_spec(prompt=PROMPT, checks={"max_failed_share": 1.0})), fault, 0.1, 1, "scattered", DEFAULT_POOL
    )
    found = trial(with_golden(tmp_path), fault, 0.1, 1, "scattered", DEFAULT_POOL)
    assert (found.faulty, found.named_faulty, found.falsely_named) == (6, 6, 0)
    assert (plain.faulty, plain.named_faulty, plain.falsely_named) == (6, 6, 0)


@pytest.mark.usefixtures("_workplace")
def test_golden_rows_that_are_no_rows_of_the_partition_have_their_own_share_of_a_fault(tmp_path: Path) -> None:
    made = with_golden(tmp_path, of_rows=20, others=10)
    assert [one.row_id for one in made.own_canaries] == [f"golden g{n}" for n in range(20, 30)]
    found = trial(made, "truncated", 0.5, 1, "scattered", DEFAULT_POOL)
    assert found.faulty == found.named_faulty < 35, "35 of 70 are faulty, some of them golden rows"
    assert found.falsely_named == 0


@pytest.mark.usefixtures("_workplace")
def test_a_golden_row_is_answered_where_the_fault_is_in_the_text_of_its_row(tmp_path: Path) -> None:
    made = with_golden(tmp_path)
    found = trial(made, "injection_ignored", 0.05, 1, "scattered", DEFAULT_POOL)
    assert (found.named_faulty, found.falsely_named) == (3, 0)
    controls = read_controls(Lake.from_environment(), made.spec, KEY)
    assert controls is not None
    assert controls["status"].to_list() == ["ok"] * ROWS


def test_trials_count_in_no_metrics_of_production(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "metrics.prom"
    exporters: dict[int, metrics_export.Exporter] = {}  # not those of this process, which go on after the test
    monkeypatch.setattr(metrics_export, "_exporters", exporters)
    monkeypatch.setenv("ENRICHMENT_METRICS_FILE", str(file))
    made = good()
    counted = metrics_of(made.spec.name)  # as `classified` calls it
    assert isinstance(counted, EngineMetrics)
    counted.close()
    before = file.read_text()
    with workplace():
        clean_trial(made, DEFAULT_POOL)
        assert not isinstance(metrics_of(made.spec.name), EngineMetrics)
    metrics_of(made.spec.name).close()
    assert file.read_text() == before
    assert os.environ["ENRICHMENT_METRICS_FILE"] == str(file), "production goes on counting"
    for exporter in exporters.values():
        exporter.close()


@pytest.mark.usefixtures("_workplace")
def test_trials_reach_no_cap_and_no_deadline_of_the_enrichment_and_ask_the_same() -> None:
    cap = {"tokens": 1}
    budget = {"request": cap, "row": {"attempts": 1, "tokens": 1}, "partition": cap, "run": cap, "day": cap}
    capped = make_spec(prompt=PROMPT, budget=budget, deadline_minutes=1e-6)
    pool = DEFAULT_POOL.model_copy(update={"budget": PoolBudgetSpec.model_validate({"day": cap})})
    clean = clean_trial(good(capped), pool)
    assert (clean.alarmed, clean.rows) == (False, ROWS)
    staged = Lake.from_environment().read(table(capped, Stage.CLASSIFIED), KEY)
    task = Task(capped, cleaning_version(capped))
    assert staged["fingerprint"].unique().to_list() == [task.fingerprint("selftest")], "neither is in the fingerprint"


def test_a_good_partition_with_duplicates_raises_no_alarm(
    home: Path, tmp_path: Path, provider: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", provider.url)
    words = "{} the parcel {} that I ordered has not come, and nobody at your office answers the telephone at all."
    texts = [words.format(day, number) for number in range(8) for day in ("Today", "Tomorrow")]  # quotes begin there
    source = tmp_path / "letters.jsonl"
    lines = [{"id": f"{number:02}", "part": "a", "text": text} for number, text in enumerate(texts)]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    output = [{"name": "subject", "type": "string", "evidence": True}]
    spec = letters_spec(source, output=output, cleaning={"duplicates": {"answers": "near"}})
    lake = Lake.from_environment()
    ingest(lake, spec, PartitionWindow("a"), tmp_path)
    clean_partition(lake, spec, "a", tmp_path)
    classify_partition(lake, spec, DEFAULT_POOL, "a", tmp_path, lambda _: None)
    assert check_partition(lake, spec, "a", tmp_path).passed
    publish(lake, spec, "a")
    published = lake.read(table(spec, Stage.ENRICHED), "a")
    assert published["asked_as"].is_not_null().sum() == 8, "the duplicates are published in words of their own"
    found = good_partition(lake, spec, tmp_path)
    assert len(found.answers) == published["request_key"].n_unique(), "an answer is one row's"
    with workplace():
        clean = clean_trial(found, DEFAULT_POOL)
    assert (clean.alarmed, clean.checks) == (False, ())
