"""The repair is ftfy's, to the character, and its test for mojibake finds what ftfy's finds."""

import ftfy
import polars as pl
import pytest
from ftfy.badness import is_bad
from ftfy.chardata import ALTERED_UTF8_RE, LOSSY_UTF8_RE, UTF8_CLUES, UTF8_DETECTOR_RE
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.operations.fix_mojibake import DETECTOR, bad, fix_mojibake, is_special
from enrichment_platform_tests.cleaning.conftest import json_lines

WRONG = ["cp1252", "latin-1", "cp1251", "cp1250", "cp1253", "cp1254", "cp1257", "iso-8859-2", "mac-roman", "cp437"]
PIECES = st.sampled_from(
    [
        "café ",
        "naïve – “so” ",
        "Größe 10 € ",
        "日本 ",
        "привет ",
        "à ",
        "Â ",
        "Ã ",
        "œuvre ",
        "\x1a",
        "\x85",
        "\ufffd",
        "�",
        " ",
        "?",
        "a",
    ]
)


def broken(text: str, encodings: list[str]) -> str:
    for encoding in encodings:
        text = text.encode("utf-8").decode(encoding, errors="replace")
    return text


TEXTS = st.lists(
    st.builds(
        broken,
        st.lists(PIECES | st.text(max_size=4), max_size=5).map("".join),
        st.lists(st.sampled_from(WRONG), max_size=3),
    ),
    max_size=4,
).map("".join)


@given(texts=st.lists(st.none() | TEXTS, max_size=8))
@settings(max_examples=400)
def test_any_text_is_repaired_as_ftfy_repairs_it(texts: list[str | None]) -> None:
    found = fix_mojibake(pl.Series("text", texts, dtype=pl.String)).to_list()
    assert found == [None if text is None else ftfy.fix_encoding(text) for text in texts]


@given(texts=st.lists(TEXTS, max_size=8))
@settings(max_examples=200)
def test_what_is_bad_for_ftfy_is_bad_for_the_pattern(texts: list[str]) -> None:
    found = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)}).select(bad().alias("bad"))["bad"].to_list()
    assert found == [bool(is_bad(text)) for text in texts]


CLUES = sorted(set("".join(UTF8_CLUES.values())) | set("ab \n"))


@given(text=TEXTS | st.text(st.sampled_from(CLUES), max_size=20))
@settings(max_examples=1_000)
def test_the_detector_finds_what_that_of_ftfy_finds(text: str) -> None:
    found = [match.span() for match in DETECTOR.finditer(text)]
    assert found == [match.span() for match in UTF8_DETECTOR_RE.finditer(text)]


OCTETS = st.sampled_from(
    [0x1A, 0x20, 0x3F, 0x41, 0x80, 0x85, 0xA0, 0xB0, 0xC2, 0xC3, 0xD0, 0xE0, 0xE2, 0xE4, 0xF0, 0xF4]
)


@given(octets=st.lists(OCTETS, max_size=8).map(bytes) | st.binary(max_size=8))
@settings(max_examples=1_000)
def test_bytes_that_ftfy_repairs_are_left_to_it(octets: bytes) -> None:
    repaired = ALTERED_UTF8_RE.search(octets) or LOSSY_UTF8_RE.search(octets) or b"\xed" in octets or b"\xc0" in octets
    assert is_special(octets) == bool(repaired)


@pytest.mark.parametrize("name", ["dirty_text/texts.jsonl", "advisories/pysec.jsonl", "citations/citations.jsonl"])
def test_real_texts_are_repaired_as_ftfy_repairs_them(name: str) -> None:
    texts = [row["text"] for row in json_lines(name)]
    found = fix_mojibake(pl.Series("text", texts)).to_list()
    differing = [number for number, text in enumerate(texts) if found[number] != ftfy.fix_encoding(text)]
    assert differing == []
