"""Caps: which counters a run is held to, that a reservation covers any answer, what a person is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from enrichment_platform.budget_spec import BudgetSpec
from enrichment_platform.inference.budget import CapReached, caps, ceiling_tokens, request_over, row_over
from enrichment_platform.inference.pool_spec import DEFAULT_POOL, ModelPoolSpec
from enrichment_platform.inference.records import NANO, Cap
from enrichment_platform.spec import EnrichmentSpec

EVENING = datetime(2026, 1, 5, 23, 59, tzinfo=UTC).timestamp()
PARTITION = "partition:letters:v1:2026-01-01"


def spec(budget: dict[str, Any] | None = None) -> EnrichmentSpec:
    return EnrichmentSpec.model_validate(
        {
            "name": "letters",
            "source": {"path": "letters.csv", "key": "id", "timestamp": "at"},
            "partitions": {"type": "daily", "start": "2026-01-01"},
            "prompt": {"columns": ["text"]},
            "output": [{"name": "topic", "type": "string"}],
            "budget": budget or {},
        }
    )


def held(budget: dict[str, Any] | None = None, pool: ModelPoolSpec = DEFAULT_POOL, now: float = EVENING) -> list[Cap]:
    return caps(spec(budget), pool, "v1", "2026-01-01", "r1", now)


def test_without_a_budget_the_partition_is_counted_but_not_capped() -> None:
    assert held() == [Cap(PARTITION, "budget.partition")]


def test_each_cap_has_a_scope_of_its_own_in_nano_dollars() -> None:
    budget = {"partition": {"tokens": 5_000}, "run": {"usd": 0.1}, "day": {"tokens": 7, "usd": 2.5}}
    pool = ModelPoolSpec.model_validate({**DEFAULT_POOL.model_dump(), "budget": {"day": {"usd": 30}}})
    assert held(budget, pool) == [
        Cap(PARTITION, "budget.partition", 5_000),
        Cap("run:r1", "budget.run", None, NANO // 10),
        Cap("day:letters:2026-01-05", "budget.day", 7, 2_500_000_000),
        Cap("pool:default:2026-01-05", "budget.day of pool default", None, 30 * NANO),
    ]


def test_a_day_ends_at_midnight_utc() -> None:
    budget = {"day": {"usd": 1}}
    assert held(budget)[1].scope == "day:letters:2026-01-05"
    assert held(budget, now=EVENING + 61)[1].scope == "day:letters:2026-01-06"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=6), st.integers(1, 10_000))
def test_a_reservation_covers_a_token_for_each_byte_and_ten_for_each_message(texts: list[str], output: int) -> None:
    body = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": text} for text in texts]})
    most = sum(len(text.encode()) + 10 for text in texts) + output
    assert ceiling_tokens(len(body), output) >= most
    assert ceiling_tokens(len(body)) + output == ceiling_tokens(len(body), output)


def told(cap: Cap, tokens: int = 0, nano_usd: int = 0, next_nano_usd: int = 0) -> str:
    reached = CapReached(cap, tokens, nano_usd, 0, next_nano_usd).error("letters", "2026-01-01", 1200, 34)
    assert reached.exit_code == 1
    return str(reached)


def test_at_a_cap_a_person_is_told_what_was_spent_kept_and_what_to_change() -> None:
    cap = Cap("day:letters:2026-01-05", "budget.day", None, 25 * NANO)
    assert told(cap, nano_usd=24_990_000_000, next_nano_usd=20_000_000) == (
        "letters 2026-01-01: budget.day is reached (24.99 USD of 25.00 USD are spent or reserved, the next request"
        " may take 0.020000 USD); 1,200 rows were answered and are kept, 34 are deferred."
        " Raise budget.day.usd in its defs.yaml, or wait until 00:00 UTC, and run the same command again;"
        " only the deferred rows are asked then"
    )


@pytest.mark.parametrize(
    ("cap", "tokens", "nano_usd", "says"),
    [
        (Cap(PARTITION, "budget.partition", 100), 90, 0, ["90 of 100 tokens", "Raise budget.partition.tokens in"]),
        (Cap("run:r", "budget.run", 100, 100), 10, 99, ["0.000000 USD of", "another run", "budget.run.usd"]),
        (Cap("run:r", "budget.run", 100, 100), 99, 10, ["99 of 100 tokens", "budget.run.tokens"]),
        (Cap("pool:gpu:2026-01-05", "x", 100), 99, 0, ["budget.day.tokens of the model pool gpu", "00:00 UTC"]),
        (Cap(PARTITION, "budget.partition", None, 0), 0, 0, ["0.00 USD of 0.00 USD", "budget.partition.usd"]),
    ],
)
def test_the_message_names_the_cap_that_is_full_and_its_field(
    cap: Cap, tokens: int, nano_usd: int, says: list[str]
) -> None:
    message = told(cap, tokens, nano_usd)
    assert all(part in message for part in says), message


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"day": {}}, "give `tokens`, `usd` or both"),
        ({"day": {"usd": -1}}, "greater than or equal to 0"),
        ({"day": {"usd": float("nan")}}, "finite"),
        ({"month": {"usd": 1}}, "month"),
        ({"request": {"usd": 1}}, "usd"),
        ({"row": {"attempts": 0}}, "attempts"),
        ({"run": {"tokens": 0}}, "tokens"),
    ],
)
def test_a_wrong_budget_is_refused_and_the_field_named(budget: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BudgetSpec.model_validate(budget)


def test_a_row_has_twenty_attempts_unless_told_otherwise() -> None:
    assert spec().budget.row.attempts == 20
    assert spec({"row": {"tokens": 9}}).budget.row.attempts == 20


def test_a_request_over_its_cap_is_not_sent_and_the_reason_names_the_field() -> None:
    capped = spec({"request": {"tokens": 1000}})
    assert request_over(capped, 1000) is None
    assert request_over(spec(), 10**9) is None
    assert "1,001 tokens" in (reason := request_over(capped, 1001) or "")
    assert "budget.request allows 1,000" in reason


@pytest.mark.parametrize(
    ("attempts", "tokens", "reason"),
    [
        (0, 500, None),
        (2, 500, None),
        (3, 0, "the row took 3 requests; budget.row allows 3"),
        (1, 501, "the row may take 501 tokens (bytes of the prompt + answer); budget.row allows 500"),
    ],
)
def test_a_row_over_its_cap_is_not_asked_again(attempts: int, tokens: int, reason: str | None) -> None:
    assert row_over(spec({"row": {"attempts": 3, "tokens": 500}}), attempts, tokens) == reason
    assert row_over(spec(), attempts, 10**9) is None
