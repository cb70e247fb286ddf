"""The order of sending: rows with the same examples together, long ones first, rows that come back before new ones."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.inference.row import Row, first_request
from enrichment_platform.inference.task import Question
from enrichment_platform.inference.window import Window
from enrichment_platform_tests.inference.asking import TASK

SHARED = 1  # the system message
ROWS = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 50)), max_size=40)


def row(number: int, length: int, example: str = "") -> Row:
    shown = ({"role": "user", "content": example},) if example else ()
    messages = ({"role": "system", "content": "Quote."}, *shown, {"role": "user", "content": "x" * length})
    question = Question(f"row-{number}", messages)
    return Row(question, (f"key-{number}",), request=first_request(TASK, question), lease_key=f"key-{number}")


def drained(window: Window) -> list[Row]:
    return [window.pop() for _ in range(len(window))]


@given(ROWS)
def test_every_row_comes_out_once(rows: list[tuple[str, int]]) -> None:
    window = Window(SHARED)
    given_rows = [row(number, length, example) for number, (example, length) in enumerate(rows)]
    for one in given_rows:
        window.push(one)
    assert len(window) == len(rows)
    assert {id(one) for one in drained(window)} == {id(one) for one in given_rows}
    assert not window


@given(ROWS)
def test_rows_with_the_same_examples_are_neighbours_and_the_long_ones_are_first(rows: list[tuple[str, int]]) -> None:
    window = Window(SHARED)
    for number, (example, length) in enumerate(rows):
        window.push(row(number, length, example))
    out = drained(window)
    groups = [one.question.messages[SHARED:-1] for one in out]
    changes = sum(before != after for before, after in pairwise(groups))
    if out:
        assert changes == len({str(group) for group in groups}) - 1
    for before, after in pairwise(out):
        if before.question.messages[SHARED:-1] == after.question.messages[SHARED:-1]:
            assert before.size >= after.size


def test_rows_that_come_back_go_before_new_ones() -> None:
    window = Window(SHARED)
    window.push(row(1, 50))
    again = row(2, 10)
    window.push_back(again)
    assert window.pop() is again


def test_rows_can_be_taken_out_of_the_middle_and_the_order_of_the_rest_stays() -> None:
    window = Window(SHARED)
    for number, length in enumerate((5, 30, 20, 10)):
        window.push(row(number, length))
    assert [one.size for one in window.take(4, lambda one: one.size == 20)] == [20]
    assert window.take(4, lambda one: one.size > 100) == []
    assert [one.size for one in drained(window)] == [30, 10, 5]


@given(ROWS, st.integers(0, 10), st.integers(1, 50))
def test_taking_gives_the_first_rows_that_fit_and_leaves_the_others_in_their_place(
    rows: list[tuple[str, int]], wanted: int, shortest: int
) -> None:
    window, same = Window(SHARED), Window(SHARED)
    for number, (example, length) in enumerate(rows):
        one = row(number, length, example)
        window.push(one)
        same.push(one)
    order = drained(same)
    fits = [one for one in order if one.size >= shortest][:wanted]
    assert window.take(wanted, lambda one: one.size >= shortest) == fits
    assert drained(window) == [one for one in order if one not in fits]


def test_a_few_rows_are_taken_without_a_look_at_all() -> None:
    window = Window(SHARED)
    for number in range(1000):
        window.push(row(number, 5))
    looks = count(1)
    assert len(window.take(3, lambda _: next(looks) > 2)) == 3
    assert next(looks) == 6


def test_no_row_is_lost_where_the_choice_fails() -> None:
    window = Window(SHARED)
    window.push(row(1, 5))
    with pytest.raises(ZeroDivisionError):
        window.take(1, lambda _: 1 / 0 > 0)
    assert len(drained(window)) == 1


@pytest.mark.parametrize("leave", [Window.pop, lambda window: window.take(1, lambda _: True)])
def test_examples_that_no_waiting_row_has_take_no_memory(leave: Callable[[Window], object]) -> None:
    window = Window(SHARED)
    window.push(row(0, 5, "examples of 0"))

    def cycle(numbers: range) -> None:
        for number in numbers:
            window.push(row(number, 5, f"examples of {number}"))
            leave(window)

    cycle(range(1, 50))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        cycle(range(50, 2050))
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(window) == 1
    assert grown < 50_000, "25 bytes for each of 2,000 rows"
