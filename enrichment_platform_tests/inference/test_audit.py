"""An audit asks once, is on the books, and changes no stored answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from enrichment_platform.errors import BudgetReachedError, EndpointUnavailableError, HaltedError
from enrichment_platform.inference.audit import ask_again
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.records import Cap
from enrichment_platform.inference.task import Task
from enrichment_platform_tests.acceptance.project import as_spec, letters_spec
from enrichment_platform_tests.servers.ledgers import attempts_of
from enrichment_platform_tests.servers.openai_server import RunningServer

ROW = {"row_id": "1", "text": "Thank you for the parcel."}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(as_spec(letters_spec(tmp_path, ["a"])), "cleaning-1")


@pytest.fixture
def endpoint(provider: RunningServer) -> OpenAIEndpoint:
    return OpenAIEndpoint("api", provider.url, frozenset({"internal"}), price=Price(1.0, None, 2.0))


def test_the_bill_and_the_ledger_agree_and_no_answer_is_stored(
    ledger: Ledger, task: Task, endpoint: OpenAIEndpoint, provider: RunningServer
) -> None:
    spent = Cap("day:letters", "budget.day")

    async def twice() -> None:
        for _ in range(2):
            found = await ask_again(ledger, task, endpoint, "a", task.question(ROW), lambda run, now: [spent])
            assert found.status == "ok"
            assert found.values is not None
            assert set(found.values) == {"topic"}

    asyncio.run(twice())
    bill, attempts = provider.stats(), attempts_of(ledger, "letters", "a", "1")
    assert [one["cause"] for one in attempts] == ["audit", "audit"]
    assert bill["requests"] == 2
    assert sum(one["input_tokens"] for one in attempts) == bill["prompt_tokens"]
    assert sum(one["output_tokens"] for one in attempts) == bill["completion_tokens"]
    assert ledger.answers([one["request_key"] for one in attempts]) == {}
    counted = ledger.spending(["day:letters"])["day:letters"]
    assert counted.tokens == bill["prompt_tokens"] + bill["completion_tokens"]


def test_a_failure_is_settled_and_said(
    ledger: Ledger, task: Task, endpoint: OpenAIEndpoint, provider: RunningServer
) -> None:
    provider.behave({"kind": "500"})
    with pytest.raises(EndpointUnavailableError, match="'api' gave no answer"):
        asyncio.run(ask_again(ledger, task, endpoint, "a", task.question(ROW)))
    (attempt,) = attempts_of(ledger, "letters", "a")
    assert (attempt["outcome"], attempt["input_tokens"]) == ("server_error", 0)


def test_caps_and_halts_hold_it_too(
    ledger: Ledger, task: Task, endpoint: OpenAIEndpoint, provider: RunningServer
) -> None:
    tight = Cap("day:letters", "budget.day", tokens=10)
    with pytest.raises(BudgetReachedError, match=r"budget\.day leaves no room"):
        asyncio.run(ask_again(ledger, task, endpoint, "a", task.question(ROW), lambda run, now: [tight]))
    ledger.halt("letters", "the prices rose")
    with pytest.raises(HaltedError, match="the prices rose"):
        asyncio.run(ask_again(ledger, task, endpoint, "a", task.question(ROW)))
    assert provider.stats()["requests"] == 0
