"""Equal columns have equal hashes whatever their layout, other columns other ones, and a difference is named by row."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.cleaning import device
from enrichment_platform.cleaning.device import DeviceText
from enrichment_platform.cleaning.operation import REGISTRY, Operation, operation
from enrichment_platform.cleaning.parity import column_hash, compare_frames, compare_operation
from enrichment_platform.cleaning.parity_corpus import nasty_texts
from enrichment_platform.cleaning.parity_tail import compare_tail, tail_plan
from enrichment_platform_tests.cleaning.device_fixture import stand_in

__all__ = ["stand_in"]
TEXTS = st.lists(st.none() | st.text(max_size=4), max_size=6)


@given(first=TEXTS, second=TEXTS)
def test_hashes_are_equal_exactly_where_texts_are(first: list[str | None], second: list[str | None]) -> None:
    one, other = pl.Series(first, dtype=pl.String), pl.Series(second, dtype=pl.String)
    assert (column_hash(one) == column_hash(other)) == (first == second)


@given(texts=TEXTS, before=TEXTS)
def test_slices_and_chunks_do_not_count(texts: list[str | None], before: list[str | None]) -> None:
    column = pl.Series(texts, dtype=pl.String)
    sliced = pl.Series([*before, *texts], dtype=pl.String)[len(before) :]
    chunked = pl.concat([column[:1], column[1:]], rechunk=False)
    assert column_hash(sliced) == column_hash(chunked) == column_hash(column)


def test_what_lies_under_a_null_does_not_count() -> None:
    hidden = pl.DataFrame({"text": ["a", "b"], "keep": [True, False]}).select(pl.when("keep").then("text"))["text"]
    assert column_hash(hidden) == column_hash(pl.Series(["a", None]))
    assert column_hash(hidden) != column_hash(pl.Series(["a", ""]))


def test_numbers_and_times_are_compared_too_and_types_count() -> None:
    numbers = pl.Series([1, None, 3])
    assert column_hash(numbers) != column_hash(numbers.cast(pl.Int32))
    assert column_hash(numbers) != column_hash(pl.Series([1, 0, 3]))
    assert column_hash(pl.Series([True, None])) != column_hash(pl.Series([True, False]))
    assert column_hash(numbers.cast(pl.Datetime("us"))) != column_hash(numbers.cast(pl.Datetime("ms")))
    with pytest.raises(TypeError, match="cannot be compared"):
        column_hash(pl.Series([[1]]))


def test_frames_that_differ_name_the_columns_and_rows() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    assert compare_frames("tail", frame, frame.clone()).same
    other = compare_frames("tail", frame, frame.with_columns(b=pl.Series(["x", "", "z"])))
    assert (other.same, other.different_rows, other.problem) == (False, [1], "columns b")
    assert compare_frames("tail", frame, frame.head(2)).problem == "3 rows on the CPU, 2 on the GPU"
    assert compare_frames("tail", frame, frame.select("b", "a")).problem == "other columns"


@pytest.mark.usefixtures("stand_in")
def test_a_kernel_that_gives_the_same_is_said_to(two: Callable[..., Operation]) -> None:
    found = compare_operation(two(lambda text: text), pl.Series("text", ["a", None, "b"]))
    assert (found.same, found.rows, found.different_rows, found.problem) == (True, 3, [], "")
    assert found.cpu_mb_per_second is not None
    assert found.gpu_mb_per_second is not None


@pytest.mark.usefixtures("stand_in")
def test_a_kernel_that_differs_is_named_by_rows_and_not_by_text(two: Callable[..., Operation]) -> None:
    found = compare_operation(two(lambda text: text.strip("s")), pl.Series("text", ["a", None, "secret"]))
    assert (found.same, found.different_rows) == (False, [2])
    assert "ecret" not in str(found)


@pytest.mark.usefixtures("stand_in")
def test_a_kernel_that_fails_its_examples_or_raises_is_told(two: Callable[..., Operation]) -> None:
    def broken(_: DeviceText) -> DeviceText:
        raise KeyError("secret")

    nothing = compare_operation(two(lambda text: text.nothing()), pl.Series("text", [None], dtype=pl.String))
    assert (nothing.same, nothing.problem) == (False, "the GPU kernel does not give what the examples say")
    raised = compare_operation(two(broken), pl.Series("text", ["a"]))
    assert (raised.same, raised.problem) == (False, "it raised KeyError")


def test_the_tail_runs_on_the_cpu_and_where_no_gpu_is_it_is_no_parity() -> None:
    texts = nasty_texts().head(500)
    frame = tail_plan(texts).collect()
    assert frame["text"].equals(texts)
    assert {"tier", "balance", "estimated_tokens", "prefix_group", "duplicate_of"} <= set(frame.columns)
    if device.gpu_visible() is None:
        found = compare_tail(texts)
        assert not found.same
        assert found.problem.startswith("on the GPU it raised ")


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Operation]:
    """An operation that leaves texts as they are on the CPU, and does what is asked for on the GPU."""

    def make(gpu: Callable[..., Any]) -> Operation:
        monkeypatch.delitem(REGISTRY, "as_is", raising=False)

        @operation(version=1, gpu=gpu, examples=[("a", "a")])
        def as_is(column: pl.Series) -> pl.Series:
            return column

        return REGISTRY["as_is"]

    monkeypatch.setitem(REGISTRY, "as_is", REGISTRY["unicode_nfc"])  # so that it is taken out again
    return make
