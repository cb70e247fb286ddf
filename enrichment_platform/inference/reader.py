"""Reads the questions of a batch as there is room for them, and finishes those that the ledger can answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from enrichment_platform.inference.row import Row, first_request
from enrichment_platform.inference.task import Question, request_key

if TYPE_CHECKING:
    from enrichment_platform.inference.batch import Batch

WINDOW_ROWS = 2048  # rows that are read but not answered: room to order them, and far more than any endpoint takes
WINDOW_CHARACTERS = 32_000_000
CHUNK_ROWS = 64  # rows looked up together
SLICE_S = 0.001  # rendering prompts holds up answers no longer than this and one prompt


class Reader:
    """Keeps the open rows by their key, so that equal ones are asked once."""

    def __init__(self, batch: Batch, questions: Iterable[Question]) -> None:
        self._batch = batch
        self._questions = iter(questions)
        self._open: dict[str, Row] = {}
        self._rows = 0  # open ones, with those that are equal to them
        self._characters = 0
        self._room = asyncio.Event()
        self.read_all = False

    def __len__(self) -> int:
        return self._rows

    async def run(self) -> None:
        """Until all is read, or the batch is stopped."""
        while not self._batch.stopped:
            chunk, self.read_all = self._next_chunk()
            if chunk:
                await self._take(chunk)
            if self.read_all:
                break
            await asyncio.sleep(0)
            while self._full() and not self._batch.stopped:
                self._room.clear()
                await self._room.wait()

    def wake(self) -> None:
        """Look again whether to go on."""
        self._room.set()

    def close(self, row: Row) -> None:
        """The row has ended, and the rows that are equal to it."""
        del self._open[row.keys[0]]
        self._rows -= 1 + len(row.twins)
        self._characters -= row.size
        if not self._full():
            self._room.set()

    def _full(self) -> bool:
        return self._rows >= WINDOW_ROWS or self._characters >= WINDOW_CHARACTERS

    def _next_chunk(self) -> tuple[list[Question], bool]:
        """Some questions, and whether they were the last; reading a question may render a prompt."""
        chunk: list[Question] = []
        until = time.monotonic() + SLICE_S
        for question in self._questions:
            chunk.append(question)
            if len(chunk) >= CHUNK_ROWS or time.monotonic() > until:
                return chunk, False
        return chunk, True

    async def _take(self, chunk: list[Question]) -> None:
        """Look the questions up; what is not answered is queued, once for all rows that are equal."""
        task, lanes = self._batch.job.task, self._batch.lanes
        new: list[Row] = []
        for question in chunk:
            keys = tuple(request_key(lane.fingerprint, question) for lane in lanes)
            twin = self._open.get(keys[0])
            self._rows += 1
            if twin is not None:
                twin.twins.append(question.row_id)
                continue
            # One lease for all endpoints: another process may reach others of them than this one does.
            row = Row(question, keys, first_request(task, question), request_key(task.version, question))
            self._open[keys[0]] = row
            self._characters += row.size
            new.append(row)
        known = await asyncio.to_thread(self._batch.job.ledger.answers, [key for row in new for key in row.keys])
        for row in new:
            stored = next((known[key] for key in row.keys if key in known), None)
            if stored is not None:
                self._batch.finish(row, stored, None, asked=False)
            else:
                self._batch.queue(row)
        self._batch.wake()
