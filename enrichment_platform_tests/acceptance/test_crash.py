"""SIGKILL at any moment, and at every write boundary: no row is lost, and no more is paid twice than was in flight."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from enrichment_platform.inference.dispatcher import Dispatcher
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pool import DEFAULT_POOL
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.task import Question, Task
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform.stages.accounting import close_books
from enrichment_platform.stages.classified import classify_partition
from enrichment_platform.stages.publish import check_partition, publish
from enrichment_platform_tests.acceptance.project import as_spec, letters_spec
from enrichment_platform_tests.servers.ledgers import empty, execute
from enrichment_platform_tests.servers.mortal import MortalProcess
from enrichment_platform_tests.servers.openai_server import RunningServer
from enrichment_platform_tests.stages.partition import prepare

SLOTS = 64
PARTITION = "a"
HERE = "enrichment_platform_tests.acceptance.test_crash"
KILLED = -signal.SIGKILL


def task() -> Task:
    """A label for a letter."""
    return Task(as_spec(letters_spec(Path("letters.jsonl"), [PARTITION])), "c1")


def ask_all(url: str, ledger_url: str, rows: int, marks: str) -> None:
    """Child: ask all rows of a partition; writes a line with the number of good ones to the file `marks`."""
    one = task()
    questions: list[Question] = [one.question({"row_id": f"r{n}", "text": f"Letter {n}."}) for n in range(rows)]
    endpoint = OpenAIEndpoint("api", url, frozenset({"internal"}), model="m", max_concurrency=SLOTS)
    good: dict[str, str] = {}

    def emit(row: RowAnswer) -> None:
        assert row.row_id not in good, "a row ended twice"
        good[row.row_id] = row.answer.status

    with Ledger(ledger_url, lease_s=2.0) as ledger:
        asyncio.run(Dispatcher(one, [endpoint], ledger, PARTITION).run(questions, emit, rows))
    assert set(good.values()) == {"ok"}
    Path(marks).write_text(str(len(good)))


def killed_until_done(
    provider: RunningServer, ledger_url: str, folder: Path, *, kills: int, rows: int, latest_s: float
) -> None:
    provider.behave({"latency_s": 0.03, "slots": SLOTS})
    chance = random.Random(kills)
    marks = folder / "done"
    deaths = 0
    with MortalProcess(f"{HERE}:ask_all") as process:
        while not marks.exists():
            before = provider.stats()["requests"]
            child = process.start(provider.url, ledger_url, rows, str(marks))
            if deaths < kills:
                # From before the first request until well into the run.
                while provider.stats()["requests"] == before and chance.random() < 0.97:
                    time.sleep(0.01)
                time.sleep(chance.uniform(0, latest_s))
                os.kill(child, signal.SIGKILL)
            status = process.ended()
            assert status in (0, KILLED)
            deaths += status == KILLED
    bill = provider.stats()
    assert int(marks.read_text()) == rows
    assert deaths == kills, "the rows were meant to last for all kills"
    assert len(bill["prompts"]) == rows
    # In flight: sent, and its answer is not durable yet. The engine has at most SLOTS of these.
    assert bill["prompts_answered_twice"] <= SLOTS * kills
    assert sum(asked - 1 for asked in bill["prompts"].values()) <= SLOTS * kills, "sent again, answered or not"
    [(stored, spent)] = execute(ledger_url, "select count(distinct row_id), count(*) from answers where status = 'ok'")
    assert stored == spent == rows
    states = execute(ledger_url, "select outcome, count(*) from attempts group by outcome order by 1")
    told = dict(states)
    assert told["ok"] == rows
    assert set(told) <= {"ok", "lost", "not_sent"}, "nothing stays open"


def test_twelve_kills_cost_no_more_than_what_was_in_flight(provider: RunningServer, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    killed_until_done(provider, url, tmp_path, kills=12, rows=3000, latest_s=0.3)


@pytest.mark.slow
def test_fifty_kills_cost_no_more_than_what_was_in_flight(provider: RunningServer, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    killed_until_done(provider, url, tmp_path, kills=50, rows=20_000, latest_s=0.4)


def test_kills_cost_no_more_on_postgresql(provider: RunningServer, postgres_url: str, tmp_path: Path) -> None:
    empty(postgres_url)
    killed_until_done(provider, postgres_url, tmp_path, kills=4, rows=1500, latest_s=0.4)


# --- write boundaries -------------------------------------------------------------------------------------------------

ROWS, CONCURRENCY = 12, 4


def boundary_spec(folder: str) -> EnrichmentSpec:
    """Letters, of which one is refused: publishing writes a quarantine, too."""
    return as_spec(letters_spec(Path(folder) / "letters.jsonl", [PARTITION], checks={"max_failed_share": 0.5}))


def work_through(url: str, folder: str, home: str, ledger_url: str) -> None:
    """Child: everything after cleaning, up to the archive of the attempts."""
    os.environ |= {
        "ENRICHMENT_HOME": home,
        "ENRICHMENT_LEDGER": ledger_url,
        "ENRICHMENT_ENDPOINT": url,
        "ENRICHMENT_MODEL": "m",
        "ENRICHMENT_CONCURRENCY": str(CONCURRENCY),
    }
    lake, spec = Lake.from_environment(), boundary_spec(folder)
    classify_partition(lake, spec, DEFAULT_POOL, PARTITION, Path(folder), lambda _: None)
    check_partition(lake, spec, PARTITION, Path(folder))
    publish(lake, spec, PARTITION)
    close_books(lake, spec, PARTITION)


@pytest.fixture
def cleaned(home: Path, tmp_path: Path) -> Path:
    """A home with a cleaned partition."""
    lines = [{"id": f"r{n:02}", "part": PARTITION, "text": f"Letter {n}."} for n in range(ROWS)]
    assert len(prepare(Lake(str(home / "lake")), boundary_spec(str(tmp_path)), lines, tmp_path)) == ROWS
    return home


def death_at_each_boundary(
    provider: RunningServer, cleaned: Path, folder: Path, step: int, postgres_url: str = ""
) -> int:
    """Die at boundary 1, 1 + step, ... of the same start, then work through; returns how many there were."""
    with MortalProcess(f"{HERE}:work_through") as process:
        for boundary in range(1, 1000, step):
            provider.reset()
            provider.behave({"kind": "refusal", "first": 1})
            home = folder / f"home-{boundary}"
            shutil.copytree(cleaned, home)
            url = postgres_url or f"sqlite:///{home}/ledger.db"
            if postgres_url:
                empty(postgres_url)
            at = f"boundary {boundary}"
            arguments = (provider.url, str(folder), str(home), url)
            status = process.run(*arguments, die_at=boundary)
            if status == 0:
                return boundary
            assert status == KILLED, at
            assert process.run(*arguments) == 0, at
            whole(provider, home, url, at)
            shutil.rmtree(home)
    raise AssertionError("a run has less than 1000 boundaries")


def whole(provider: RunningServer, home: Path, url: str, at: str) -> None:
    bill, lake = provider.stats(), Lake(str(home / "lake"))
    published = lake.read("letters/enriched")["row_id"].to_list()
    aside = lake.read("letters/quarantine")["row_id"].to_list()
    assert sorted(published + aside) == [f"r{n:02}" for n in range(ROWS)], at
    assert bill["prompts_answered_twice"] <= CONCURRENCY, at
    archived = lake.read("platform/attempts")
    assert archived["attempt_id"].n_unique() == archived.height, f"{at}: an attempt was archived twice"
    assert execute(url, "select count(*) from attempts") == [(0,)], at
    known = archived.filter(archived["outcome"] != "lost")
    lost = archived.height - known.height
    assert lost <= 2 * CONCURRENCY, at  # sent, or admitted and about to be
    billed = bill["prompt_tokens"] + bill["completion_tokens"]
    told = sum(known["input_tokens"].to_list()) + sum(known["output_tokens"].to_list())
    most = archived["reserved_tokens"].max()
    assert isinstance(most, int)
    assert told <= billed <= told + lost * most, f"{at}: the bill is more than the ledger knows and has reserved"
    if not lost:
        assert told == billed, at


@pytest.mark.slow
def test_death_at_some_write_boundaries_loses_nothing(provider: RunningServer, cleaned: Path, tmp_path: Path) -> None:
    assert death_at_each_boundary(provider, cleaned, tmp_path, step=9) > 40


@pytest.mark.slow
@pytest.mark.timeout(900)  # a hundred seconds on an idle machine, most of it waiting for the disk
def test_death_at_every_write_boundary_loses_nothing(provider: RunningServer, cleaned: Path, tmp_path: Path) -> None:
    assert death_at_each_boundary(provider, cleaned, tmp_path, step=1) > 40
