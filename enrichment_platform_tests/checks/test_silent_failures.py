from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.silent_failure_bars import Bar
from benchmarks.silent_failure_climate import Climate
from benchmarks.silent_failure_data import Pool, banking77
from benchmarks.silent_failure_days import World, a_world
from benchmarks.silent_failure_trials import befallen, named_rows, with_fault
from enrichment_platform.checks import run_suite
from enrichment_platform.checks.inputs import PartitionTables

WORDS = {
    "card_arrival": ["card", "parcel", "post", "waiting", "arrive"],
    "transfer_timing": ["transfer", "money", "friend", "send", "account"],
    "top_up_failed": ["top", "up", "balance", "declined", "app"],
}


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """A small data set in the form of banking77."""
    folder: Path = tmp_path_factory.mktemp("data")
    (folder / "banking77").mkdir()
    chance = np.random.default_rng(1)
    rows = [
        {"id": f"{n}", "text": f"{' '.join(chance.choice(words, 5))} {n}", "label": intent}
        for n in range(2_500)
        for intent, words in WORDS.items()
    ]
    for part in ("train", "test"):
        pl.DataFrame(rows[part == "test" :: 2]).write_csv(folder / "banking77" / f"{part}.csv")
    return banking77(folder)


@pytest.fixture(scope="module")
def world(pool: Pool) -> World:
    return a_world(pool, 250, 1)


def judged(world: World, tables: PartitionTables) -> set[str]:
    verdict = run_suite(world.pool.spec, replace(tables, history=world.history))
    return {one.name for one in verdict.results if not one.passed}


def test_a_clean_day_passes_and_has_sixty_golden_rows_that_no_day_draws(world: World) -> None:
    day = world.today(np.random.default_rng(2))
    controls = day.tables.controls
    assert judged(world, day.tables) == set()
    assert controls is not None
    assert controls.filter(pl.col("kind") == "canary").height == 60
    assert not set(day.places) & set(world.pool.golden)


def test_no_text_that_was_learnt_from_comes_back_today(world: World) -> None:
    day = world.today(np.random.default_rng(3), 200)
    assert not set(day.tables.cleaned["text"]) & set(world.history.rows["source"])
    assert not world.taken[day.places].any()


def test_the_mix_of_days_varies_more_than_draws_do(pool: Pool) -> None:
    climate = Climate.of(pool, np.random.default_rng(4))
    rng = np.random.default_rng(5)
    shares = np.array([climate.mix(number % 30, rng)[0] for number in range(600)])
    alone = np.sqrt(shares.mean() * (1 - shares.mean()) / 2_000)
    assert shares.std() > 1.5 * alone


def test_rows_of_one_text_share_a_faulty_answer(world: World) -> None:
    day = world.today(np.random.default_rng(6), 400)
    tables, faulty = befallen(day, "degraded_model", 0.5, "scattered", 1)
    texts = tables.cleaned.join(tables.staged, on="row_id")
    assert texts.filter(pl.col("status") == "ok").group_by("text").agg(pl.col("topic").n_unique())["topic"].max() == 1
    assert len(faulty) >= 150


@pytest.mark.parametrize("fault", ["out_of_set", "truncated", "lost_in_table", "duplicated"])
def test_one_row_is_one_row_of_the_partition(world: World, fault: str) -> None:
    day = world.today(np.random.default_rng(7), 400)
    said = with_fault(world, day, fault, 1 / 400, "scattered", 1)
    assert said.detected
    assert (said.faulty, said.named_faulty) == (1, 1)


def test_a_fault_changes_no_other_row(world: World) -> None:
    day = world.today(np.random.default_rng(8), 300)
    tables, faulty = befallen(day, "majority_collapse", 0.1, "scattered", 1)
    before, after = (one.filter(~pl.col("row_id").is_in(list(faulty))) for one in (day.tables.staged, tables.staged))
    assert before.equals(after)
    changed = day.tables.staged.join(tables.staged, on="row_id").filter(pl.col("topic") != pl.col("topic_right"))
    assert set(changed["row_id"]) == faulty


def test_an_injected_text_is_asked_under_its_own_key(world: World) -> None:
    day = world.today(np.random.default_rng(9), 300)
    tables, faulty = befallen(day, "injection_ignored", 0.02, "scattered", 1)
    assert "answers_belong" not in judged(world, tables)
    told = tables.cleaned.filter(pl.col("row_id").is_in(list(faulty)))["text"]
    assert told.len() == len(faulty)
    assert not set(told) & set(day.tables.cleaned["text"])


def test_rows_of_failed_checks_and_rows_set_aside_are_named(world: World) -> None:
    day = world.today(np.random.default_rng(10), 300)
    tables, faulty = befallen(day, "out_of_set", 0.01, "scattered", 1)
    verdict = run_suite(world.pool.spec, replace(tables, history=world.history))
    assert faulty <= named_rows(verdict)


@pytest.mark.parametrize(
    ("value", "limit", "least", "holds"),
    [(None, 1.0, True, False), (1.0, 1.0, True, True), (0.99, 1.0, True, False), (0.02, 0.01, False, False)],
)
def test_what_was_not_measured_keeps_no_promise(value: float | None, limit: float, least: bool, holds: bool) -> None:
    assert Bar("x", value, limit, least).holds is holds
