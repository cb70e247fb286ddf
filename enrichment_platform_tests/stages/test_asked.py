"""The answers of a partition are those of its own rows, as the ledger holds them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from enrichment_platform.inference.pool import DEFAULT_POOL
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.asked import asked_now
from enrichment_platform.stages.classified import classify_partition
from enrichment_platform.stages.naming import table
from enrichment_platform.stages.publish import check_partition
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.stages.partition import KEY, letters_spec, prepare, rows


@pytest.fixture
def lake(home: Path, provider: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", provider.url)
    return Lake.from_environment()


@pytest.fixture
def spec(lake: Lake, tmp_path: Path) -> EnrichmentSpec:
    """Eight letters, answered by the provider."""
    made = letters_spec(tmp_path / "letters.jsonl")
    prepare(lake, made, rows(*(str(n) for n in range(8))), tmp_path)
    classify_partition(lake, made, DEFAULT_POOL, KEY, tmp_path, lambda _: None)
    return made


def failing(lake: Lake, spec: EnrichmentSpec, stage: Stage, changed: pl.DataFrame) -> tuple[str, ...]:
    lake.replace_partition(table(spec, stage), KEY, changed)
    verdict = check_partition(lake, spec, KEY, Path())
    (found,) = [result for result in verdict.results if result.name == "answers_belong"]
    return found.row_ids


def test_what_was_asked_is_what_would_be_asked(lake: Lake, spec: EnrichmentSpec) -> None:
    staged = lake.read(table(spec, Stage.CLASSIFIED), KEY)
    now = asked_now(spec, lake.read(table(spec, Stage.CLEANED), KEY), staged, Path())
    joined = now.join(staged, on="row_id", suffix="_staged")
    assert joined["request_key"].equals(joined["request_key_staged"], check_names=False)
    assert joined["same_answer"].to_list() == [True] * 8


def test_a_text_that_changed_after_it_was_answered_is_named(lake: Lake, spec: EnrichmentSpec) -> None:
    cleaned = lake.read(table(spec, Stage.CLEANED), KEY)
    other = pl.when(pl.col("row_id") == "3").then(pl.lit("Another letter")).otherwise(pl.col("text"))
    assert failing(lake, spec, Stage.CLEANED, cleaned.with_columns(other.alias("text"))) == ("3",)


def test_a_value_that_is_not_the_ledgers_is_named(lake: Lake, spec: EnrichmentSpec) -> None:
    staged = lake.read(table(spec, Stage.CLASSIFIED), KEY)
    flipped = pl.col("topic").replace({"praise": "complaint", "complaint": "praise"})
    other = pl.when(pl.col("row_id") == "5").then(flipped).otherwise(pl.col("topic"))
    assert failing(lake, spec, Stage.CLASSIFIED, staged.with_columns(other.alias("topic"))) == ("5",)


def test_answers_of_two_rows_that_changed_places_are_named(lake: Lake, spec: EnrichmentSpec) -> None:
    staged = lake.read(table(spec, Stage.CLASSIFIED), KEY)
    exchanged = staged.with_columns(pl.col("row_id").replace({"1": "2", "2": "1"}))
    assert sorted(failing(lake, spec, Stage.CLASSIFIED, exchanged)) == ["1", "2"]
