"""Reading ahead in a thread: the same items, bounded, errors told, and no thread left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.lake.read_ahead import ReadAhead

pytestmark = pytest.mark.timeout(60)


class Source:
    """Numbers, with a note of how many were read, in which thread, and whether it was closed."""

    def __init__(self, count: int) -> None:
        self.count, self.read, self.closed = count, 0, False
        self.threads: set[int] = set()

    def __call__(self) -> Iterator[int]:
        try:
            for number in range(self.count):
                self.read += 1
                self.threads.add(threading.get_ident())
                yield number
        finally:
            self.closed = True


def settled(source: Source) -> int:
    """How many were read once the thread has to wait."""
    before = -1
    while source.read != before:
        before = source.read
        time.sleep(0.1)
    return source.read


@given(st.lists(st.integers()), st.integers(1, 4))
def test_the_items_are_those_of_the_source_in_order(items: list[int], ahead: int) -> None:
    with ReadAhead(iter(items), ahead) as taken:
        assert list(taken) == items


def test_the_next_items_are_read_in_another_thread_while_nobody_asks_and_no_more_than_that() -> None:
    source = Source(1000)
    with ReadAhead(source(), 2) as taken:
        assert next(taken) == 0
        assert settled(source) == 4, "one taken, two that wait, one in the thread's hands"
    assert source.threads.isdisjoint({threading.get_ident()})


def test_a_consumer_that_stops_early_ends_the_thread_and_closes_the_source() -> None:
    source, before = Source(1000), threading.active_count()
    with ReadAhead(source(), 1) as taken:
        next(taken)
        settled(source)
    assert source.closed
    assert source.read < 6
    assert threading.active_count() == before
    assert list(taken) == []


def test_an_error_of_the_source_is_raised_after_the_items_before_it() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ConnectionError("the bucket is gone")

    with ReadAhead(broken()) as taken:
        assert next(taken) == 1
        with pytest.raises(ConnectionError, match="the bucket is gone"):
            next(taken)
        assert list(taken) == []
