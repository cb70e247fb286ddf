"""Ledgers for tests: an empty one on SQLite and on PostgreSQL, and attempts and answers to put into it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.records import Admission, Answer, Attempt, Cap, RateLimit, Settlement, attempt_id

T = TypeVar("T")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a ledger that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/ledger.db"
    found: str = request.getfixturevalue("postgres_url")
    empty(found)
    return found


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """An open, empty ledger."""
    with Ledger(url) as opened:
        yield opened


def empty(postgres_url: str) -> None:
    """Remove all tables of a PostgreSQL database, and end the sessions that a killed process may have left."""
    execute(
        postgres_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = user",
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public",
    )


def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on a ledger's database beside it; returns the rows of the last one."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+pg8000:"), poolclass=sa.NullPool)
    rows: list[tuple[Any, ...]] = []
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(sa.text(statement))
            rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


def attempts_of(ledger: Ledger, enrichment: str, partition_key: str, row_id: str | None = None) -> list[dict[str, Any]]:
    """Attempts of a partition, or of one row of it, that are in the ledger; oldest first."""
    # Not at the top: it brings the lake with it, and processes that are timed import this module.
    from enrichment_platform.inference.history import hot_attempts

    pages = hot_attempts(ledger, enrichment, partition_key, row_id)
    return sorted((one for page in pages for one in page.to_dicts()), key=lambda one: str(one["attempt_id"]))


def attempt(key: str = "key-0", tokens: int = 0, nano_usd: int = 0, **changed: Any) -> Attempt:
    """An attempt with a fresh id; `tokens` and `nano_usd` are reserved."""
    values = {
        "attempt_id": attempt_id(),
        "request_key": key,
        "fingerprint": "f" * 32,
        "enrichment": "tickets",
        "partition_key": "2026-01-01",
        "row_id": f"row of {key}",
        "run_id": "run-1",
        "endpoint": "api",
        "cause": "first",
        "reserved_tokens": tokens,
        "reserved_nano_usd": nano_usd,
    }
    return Attempt(**{**values, **changed})


def answer(key: str = "key-0", text: str = '{"topic":"money"}', **changed: Any) -> Answer:
    """A good answer of 10 + 5 tokens and 0.25 US dollars."""
    values = (key, "f" * 32, "tickets", "2026-01-01", f"row of {key}", "ok", text, "stop", "model", "api")
    known = dict(zip(Answer.__slots__, (*values, 1, 10, 4, 5, 0.25, 12.5), strict=True))
    return Answer(**{**known, **changed})


def settlement(sent: Attempt, outcome: str = "ok", **changed: Any) -> Settlement:
    """How an attempt ended: answered, with 10 + 5 tokens and 0.25 US dollars."""
    values: dict[str, Any] = {
        "billed": True,
        "finish_reason": "stop",
        "model": "model",
        "input_tokens": 10,
        "cached_tokens": 4,
        "output_tokens": 5,
        "cost_usd": 0.25,
        "latency_ms": 12.5,
    }
    return Settlement(sent, outcome, **{**values, **changed})


def failure(sent: Attempt, outcome: str, *, billed: bool, detail: str | None = None) -> Settlement:
    """How an attempt ended that brought no answer, and no word of what it took."""
    return Settlement(sent, outcome, billed, detail)


async def ask(
    ledger: Ledger,
    key: str,
    text: str = "{}",
    caps: Sequence[Cap] = (),
    rate: RateLimit | None = None,
    **reserved: int,
) -> Admission:
    """Admit an attempt for a key, and answer it where it is admitted."""
    wanted = attempt(key, **reserved)
    [admission] = await ledger.admit([wanted], caps, rate)
    if admission.verdict == "admitted":
        await ledger.settle(settlement(wanted), answer(key, text), caps, rate)
    return admission


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, within a time in which nothing that works hangs."""

    async def within() -> T:
        async with asyncio.timeout(100):
            return await work

    return asyncio.run(within())
