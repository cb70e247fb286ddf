"""The retry table: how often, how long, that a server's wish is heard, and what a pool may say otherwise."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import ValidationError

from enrichment_platform.inference.endpoints.protocol import Failure
from enrichment_platform.inference.pool_spec import DEFAULT_POOL, ModelPoolSpec
from enrichment_platform.inference.retry import (
    LONGEST_RETRY_AFTER_S,
    LONGEST_WAIT_S,
    MALFORMED,
    RULES,
    TRUNCATED,
    RetryRule,
    rules,
    wait_s,
)

MANY = 2000


def waits(cause: str, retry_after_s: float | None = None, seed: int = 0) -> list[float]:
    """Every wait that the cause is granted, until its retries are used up or MANY."""
    jitter, found = random.Random(seed), []
    for retry in range(1, MANY + 1):
        wait = wait_s(RULES, cause, retry, retry_after_s, jitter)
        if wait is None:
            return found
        found.append(wait)
    return found


def table(retries: dict[str, Any]) -> dict[str, RetryRule]:
    pool = ModelPoolSpec.model_validate({**DEFAULT_POOL.model_dump(), "retries": retries})
    return rules(pool.retries)


def test_every_failure_has_a_rule() -> None:
    assert set(RULES) == {*Failure, MALFORMED, TRUNCATED}


@pytest.mark.parametrize(
    ("cause", "retries"),
    [
        (Failure.RATE_LIMIT, MANY),
        (Failure.SERVER_ERROR, 4),
        (Failure.TIMEOUT, 2),
        (Failure.CONNECTION, 5),
        (Failure.BAD_RESPONSE, 2),
        (Failure.BAD_REQUEST, 0),
        (Failure.UNAUTHORIZED, 0),
        (MALFORMED, 2),
        (TRUNCATED, 1),
    ],
)
def test_a_cause_is_retried_as_often_as_the_table_says(cause: str, retries: int) -> None:
    assert len(waits(cause)) == retries


@pytest.mark.parametrize("cause", list(RULES))
def test_a_wait_lies_between_zero_and_the_doubled_first_wait_and_is_capped(cause: str) -> None:
    for seed in range(20):
        for retry, wait in enumerate(waits(cause, seed=seed)[:100]):
            assert 0 <= wait <= min(RULES[cause].first_wait_s * 2**retry, LONGEST_WAIT_S)


def test_waits_differ_so_that_clients_do_not_come_back_together() -> None:
    assert len({waits(Failure.RATE_LIMIT, seed=seed)[3] for seed in range(20)}) == 20


def test_a_wait_is_never_shorter_than_retry_after() -> None:
    assert min(waits(Failure.RATE_LIMIT, 300.0)) >= 300.0


def test_a_retry_after_of_hours_is_cut_to_ten_minutes() -> None:
    assert set(waits(Failure.RATE_LIMIT, 7200.0)) == {LONGEST_RETRY_AFTER_S}


def test_retry_after_grants_no_further_retries() -> None:
    assert wait_s(RULES, Failure.BAD_REQUEST, 1, 5.0, random.Random(0)) is None


def test_a_pool_overrides_only_what_it_names() -> None:
    said = table({"timeout": 4, "connection": {"first_wait_s": 2}, "rate_limit": 3})
    assert said["timeout"] == RetryRule(4, RULES["timeout"].first_wait_s)
    assert said["connection"] == RetryRule(RULES["connection"].retries, 2.0)
    assert said["rate_limit"].retries == 3
    unchanged = set(RULES) - {"timeout", "connection", "rate_limit"}
    assert all(said[cause] == RULES[cause] for cause in unchanged)
    assert table({}) == RULES
    assert table({"rate_limit": "unlimited"}) == RULES


@pytest.mark.parametrize(
    ("retries", "message"),
    [
        ({"timeouts": 4}, r"there is no cause timeouts; causes are rate_limit, server_error, timeout, .*truncated"),
        ({"timeout": -1}, "retries are 0 or more"),
        ({"timeout": "unlimited"}, "only rate_limit may be `unlimited`"),
        ({"timeout": {"retries": "unlimited"}}, "only rate_limit may be `unlimited`"),
        ({"timeout": "often"}, "retries.timeout.retries"),
        ({"timeout": {"times": 4}}, "retries.timeout.times"),
        ({"timeout": {"first_wait_s": 61}}, "first_wait_s"),
        ({"timeout": [4]}, "retries.timeout"),
        ([4], "retries"),
    ],
)
def test_a_wrong_override_is_refused_and_says_what_is_allowed(retries: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelPoolSpec.model_validate({**DEFAULT_POOL.model_dump(), "retries": retries})


def test_a_pool_may_be_written_out_and_read_again() -> None:
    pool = ModelPoolSpec.model_validate({**DEFAULT_POOL.model_dump(), "retries": {"timeout": 4}})
    assert ModelPoolSpec.model_validate(pool.model_dump()) == pool
