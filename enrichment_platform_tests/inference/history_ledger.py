"""A ledger that a test fills by hand: attempts that were sent, and how they ended."""

from __future__ import annotations

import asyncio
from typing import Any

from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.records import Answer, Attempt, Settlement, attempt_id

ENRICHMENT, PARTITION = "letters", "a"


def sent(row: str, key: str | None = None, **changes: Any) -> Attempt:
    """An attempt of a row."""
    values = {
        "attempt_id": attempt_id(),
        "request_key": key or f"key-{row}",
        "fingerprint": "f1",
        "enrichment": ENRICHMENT,
        "partition_key": PARTITION,
        "row_id": row,
        "run_id": "run-1",
        "endpoint": "api",
        "cause": "first",
        "reserved_tokens": 100,
        "reserved_nano_usd": 1_000,
    }
    return Attempt(**(values | changes))


def answered(attempt: Attempt, outcome: str = "ok", tokens: tuple[int, int, int] = (10, 4, 5)) -> Settlement:
    """A settlement with usage, a cent a token."""
    cost = (tokens[0] + tokens[2]) / 100
    return Settlement(attempt, outcome, True, None, "stop", "m", *tokens, cost, 12.5)


def stored(attempt: Attempt, status: str = "ok", tokens: tuple[int, int, int] = (10, 4, 5)) -> Answer:
    """The answer that an attempt brought."""
    return Answer(
        attempt.request_key,
        attempt.fingerprint,
        attempt.enrichment,
        attempt.partition_key,
        attempt.row_id,
        status,
        '{"topic": "praise"}',
        "stop",
        "m",
        attempt.endpoint,
        1,
        *tokens,
        (tokens[0] + tokens[2]) / 100,
        12.5,
    )


def record(ledger: Ledger, *ended: Settlement | Attempt, keep_answers: bool = True) -> None:
    """Admit and settle, one after the other; an Attempt alone stays in flight. Good endings store their answer."""

    async def run() -> None:
        for one in ended:
            attempt = one.attempt if isinstance(one, Settlement) else one
            (admission,) = await ledger.admit([attempt])
            assert admission.verdict == "admitted", admission
            if isinstance(one, Settlement):
                good = keep_answers and one.outcome in ("ok", "refused")
                spent = (one.input_tokens or 0, one.cached_tokens or 0, one.output_tokens or 0)
                await ledger.settle(one, stored(attempt, one.outcome, spent) if good else None)

    asyncio.run(run())
