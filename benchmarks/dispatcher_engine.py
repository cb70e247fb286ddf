"""The engine as a client of benchmarks/dispatcher.py: the dispatcher with its ledger on SQLite, nothing left out."""

from __future__ import annotations

import tempfile
from functools import partial

from benchmarks.dispatcher_task import MODEL, questions, task
from enrichment_platform.inference.budget import caps
from enrichment_platform.inference.dispatcher import Dispatcher
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pool import DEFAULT_POOL
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.terms import Terms

PARTITION = "2026-01-01"
RUN = "bench"


async def run_engine(url: str, rows: int, _: int) -> int:
    """Answer so many rows; returns how many were answered well.

    It is not told how many requests to have in flight: it has its default ceiling, as for any user.
    """
    good = 0

    def emit(row: RowAnswer) -> None:
        nonlocal good
        good += row.answer.status == "ok"

    endpoint = OpenAIEndpoint("api", url, frozenset({"internal"}), model=MODEL)
    with tempfile.TemporaryDirectory() as folder, Ledger(f"sqlite:///{folder}/ledger.db") as ledger:
        budgets = partial(caps, task().spec, DEFAULT_POOL, task().fingerprint(MODEL), PARTITION, RUN)
        dispatcher = Dispatcher(task(), [endpoint], ledger, PARTITION, Terms(caps=budgets), RUN)
        await dispatcher.run(questions(rows), emit, total=rows)
    return good
