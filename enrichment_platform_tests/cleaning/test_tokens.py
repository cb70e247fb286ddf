"""Estimated tokens are near a real tokenizer's, the same from both engines, and a budget of them is kept."""

from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning import tokens
from enrichment_platform.cleaning.tokens import estimated_tokens, estimated_tokens_expr
from enrichment_platform_tests.cleaning.conftest import applied

# Counts of 359 texts (no text is kept) and what o200k_base made of each.
COUNTS = pl.read_csv(Path(__file__).with_name("token_counts.csv"))
PIECES = st.text() | st.sampled_from(
    ["word ", "12345", "7", "...", "-", "é", "日本語", "한국", "שלום", "🙂", "\n", " "]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def _from_counts() -> pl.DataFrame:
    weights = {
        "bytes": tokens.PER_BYTE,
        "words": tokens.PER_WORD,
        "digits": tokens.PER_DIGITS,
        "punctuation": tokens.PER_PUNCTUATION,
        "cjk": tokens.PER_CJK,
        "semitic": tokens.PER_SEMITIC,
    }
    weighed = pl.sum_horizontal(pl.col(name) * weight for name, weight in weights.items()) + tokens.BASE
    error = (weighed / tokens.UNIT - pl.col("o200k_base")).abs() / pl.col("o200k_base")
    return COUNTS.with_columns(error=error)


def test_estimate_is_near_a_tokenizer_in_many_languages() -> None:
    errors = _from_counts()
    by_language = errors.group_by("lang").agg(pl.col("error").median())
    assert by_language.height == 26
    assert by_language.filter(pl.col("error") > 0.25).is_empty()
    assert errors["error"].median() < 0.1
    assert errors.filter(lang="en")["error"].median() < 0.08


def test_whole_words_weigh_what_the_table_of_counts_says() -> None:
    text = "Order 12345: 3 x 日本 שלום"
    row = {"bytes": len(text.encode()), "words": 2, "digits": 3, "punctuation": 1, "cjk": 2, "semitic": 4}
    weights = (tokens.PER_BYTE, tokens.PER_WORD, tokens.PER_DIGITS, tokens.PER_PUNCTUATION, tokens.PER_CJK)
    wanted = sum(a * b for a, b in zip(row.values(), (*weights, tokens.PER_SEMITIC), strict=True)) + tokens.BASE
    assert estimated_tokens(pl.Series([text])).to_list() == [round(wanted / tokens.UNIT)]


@given(texts=st.lists(st.none() | TEXTS, max_size=6))
@settings(max_examples=200)
def test_compiled_estimate_equals_the_expression(texts: list[str | None]) -> None:
    column = pl.Series("text", texts, dtype=pl.String)
    wanted = column.to_frame().select(estimated_tokens_expr("text"))["text"]
    found = estimated_tokens(column)
    assert found.dtype == pl.Int32
    assert found.equals(wanted, null_equal=True)


@given(text=TEXTS.map(lambda text: text * 5), most=st.integers(50, 120), head=st.floats(0, 1))
@settings(max_examples=200)
def test_cut_text_keeps_its_ends_and_the_budget(text: str, most: int, head: float) -> None:
    [cut] = applied("truncate_tokens", [text], max_tokens=most, head_share=head)
    before, after = estimated_tokens(pl.Series([text, cut]))
    assert after <= most
    if before <= most:
        assert cut == text
        return
    first, rest = cut.split("\n[... about ", 1)
    number, last = rest.split(" tokens cut ...]\n", 1)
    assert text.startswith(first)
    assert text.endswith(last)
    missing = text[len(first) : len(text) - len(last)]
    assert abs(int(number) - estimated_tokens(pl.Series([missing]))[0]) <= 1


def test_cut_falls_between_words() -> None:
    words = [f"word{number}" for number in range(4_000)]
    [cut] = applied("truncate_tokens", [" ".join(words)], max_tokens=500)
    left = cut.replace("\n[... about ", " ").replace(" tokens cut ...]\n", " ").split()
    assert len([word for word in left if word not in words]) == 1  # the number
    assert 450 <= estimated_tokens(pl.Series([cut]))[0] <= 500
