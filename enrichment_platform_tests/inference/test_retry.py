"""The retry table: how often, how long, and that a server's wish is heard."""

from __future__ import annotations

import random

import pytest

from enrichment_platform.inference.endpoints.protocol import Failure
from enrichment_platform.inference.retry import LONGEST_WAIT_S, MALFORMED, RULES, TRUNCATED, wait_s


def waits(cause: str, retry_after_s: float | None = None, seed: int = 0) -> list[float]:
    """Every wait that the cause is granted, until its retries are used up."""
    jitter, found = random.Random(seed), []
    for retry in range(1, 100):
        wait = wait_s(cause, retry, retry_after_s, jitter)
        if wait is None:
            return found
        found.append(wait)
    raise AssertionError("retries never end")


def test_every_failure_has_a_rule() -> None:
    assert set(RULES) == {*Failure, MALFORMED, TRUNCATED}


@pytest.mark.parametrize(
    ("cause", "retries"),
    [
        (Failure.RATE_LIMIT, 12),
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
        for retry, wait in enumerate(waits(cause, seed=seed)):
            assert 0 <= wait <= min(RULES[cause].first_wait_s * 2**retry, LONGEST_WAIT_S)


def test_waits_differ_so_that_clients_do_not_come_back_together() -> None:
    assert len({waits(Failure.RATE_LIMIT, seed=seed)[3] for seed in range(20)}) == 20


def test_a_wait_is_never_shorter_than_retry_after() -> None:
    assert min(waits(Failure.RATE_LIMIT, 30.0)) >= 30.0


def test_a_retry_after_of_hours_is_cut_to_the_longest_wait() -> None:
    assert waits(Failure.RATE_LIMIT, 7200.0) == [LONGEST_WAIT_S] * 12


def test_retry_after_grants_no_further_retries() -> None:
    assert wait_s(Failure.BAD_REQUEST, 1, 5.0, random.Random(0)) is None
