"""Each operation keeps to its examples, survives any text and is idempotent where it says so."""

import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning import operations
from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform_tests.cleaning.conftest import applied

NAMES = operations.__all__
CASES = [(name, *example) for name in NAMES for example in REGISTRY[name].examples]
PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<br>",
        "<script>",
        "</script>",
        "&lt;",
        "&amp;",
        "&nbsp;",
        "<!--",
        "-->",
        "--",
        "\n",
        "\r\n",
        "\t",
        ">",
        "On\xa0Mon",
        "wrote:",
        "From:",
        "Sent",
        "4111111111111111",
        "DE89370400440532013000",
        "192.0.2.1",
        "2001:db8::1",
        "540-28-3799",
        "(202)\xa0555-0119",
        "a@b.de",
        "+44",
        "0049",
        "â€™",
        "Ã©",
        "\u200b",
        "\u200d",
        "\x1b[0m",
        "é",
        "́",
        "\u202e",
        "\u2028",
        "\x85",
        "N/A",
        "[INST]",
        "[EMAIL]",
        "-",
        ":",
        ".",
        "12",
    ]
)
TEXTS = st.lists(st.none() | st.text() | st.lists(PIECES | st.text(max_size=3), max_size=20).map("".join), max_size=6)


@pytest.mark.parametrize(("name", "text", "wanted"), CASES)
def test_examples_hold(name: str, text: str | None, wanted: str | None) -> None:
    assert applied(name, [text]) == [wanted]


@pytest.mark.parametrize("name", NAMES)
def test_has_examples_and_a_docstring_and_works_on_empty_columns(name: str) -> None:
    operation = REGISTRY[name]
    assert len(operation.examples) >= 3
    assert operation.kernel.__doc__
    assert applied(name, []) == []
    assert applied(name, [None, None]) == [None, None]


@pytest.mark.parametrize("name", NAMES)
@given(texts=TEXTS)
@settings(max_examples=80)
def test_any_text_is_survived_row_by_row(name: str, texts: list[str | None]) -> None:
    operation = REGISTRY[name]
    once = applied(name, texts)
    assert len(once) == len(texts)
    assert [result for text in texts for result in applied(name, [text])] == once
    if operation.kind == "transform":
        assert [text is None for text in once] == [text is None for text in texts]
        if operation.idempotent:
            assert applied(name, once) == once


@given(text=st.text(min_size=0, max_size=400), most=st.integers(100, 200), head=st.floats(0, 1))
@settings(max_examples=100)
def test_truncated_text_fits(text: str, most: int, head: float) -> None:
    [cut] = applied("truncate_text", [text], max_chars=most, head_share=head)
    assert len(cut) <= most
    assert cut == text or len(text) > most


def test_kinds_of_pii_can_be_chosen() -> None:
    assert applied("mask_pii", ["a@b.de 192.0.2.1"], kinds=["ip"]) == ["a@b.de [IP]"]


def test_whitespace_can_be_one_line() -> None:
    assert applied("collapse_whitespace", ["a\nb", "a\r\n\n b"], keep_newlines=False) == ["a b", "a b"]


def test_filters_take_parameters() -> None:
    assert applied("min_length", ["abc", "abcd"], min_chars=4) == ["3 characters, fewer than 4", None]
    assert applied("drop_blank", ["tbd", "N/A"], placeholders=["TBD"]) == ["placeholder", None]
    assert applied("drop_repetition", ["ab " * 4], min_repeats=4, min_chars=5) != [None]


def test_column_of_a_large_frame_keeps_its_name_and_order() -> None:
    texts = [f"row {number}" + (" é" if number % 3 else "") for number in range(999)]
    result = REGISTRY["unicode_nfc"].kernel(pl.Series("body", texts))
    assert result.name == "body"
    assert result.to_list() == texts


@pytest.mark.parametrize(
    "unit", ["a@", "1", "1 ", "+1", "1:", "DE89", "<p ", "<script>", "&a;", "> x\n", "\n--\n", "Ã©"]
)
def test_time_grows_with_the_length_of_hostile_text_not_its_square(unit: str) -> None:
    text = unit * 40_000
    for name in NAMES:
        start = time.process_time()
        applied(name, [text])
        assert time.process_time() - start < 3, name  # the square takes over 20 s, the slowest was 0.2 s
