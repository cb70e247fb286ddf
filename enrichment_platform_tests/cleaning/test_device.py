"""Texts on the device: which functions are called on which rows. The device is a stand-in: see its docstring."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from enrichment_platform.cleaning import device
from enrichment_platform.cleaning.device import DeviceText
from enrichment_platform.cleaning.device_pattern import DevicePattern
from enrichment_platform.errors import EnrichmentError, InputError
from enrichment_platform_tests.cleaning.device_fixture import stand_in
from enrichment_platform_tests.cleaning.pylibcudf_stand_in import pylibcudf

__all__ = ["stand_in"]
A = DevicePattern("a")
AS = DevicePattern("[aA]+", "replace")


def on_device(*texts: str | None) -> DeviceText:
    return DeviceText.from_series(pl.Series("text", texts, dtype=pl.String))


def back(text: DeviceText) -> list[str | None]:
    found: list[str | None] = text.to_series().to_list()
    return found


@pytest.mark.usefixtures("stand_in")
class TestOnTheStandIn:
    def test_a_column_comes_back_as_it_went(self) -> None:
        column = pl.Series("body", ["é", None, "", "a\nb"] * 3)[2:]
        there = DeviceText.from_series(column)
        assert len(there) == len(column)
        assert there.to_series("body").equals(column, check_names=True, check_dtypes=True)
        assert back(on_device()) == []
        assert back(on_device(None, None)) == [None, None]

    def test_nulls_match_nothing_and_stay_null(self) -> None:
        text = on_device("bab", None, "b")
        assert text.contains(A).to_series().to_list() == [True, False, False]
        assert (~text.contains(A) & text.is_there()).to_series().to_list() == [False, False, True]
        assert back(text.replace(AS, "")) == ["bb", None, "b"]
        assert text.chars_at_most(9).to_series().to_list() == [True, False, True]
        assert text.chars_above(0).to_series().to_list() == [True, False, True]
        assert back(text.nothing()) == [None, None, None]

    def test_lengths_are_of_characters_and_of_bytes(self) -> None:
        text = on_device("日本", "abc", "")
        assert text.chars_at_most(2).to_series().to_list() == [True, False, True]
        assert text.chars_above(2).to_series().to_list() == [False, True, False]
        assert text.bytes_above(3).to_series().to_list() == [True, False, False]
        assert text.chars_at_most(2**40).to_series().to_list() == [True, True, True]

    def test_a_replacement_is_taken_as_it_is(self) -> None:
        assert back(on_device("xAax").replace(AS, r"\1${0}")) == [r"x\1${0}x"]
        assert back(on_device("\r\n\r\r\n").replace_literal("\r\n", "\n")) == ["\n\r\n"]
        assert back(on_device(" \n a \n").strip(" \n")) == ["a"]

    def test_a_guard_cannot_be_replaced(self) -> None:
        with pytest.raises(ValueError, match="is a guard"):
            on_device("a").replace(A, "")

    def test_a_kernel_sees_the_rows_of_the_mask_alone(self) -> None:
        text, seen = on_device("a1", None, "b", "a2"), []

        def upper(rows: pl.Series) -> pl.Series:
            seen.append(rows.to_list())
            return rows.str.to_uppercase()

        assert back(text.on_host(text.contains(A), upper)) == ["A1", None, "b", "A2"]
        assert back(text.where(text.contains(A), lambda rows: rows.replace(AS, "_"))) == ["_1", None, "b", "_2"]
        assert seen == [["a1", "a2"]]

    def test_a_kernel_is_not_called_for_no_rows(self) -> None:
        def never(_: pl.Series) -> pl.Series:
            raise AssertionError

        assert back(on_device("b", None).on_host(on_device("b", None).contains(A), never)) == ["b", None]
        assert back(on_device().on_host(on_device().contains(A), never)) == []

    def test_rows_that_differ_are_told_from_those_that_do_not(self) -> None:
        other = on_device("a", None, None, "b")
        assert on_device("a", None, "c", "d").differs(other).to_series().to_list() == [False, False, True, True]

    def test_a_full_memory_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pylibcudf.strings.contains, "contains_re", failing(MemoryError("std::bad_alloc")))
        with pytest.raises(EnrichmentError, match="memory is full at a search; clean fewer rows"):
            on_device("a").contains(A)

    def test_a_failure_of_the_gpu_is_no_wrong_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(device, "why_no_gpu", lambda: None)
        monkeypatch.setattr(pylibcudf.strings.contains, "contains_re", failing(RuntimeError("CUDA error 700\nat x")))
        with pytest.raises(EnrichmentError, match="the GPU failed at a search: CUDA error 700; run it again") as raised:
            on_device("a").contains(A)
        assert not isinstance(raised.value, InputError)

    def test_a_gpu_that_is_not_there_is_named_as_such(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(device, "why_no_gpu", lambda: "the NVIDIA driver shows no GPU")
        monkeypatch.setattr(pylibcudf.strings.contains, "contains_re", failing(RuntimeError("no driver")))
        with pytest.raises(InputError, match=r"cannot be used: the NVIDIA driver shows no GPU; set `cleaning.engine"):
            on_device("a").contains(A)


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise error

    return fail
