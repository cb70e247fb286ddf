"""The order of sending: rows with the same examples together, long ones first, rows that come back before new ones."""

from __future__ import annotations

from itertools import pairwise

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
    return Row(question, (f"key-{number}",), first_request(TASK, question))


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
    assert [one.size for one in window.take(lambda one: one.size == 20)] == [20]
    assert window.take(lambda one: one.size > 100) == []
    assert [one.size for one in drained(window)] == [30, 10, 5]
