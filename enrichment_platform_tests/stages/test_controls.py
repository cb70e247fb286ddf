"""Controls ride along with a partition, are asked afresh in each, have a cost of their own, and are never published."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from enrichment_platform.budget_spec import BudgetSpec, SpendCap
from enrichment_platform.checks.asked_again import MOST_ROWS
from enrichment_platform.errors import InputError
from enrichment_platform.inference import ledger_schema as schema
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pool import DEFAULT_POOL
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.baseline import read_history
from enrichment_platform.stages.classified import classify_partition, remaining
from enrichment_platform.stages.controls import Controls, read_controls
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform.stages.usage import partition_usage
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.stages.partition import KEY, letters_spec, prepare, rows

GOLDEN = 12


@pytest.fixture
def lake(home: Path, provider: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", provider.url)
    return Lake.from_environment()


def golden_file(folder: Path, number: int = GOLDEN, **changes: Any) -> Path:
    path = folder / "golden.jsonl"
    lines = [{"id": f"g{n}", "text": f"Golden letter {n}", "topic": "praise"} | changes for n in range(number)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def spec_of(folder: Path, **checks: Any) -> EnrichmentSpec:
    return letters_spec(folder / "letters.jsonl", checks={"max_failed_share": 0.5, "reask_share": 0.0} | checks)


def classify(lake: Lake, spec: EnrichmentSpec, folder: Path, number: int) -> None:
    prepare(lake, spec, rows(*(str(n) for n in range(number))), folder)
    classify_partition(lake, spec, DEFAULT_POOL, KEY, folder, lambda _: None, "run")


def test_canaries_are_asked_as_rows_are_and_never_published(
    lake: Lake, provider: RunningServer, tmp_path: Path
) -> None:
    spec = spec_of(tmp_path, golden={"path": str(golden_file(tmp_path)), "canaries": 5})
    classify(lake, spec, tmp_path, 20)
    found = read_controls(lake, spec, KEY)
    assert found is not None
    assert (found["kind"].to_list(), found["status"].to_list()) == (["canary"] * 5, ["ok"] * 5)
    assert (
        found["fingerprint"].unique().to_list()
        == lake.read(table(spec, Stage.CLASSIFIED))["fingerprint"].unique().to_list()
    )
    assert [json.loads(one) for one in found["expected"]] == [{"topic": "praise"}] * 5
    prompts = provider.stats()["prompts"]
    assert len(prompts) == 25
    assert not any("canary" in prompt or "~control" in prompt for prompt in prompts), "unseen by the model as such"
    check_partition(lake, spec, KEY, tmp_path)
    publish(lake, spec, KEY)
    for stage in (Stage.CLASSIFIED, Stage.ENRICHED):
        assert lake.read(table(spec, stage), KEY)["row_id"].sort().to_list() == sorted(str(n) for n in range(20))


def test_a_canary_is_asked_in_every_partition_and_once_in_each(
    lake: Lake, provider: RunningServer, tmp_path: Path
) -> None:
    spec = spec_of(tmp_path, golden={"path": str(golden_file(tmp_path, 1))})
    classify(lake, spec, tmp_path, 3)
    classify_partition(lake, spec, DEFAULT_POOL, KEY, tmp_path, lambda _: None, "again")
    assert provider.stats()["answered"] == 4, "the second run asks nothing"
    other = [{"id": f"b{n}", "part": "b", "text": f"Letter {n}"} for n in range(3)]  # the texts of partition a
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(line) + "\n" for line in other))
    from enrichment_platform.spec import PartitionWindow
    from enrichment_platform.stages.cleaned import clean_partition
    from enrichment_platform.stages.raw import ingest

    ingest(lake, spec, PartitionWindow("b"), tmp_path)
    clean_partition(lake, spec, "b")
    classify_partition(lake, spec, DEFAULT_POOL, "b", tmp_path, lambda _: None, "b")
    assert provider.stats()["answered"] == 5, "the rows come from the ledger, the canary does not"


def test_shares_of_the_rows_are_asked_again_and_with_the_labels_reversed(
    lake: Lake, provider: RunningServer, tmp_path: Path
) -> None:
    spec = spec_of(tmp_path, reask_share=0.1, reorder_share=0.2)
    classify(lake, spec, tmp_path, 300)
    found = read_controls(lake, spec, KEY)
    assert found is not None
    kinds = dict(found["kind"].value_counts().iter_rows())
    assert set(kinds) == {"reasked", "reordered", "planted"}
    assert 1 <= kinds["planted"] <= 15
    assert 10 <= kinds["reasked"] <= 60
    assert 30 <= kinds["reordered"] <= 100
    assert provider.stats()["answered"] == 300 + sum(kinds.values())
    usual = lake.read(table(spec, Stage.CLASSIFIED), KEY)["fingerprint"][0]
    of = dict(found.group_by("kind").agg(pl.col("fingerprint").unique()).iter_rows())
    assert of["reasked"] == [usual]
    assert usual not in of["reordered"], "it is another prompt"


@pytest.mark.parametrize("obedient", [False, True])
def test_a_provider_that_obeys_the_text_of_rows_is_told_and_its_copies_are_not_published(
    lake: Lake, provider: RunningServer, tmp_path: Path, obedient: bool
) -> None:
    spec = spec_of(tmp_path, reorder_share=0.0, plant_share=0.1)
    if obedient:
        provider.behave({"kind": "obedient"})
    classify(lake, spec, tmp_path, 300)
    found = read_controls(lake, spec, KEY)
    assert found is not None
    assert set(found["kind"]) == {"planted"}
    result = next(one for one in check_partition(lake, spec, KEY, tmp_path).results if one.name == "orders_ignored")
    assert (result.passed, result.blocking, result.total_rows > 5) == (not obedient, False, True)
    assert result.failed_rows == (result.total_rows if obedient else 0)
    publish(lake, spec, KEY)
    assert lake.count(table(spec, Stage.ENRICHED), KEY) == 300
    fingerprint = lake.read(table(spec, Stage.CLASSIFIED), KEY)["fingerprint"][0]
    assert read_history(lake, spec, "b", fingerprint).profiles.height > 0, "an obedient model is learnt from too"


def test_the_cost_of_controls_is_told_apart_and_adds_up(lake: Lake, provider: RunningServer, tmp_path: Path) -> None:
    spec = spec_of(tmp_path, golden={"path": str(golden_file(tmp_path)), "canaries": 5})
    classify(lake, spec, tmp_path, 20)
    check_partition(lake, spec, KEY, tmp_path)
    publish(lake, spec, KEY)
    with Ledger(ledger_url()) as ledger:
        usage = partition_usage(lake, ledger, spec, KEY)
    by = {row["purpose"]: row for row in usage.group_by("purpose").agg(pl.col("requests", "rows").sum()).to_dicts()}
    assert (by["published"]["requests"], by["control"]["requests"], by["control"]["rows"]) == (20, 5, 5)
    spent = usage.filter(pl.col("purpose") != "saved").select(pl.col("input_tokens", "output_tokens").sum()).row(0)
    bill = provider.stats()
    assert spent == (bill["prompt_tokens"], bill["completion_tokens"])


def test_small_partitions_have_no_shares_and_large_ones_have_a_limit() -> None:
    class _Task:
        spec = letters_spec(Path("x"), checks={"reask_share": 0.2, "reorder_share": 0.2})

    row = {"row_id": "1", "text": "x"}
    small = Controls(_Task(), [], KEY, 199)  # type: ignore[arg-type]
    assert (list(small.beside(row)), small._reask, small._reorder) == ([], 0.0, 0.0)
    assert Controls(_Task(), [], KEY, 1_000_000)._reask == MOST_ROWS / 1_000_000  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"topic": "gratitude"}, "row 1, topic is not one of praise, complaint"),
        ({"id": "same"}, "has the key same more than once"),
        ({"topic": None}, "no row of .* is left after cleaning with a known answer"),
    ],
)
def test_a_golden_file_that_cannot_be_used_says_where(
    lake: Lake, tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    spec = spec_of(tmp_path, golden={"path": str(golden_file(tmp_path, **changes))})
    with pytest.raises(InputError, match=problem):
        classify(lake, spec, tmp_path, 3)


def test_a_golden_file_without_the_prompts_columns_is_refused(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "golden.csv").write_text("words,topic\nhello,praise\n")
    spec = spec_of(tmp_path, golden={"path": str(tmp_path / "golden.csv")})
    with pytest.raises(InputError, match=r"golden\.csv lacks text; it has words, topic"):
        classify(lake, spec, tmp_path, 3)


def test_questions_with_the_labels_reversed_count_against_the_same_cap_as_the_rows(
    lake: Lake, provider: RunningServer, tmp_path: Path
) -> None:
    budget = BudgetSpec(partition=SpendCap(tokens=10_000_000))
    spec = spec_of(tmp_path, reorder_share=0.2).model_copy(update={"budget": budget})
    classify(lake, spec, tmp_path, 300)
    bill = provider.stats()
    assert bill["requests"] > 300
    with Ledger(ledger_url()) as ledger, ledger._engine.connect() as connection:
        of_partition = schema.spend.c.scope.startswith("partition:")
        spent = connection.execute(sa.select(schema.spend.c.tokens).where(of_partition)).scalars().all()
    assert spent == [bill["prompt_tokens"] + bill["completion_tokens"]]


def test_a_deadline_is_one_for_rows_and_their_controls() -> None:
    began = time.monotonic() - 50
    assert remaining(60.0, began) == pytest.approx(10, abs=5)
    assert remaining(20.0, began) == 0.0
    assert remaining(None, began) is None
