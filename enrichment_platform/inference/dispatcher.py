"""Asks what the ledger does not know yet: streamed, within caps, as fast as endpoints answer, each answer durable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from enrichment_platform.inference.batch import Batch, Job, may_see
from enrichment_platform.inference.endpoints.protocol import Endpoint
from enrichment_platform.inference.lane import open_lanes
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.metrics import NoMetrics
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.task import Question, Task
from enrichment_platform.inference.terms import Terms

_log = logging.getLogger("enrichment_platform.inference")


@dataclass
class Dispatcher:
    """One batch of one partition. Answers that the ledger holds are not asked again; the rest is, each once.

    Args:
        task: What is asked.
        endpoints: In order of preference; the next one is used where one gives up.
        ledger: Where attempts and answers become durable.
        partition_key: Recorded with every attempt.
        terms: Caps, retries, patience, deadline.
        run_id: Recorded with every attempt.
        on_progress: Called often, with the same object.
        metrics: Counts requests and rows for Prometheus.
    """

    task: Task
    endpoints: Sequence[Endpoint]
    ledger: Ledger
    partition_key: str
    terms: Terms = field(default_factory=Terms)
    run_id: str = ""
    on_progress: Callable[[Progress], None] = lambda _: None
    metrics: NoMetrics = field(default_factory=NoMetrics)
    progress: Progress = field(default_factory=Progress)

    async def answer(self, questions: Sequence[Question]) -> list[RowAnswer]:
        """Answer every question, in order; for batches that fit into memory. Raises as `run`."""
        found: dict[str, RowAnswer] = {}
        await self.run(questions, lambda row: found.update({row.row_id: row}), total=len(questions))
        return [found[question.row_id] for question in questions]

    async def run(
        self, questions: Iterable[Question], emit: Callable[[RowAnswer], None], total: int | None = None
    ) -> None:
        """Answer every question; at most some thousand of them are in memory at once.

        Args:
            questions: Read as the answers come, in this thread.
            emit: Called once a row, in the order of the answers, when its answer is durable.
            total: How many questions there are, where that is known.

        Raises:
            EndpointUnavailableError: no endpoint answers any more.
            BudgetReachedError: a cap is reached.
            DeadlineError: the deadline has passed.
            HaltedError: the kill switch is on.
            RunInterruptedError: a stop signal came.
            DataClassError: an endpoint may not see the rows.

        Whatever is raised, what was answered is in the ledger, and the same call goes on from there.
        """
        self.progress.rows = total
        for endpoint in self.endpoints:
            may_see(self.task, endpoint)
        job = Job(
            self.task,
            self.ledger,
            self.partition_key,
            self.run_id,
            self.terms,
            self.progress,
            self.metrics,
            self.on_progress,
            emit,
        )
        try:
            lanes = await open_lanes(self.task, self.endpoints)
            # What another model answers could not be published beside the first one's.
            await Batch(job, lanes[:1] if self.terms.one_model else lanes, questions).run()
        finally:
            await self._close()
            self.progress.in_flight = 0
            self.on_progress(self.progress)

    async def _close(self) -> None:
        """Close all endpoints. One that cannot be closed takes nothing from what was answered, so it is only told."""
        closed = await asyncio.gather(*(endpoint.close() for endpoint in self.endpoints), return_exceptions=True)
        for endpoint, error in zip(self.endpoints, closed, strict=True):
            if isinstance(error, BaseException):
                _log.warning("endpoint %r could not be closed (%s)", endpoint.name, type(error).__name__)
