"""Any number of rows in bounded memory; a ledger that fails ends the run in one clear error, and nothing hangs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.progress import Progress
from enrichment_platform.inference.reader import CHUNK_ROWS, WINDOW_ROWS
from enrichment_platform.inference.row import RowAnswer
from enrichment_platform.inference.task import Question
from enrichment_platform_tests.inference.asking import (
    Watched,
    ask,
    key,
    ledger,
    questions,
    run,
    running,
    server,
    stream,
)
from enrichment_platform_tests.servers.ledgers import execute
from enrichment_platform_tests.servers.openai_server import RunningServer

__all__ = ["ledger", "running", "server"]
pytestmark = pytest.mark.timeout(120)


def test_of_50000_rows_no_more_than_a_window_is_open_at_once_and_each_is_emitted_once(
    server: RunningServer, ledger: Ledger
) -> None:
    rows, read, most = 50_000, [0], [0]
    emitted: set[str] = set()

    def asked() -> Iterator[Question]:
        for question in stream(rows):
            read[0] += 1
            most[0] = max(most[0], read[0] - len(emitted))
            yield question

    def emit(row: RowAnswer) -> None:
        assert row.row_id not in emitted
        emitted.add(row.row_id)

    progress = run(ledger, asked(), emit, Watched(server.url, max_concurrency=64), within_s=100)
    assert len(emitted) == progress.done == rows
    assert most[0] <= WINDOW_ROWS + CHUNK_ROWS


def test_rows_are_read_while_the_first_ones_are_asked(server: RunningServer, ledger: Ledger) -> None:
    server.behave({"latency_s": 0.02})
    seen = []

    def asked() -> Iterator[Question]:
        for question in stream(3000):
            seen.append(len(emitted))
            yield question

    emitted: list[RowAnswer] = []
    run(ledger, asked(), emitted.append, Watched(server.url, max_concurrency=64))
    assert seen[-1] > 0
    assert len(emitted) == 3000


def test_memory_does_not_grow_with_the_number_of_rows(server: RunningServer, ledger: Ledger) -> None:
    peaks = []
    for rows in (3_000, 24_000):
        tracemalloc.start()
        endpoint = Watched(server.url, max_concurrency=64)
        endpoint.requests = _Forgetful()
        run(ledger, stream(rows, start=100_000 * rows), lambda _: None, endpoint, within_s=150)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 180 bytes a row at most; how many wait in a window differs with what else is running.
    assert peaks[1] < 1.15 * peaks[0] + 3_300_000


class _Forgetful(list):  # type: ignore[type-arg]
    def append(self, _: object) -> None:
        pass


@pytest.mark.parametrize("how", ["closed", "broken"])
def test_a_ledger_that_fails_ends_the_run_in_one_clear_error_and_what_it_has_is_kept(
    server: RunningServer, tmp_path: Path, how: str
) -> None:
    server.behave({"latency_s": 0.01})
    url = f"sqlite:///{tmp_path}/ledger.db"
    broken: list[int] = []

    def fail(progress: Progress) -> None:
        if progress.asked > 50 and not broken:
            broken.append(progress.asked)
            if how == "closed":
                ledger.close()
            else:
                execute(url, "ALTER TABLE attempts RENAME TO elsewhere")

    emitted: list[RowAnswer] = []
    with Ledger(url) as ledger, pytest.raises(EnrichmentError) as caught:
        run(ledger, stream(2000), emitted.append, Watched(server.url), on_progress=fail, within_s=30)
    assert "ledger" in str(caught.value)
    assert "ticket number" not in str(caught.value)
    if how == "broken":
        execute(url, "ALTER TABLE elsewhere RENAME TO attempts")
    with Ledger(url) as again:
        known = again.answers(key(question) for question in stream(2000))
        assert {row.answer.request_key for row in emitted} <= set(known)
        before = server.stats()["answered"]
        server.behave({"latency_s": 0.0})
        assert {row.answer.status for row in ask(again, questions(2000), Watched(server.url))} == {"ok"}
        assert server.stats()["answered"] - before == 2000 - len(known)
