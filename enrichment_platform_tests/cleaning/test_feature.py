"""The one pass over the bytes finds the features that a plain reading of the text finds."""

import re

import polars as pl
import pytest
from ftfy.badness import is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.feature import INVISIBLE_RANGES, ODD_SPACES, Feature, features
from enrichment_platform_tests.cleaning.conftest import json_lines

PIECES = st.sampled_from(
    [*"<&#/!: .wWaZ\n\r\t19@", "\u00e9", "\u0301", "\u200b", "\u3000", "\u2028", "日", "😀", "Â", "œ", "\x85"]
)
WIDER = Feature.NOT_NFC | Feature.MOJIBAKE  # these may be shown by a text that needs nothing
TEXTS = st.lists(st.text() | st.lists(PIECES, max_size=8).map("".join), max_size=6)


def within(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def reading(text: str) -> Feature:
    odd = any(within(character, ODD_SPACES) for character in text)
    blank = re.search(r"\t|\r|  | \n|\n |\n\n\n|\A[ \n]|[ \n]\Z", text) is not None or odd
    wanted = {
        Feature.NOT_ASCII: not text.isascii(),
        Feature.MARKUP: re.search("<[A-Za-z/!]|&[A-Za-z#]", text),
        Feature.INVISIBLE: any(within(character, INVISIBLE_RANGES) for character in text),
        Feature.BLANKS: blank,
        Feature.LINES: re.search("[\r\n]", text),
        Feature.DIGITS: re.search("[0-9]", text),
        Feature.AT: "@" in text,
        Feature.LINK: re.search(r"://|[wW][wW]\.", text),
    }
    return Feature(sum(feature for feature, found in wanted.items() if found))


@given(texts=TEXTS)
@settings(max_examples=400)
def test_features_are_those_of_a_plain_reading(texts: list[str]) -> None:
    found = features(pl.Series("text", texts, dtype=pl.String))
    assert [Feature(int(flags) & ~WIDER) for flags in found] == [reading(text) for text in texts]


@given(text=st.text())
@settings(max_examples=400)
def test_a_text_that_is_not_nfc_is_never_missed(text: str) -> None:
    column = pl.Series("text", [text])
    if column.str.normalize("NFC")[0] != text:
        assert features(column)[0] & Feature.NOT_NFC


def test_composed_letters_ideographs_and_emoji_need_no_look() -> None:
    found = features(pl.Series("text", ["naïve café – “so”", "日本語", "한국어", "😀", "привет", "ñandú €"]))
    assert not (found & Feature.NOT_NFC).any()


@pytest.mark.parametrize("name", ["dirty_text/texts.jsonl"])
def test_features_of_real_texts_are_those_of_a_plain_reading(name: str) -> None:
    texts = [row["text"] for row in json_lines(name)]
    found = features(pl.Series("text", texts))
    differing = [n for n, text in enumerate(texts) if Feature(int(found[n]) & ~WIDER) != reading(text)]
    assert differing == []


SIGN_RANGES = ((0x80, 0x180), (0x390, 0x460), (0x2010, 0x2266))
SIGNS = [chr(code) for first, last in SIGN_RANGES for code in range(first, last)]


@given(
    text=st.lists(st.sampled_from(SIGNS) | st.sampled_from([*" aZ.,\n-", "\ufb01", "═", "│", "😀"]), max_size=6).map(
        "".join
    )
)
@settings(max_examples=2_000)
def test_no_text_that_ftfy_calls_bad_is_missed(text: str) -> None:
    if is_bad(text):
        assert features(pl.Series("text", [text]))[0] & Feature.MOJIBAKE


def test_every_pair_and_many_triples_that_ftfy_calls_bad_are_found() -> None:
    signs = [*SIGNS, "\ufb01", "═", "│", " ", "a", "Z", "."]
    texts = [first + second for first in signs for second in signs]
    texts += (
        [f"a {text}" for text in texts[::3]]
        + [f"{text} b" for text in texts[1::3]]
        + [f"{text}€" for text in texts[2::3]]
    )
    found = features(pl.Series("text", texts)) & int(Feature.MOJIBAKE)
    missed = [text for text, flag in zip(texts, found, strict=True) if not flag and is_bad(text)]
    assert missed == []


def test_plain_text_in_many_languages_is_no_suspect() -> None:
    plain = [
        "naïve café – “so”",
        "日本語のテキスト",
        "한국어",
        "привет, мир",
        "Größe 10 €",
        "ñandú año",
        "żółć",
        "שלום",
        "مرحبا",
    ]
    assert not (features(pl.Series("text", plain)) & int(Feature.MOJIBAKE)).any()


def test_nulls_and_empty_texts_have_none() -> None:
    assert features(pl.Series("text", [None, "", None], dtype=pl.String)).tolist() == [0, 0, 0]
    assert features(pl.Series("text", [], dtype=pl.String)).tolist() == []
