"""The ledger keeps its promises on SQLite and on PostgreSQL: durable when told so, first answer wins, nothing lost."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger import Answer, Attempt, Ledger, Settlement
from enrichment_platform.inference.ledger_schema import metadata
from enrichment_platform_tests.servers.postgres import postgres_url

__all__ = ["postgres_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a ledger that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/ledger.db"
    found: str = request.getfixturevalue("postgres_url")
    engine = sa.create_engine(found.replace("postgresql:", "postgresql+pg8000:"))
    metadata.drop_all(engine)
    engine.dispose()
    return found


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger(url) as opened:
        yield opened


def attempt(number: int = 0, key: str = "key-0") -> Attempt:
    return Attempt(f"attempt-{number}", key, "tickets", "2026-01-01", f"row-{number}", "api", "first")


def answer(key: str = "key-0", text: str = '{"topic":"money"}') -> Answer:
    return Answer(key, "f" * 32, "tickets", "ok", text, "stop", "model", "api", 1, 10, 4, 5, 0.25, 12.5)


async def ask(ledger: Ledger, number: int, key: str, text: str = "{}") -> None:
    await ledger.sent(attempt(number, key))
    await ledger.settled(Settlement(f"attempt-{number}", "ok"), answer(key, text))


def test_an_answer_reads_back_as_it_was_settled(ledger: Ledger) -> None:
    stored = answer(text='{"topic":"größe 😀 \'quoted\' %s :x"}')
    settlement = Settlement("attempt-0", "ok", None, "stop", "model", 10, 4, 5, 0.25, 12.5)

    async def run() -> None:
        await ledger.sent(attempt())
        await ledger.settled(settlement, stored)

    asyncio.run(run())
    assert ledger.answers(["key-0", "key-1"]) == {"key-0": stored}
    (found,) = ledger.attempts_of("key-0")
    assert found["sent_at"] <= found["settled_at"]
    del found["sent_at"], found["settled_at"]
    assert found == {**vars(attempt()), **vars(settlement)}


def test_an_attempt_is_stored_without_an_outcome_before_it_is_settled(ledger: Ledger) -> None:
    asyncio.run(ledger.sent(attempt()))
    (found,) = ledger.attempts_of("key-0")
    assert (found["outcome"], found["settled_at"]) == (None, None)
    assert ledger.answers(["key-0"]) == {}


def test_a_failed_attempt_keeps_its_reason_and_stores_no_answer(ledger: Ledger) -> None:
    async def run() -> None:
        await ledger.sent(attempt())
        await ledger.settled(Settlement("attempt-0", "rate_limit", "status 429"))

    asyncio.run(run())
    (found,) = ledger.attempts_of("key-0")
    assert (found["outcome"], found["detail"], found["input_tokens"]) == ("rate_limit", "status 429", None)
    assert ledger.answers(["key-0"]) == {}


def test_attempts_of_a_key_come_oldest_first(ledger: Ledger) -> None:
    async def run() -> None:
        for number in range(5):
            await ledger.sent(attempt(number))
        await ledger.sent(attempt(9, "other"))

    asyncio.run(run())
    assert [one["attempt_id"] for one in ledger.attempts_of("key-0")] == [f"attempt-{n}" for n in range(5)]


def test_the_first_stored_answer_wins(ledger: Ledger, url: str) -> None:
    asyncio.run(ask(ledger, 0, "key-0", "first"))
    asyncio.run(ask(ledger, 1, "key-0", "second"))
    with Ledger(url) as other:
        asyncio.run(ask(other, 2, "key-0", "third"))
        assert other.answers(["key-0"]) == ledger.answers(["key-0"]) == {"key-0": answer(text="first")}
    assert [one["outcome"] for one in ledger.attempts_of("key-0")] == ["ok"] * 3, "every attempt is kept"


def test_answers_of_many_keys_are_found_in_one_call(ledger: Ledger) -> None:
    keys = [f"key-{number}" for number in range(1_200)]

    async def run() -> None:
        await asyncio.gather(*(ask(ledger, number, key) for number, key in enumerate(keys)))

    asyncio.run(run())
    assert set(ledger.answers([*keys, *keys, "absent"])) == set(keys)
    assert ledger.answers([]) == {}


def test_settlements_of_concurrent_tasks_are_committed_in_groups(ledger: Ledger) -> None:
    commits = 0

    @sa.event.listens_for(ledger._engine, "commit")
    def _count(_: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    async def run() -> None:
        settlements = (
            ledger.settled(Settlement(f"attempt-{number}", "ok"), answer(f"key-{number}")) for number in range(2_000)
        )
        await asyncio.gather(*settlements)

    asyncio.run(run())
    assert len(ledger.answers(f"key-{number}" for number in range(2_000))) == 2_000
    assert 0 < commits <= 200


def test_what_is_queued_at_close_is_committed(url: str) -> None:
    async def run() -> None:
        ledger = Ledger(url)
        writes = [asyncio.ensure_future(ledger.sent(attempt(number))) for number in range(50)]
        await asyncio.sleep(0)
        ledger.close()
        await asyncio.gather(*writes)

    asyncio.run(run())
    with Ledger(url) as ledger:
        assert len(ledger.attempts_of("key-0")) == 50


def test_a_cancelled_caller_does_not_stop_the_writes_of_others(ledger: Ledger) -> None:
    async def run() -> None:
        for number in range(20):
            doomed = asyncio.ensure_future(ledger.sent(attempt(number)))
            await asyncio.sleep(0)
            doomed.cancel()
            with pytest.raises(asyncio.CancelledError):
                await doomed
        async with asyncio.timeout(20):
            await ask(ledger, 100, "key-100")

    asyncio.run(run())
    assert "key-100" in ledger.answers(["key-100"])
    assert len(ledger.attempts_of("key-0")) == 20, "what was handed over is written all the same"


def test_a_write_that_fails_is_raised_to_its_caller_and_later_ones_go_on(ledger: Ledger) -> None:
    async def run() -> None:
        await ledger.sent(attempt(0))
        with pytest.raises(EnrichmentError, match=r"could not be written .IntegrityError") as raised:
            await ledger.sent(attempt(0))
        assert attempt(0).row_id not in str(raised.value), "SQLAlchemy quotes what was written"
        await ask(ledger, 1, "key-1")

    asyncio.run(run())
    assert set(ledger.answers(["key-0", "key-1"])) == {"key-1"}


def test_what_a_strange_server_says_is_stored_without_nul_and_cut_to_its_column(ledger: Ledger) -> None:
    strange = replace(answer(text="a\x00b"), finish_reason="x" * 500, model="y" * 500)
    settlement = Settlement("attempt-0", "ok", "z" * 5_000, "x" * 500, "y\x00" * 500)

    async def run() -> None:
        await ledger.sent(replace(attempt(), row_id="r\x00" + "r" * 500))
        await ledger.settled(settlement, strange)

    asyncio.run(run())
    stored = ledger.answers(["key-0"])["key-0"]
    assert stored == replace(strange, text="a\ufffdb", finish_reason="x" * 32, model="y" * 255)
    (found,) = ledger.attempts_of("key-0")
    assert (found["detail"], found["outcome"]) == ("z" * 5_000, "ok")
    assert len(found["row_id"]) == 502


WRITER = """
import asyncio, os, signal, sys
from enrichment_platform_tests.inference.test_ledger import Ledger, ask
url, name, mode = sys.argv[1:]
ledger = Ledger(url)
async def main():
    if mode == "kill":
        await ask(ledger, 0, "key-0", "durable")
        os.kill(os.getpid(), signal.SIGKILL)
    numbers = range(300)
    own = [ask(ledger, f"{name}-{n}", f"{name}-{n}", name) for n in numbers]
    await asyncio.gather(*own, *(ask(ledger, f"{name}-s{n}", f"shared-{n}", name) for n in numbers))
asyncio.run(main())
ledger.close()
"""


def writer(url: str, name: str, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, url, name, mode], stderr=subprocess.PIPE, text=True)


def test_an_answer_is_durable_when_settled_returns(url: str) -> None:
    killed = writer(url, "one", "kill")
    _, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors
    with Ledger(url) as ledger:
        assert ledger.answers(["key-0"]) == {"key-0": answer(text="durable")}
        assert [one["outcome"] for one in ledger.attempts_of("key-0")] == ["ok"]


def test_processes_that_create_and_write_the_ledger_at_once_lose_nothing(url: str) -> None:
    names = ["one", "two"]
    processes = [writer(url, name, "write") for name in names]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with Ledger(url) as ledger:
        own = [f"{name}-{number}" for name in names for number in range(300)]
        shared = [f"shared-{number}" for number in range(300)]
        found = ledger.answers([*own, *shared])
        assert set(found) == {*own, *shared}
        assert all(found[key].text == key.partition("-")[0] for key in own)
        assert {found[key].text for key in shared} <= set(names)
        assert [len(ledger.attempts_of(key)) for key in shared[:20]] == [2] * 20


PASSWORD = "s3cret-password"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            f"postgresql://user:{PASSWORD}@127.0.0.1:1/db",
            r"the ledger at postgresql\+pg8000://user:\*\*\*@127\.0\.0\.1:1/db cannot be opened \(\w+\)",
        ),
        (f"postgresql://user:an@{PASSWORD}@127.0.0.1:1/db", "cannot be opened"),
        (f"postgresql://user:{PASSWORD}@127.0.0.1:port/db", "is not a SQLAlchemy URL; write sqlite:///path or"),
        (f"postgres {PASSWORD}", "is not a SQLAlchemy URL"),
        ("", "is not a SQLAlchemy URL"),
        (f"mysql://user:{PASSWORD}@127.0.0.1/db", "is a mysql URL that cannot be used; write sqlite:///path or"),
        (f"postgresql+psycopg://user:{PASSWORD}@127.0.0.1/db", "psycopg URL that cannot be used"),
        ("sqlite://", "is a sqlite URL that cannot be used"),
        ("sqlite:///:memory:", "is a sqlite URL that cannot be used"),
        ("sqlite:////dev/null/folder/ledger.db", "cannot be opened"),
        ("sqlite:////tmp", r"cannot be opened \(OperationalError\)"),
    ],
)
def test_a_ledger_that_cannot_be_opened_is_one_error_without_the_password(url: str, message: str) -> None:
    with pytest.raises(EnrichmentError, match=message) as caught:
        Ledger(url)
    assert "ENRICHMENT_LEDGER" in str(caught.value)
    # As a log shows it, chained errors included; the line of this test that opens it holds no password.
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_wrong_password_is_one_error_without_it(postgres_url: str) -> None:
    wrong = sa.make_url(postgres_url).set(password=PASSWORD).render_as_string(hide_password=False)
    with pytest.raises(EnrichmentError, match="cannot be opened") as caught:
        Ledger(wrong)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_sqlite_file_that_is_no_database_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("these are not the bytes of a database" * 100)
    with pytest.raises(EnrichmentError, match="cannot be opened"):
        Ledger(f"sqlite:///{path}")
