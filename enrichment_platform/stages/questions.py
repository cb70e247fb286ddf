"""The questions of a partition: its rows, rendered one by one; a row on which the template fails ends as failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.asked_form import asked_form
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.records import Answer
from enrichment_platform.inference.row import FAILED, RowAnswer
from enrichment_platform.inference.task import Question, Task
from enrichment_platform.stages.controls import Controls

PROMPT = "prompt"  # finish reason of a row that was never asked, since it has no prompt


class Questions:
    """Iterates over the questions of a partition, once; the rows without one are counted and told afterwards.

    Args:
        task: What is asked.
        batches: The cleaned rows.
        progress: Counts the rows without a question as done and failed.
        controls: Asked beside the rows, spread among them.
    """

    def __init__(
        self, task: Task, batches: Iterable[pl.DataFrame], progress: Progress, controls: Controls | None = None
    ) -> None:
        self._controls = controls
        self._task = task
        self._batches = batches
        self._progress = progress
        self._failed: list[str] = []
        self._error: EnrichmentError | None = None
        self._rendered = False

    def __iter__(self) -> Iterator[Question]:
        """Raises EnrichmentError at the end where the template failed on every row: then the template is wrong."""
        for batch in self._batches:
            for cleaned in batch.iter_rows(named=True):
                row = asked_form(cleaned)
                try:
                    question = self._task.question(row)
                except EnrichmentError as error:
                    self._error = self._error or error
                    self._failed.append(row["row_id"])
                    self._progress.asked += 1
                    self._progress.failed += 1
                else:
                    self._rendered = True
                    yield question
                    if self._controls is not None:
                        yield from self._controls.beside(row)
        if self._error is not None and not self._rendered:
            raise self._error
        if self._controls is not None:
            yield from self._controls.rest()

    def failed_answers(self, partition_key: str, fingerprint: str) -> Iterator[RowAnswer]:
        """What stands for an answer in rows without a question.

        Args:
            partition_key: Of the rows.
            fingerprint: The one that the rows count under: no model answered, so they mix no fingerprints.
        """
        for row_id in self._failed:
            answer = Answer(
                request_key="",
                fingerprint=fingerprint,
                enrichment=self._task.spec.name,
                partition_key=partition_key,
                row_id=row_id,
                status=FAILED,
                text="",
                finish_reason=PROMPT,
                model="",
                endpoint="",
                attempts=0,
                input_tokens=0,
                cached_tokens=0,
                output_tokens=0,
                cost_usd=0.0,
                latency_ms=0.0,
            )
            yield RowAnswer(row_id, answer, copied=False)
