"""The nasty texts are what they say, and the CPU kernels survive them row by row."""

import unicodedata

import polars as pl
import pytest

from enrichment_platform.cleaning import operations
from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform.cleaning.parity_corpus import LONG_CHARS, PIECES, nasty_texts


def test_they_are_the_same_each_time_and_others_for_another_seed() -> None:
    assert nasty_texts().equals(nasty_texts(), check_names=True)
    assert not nasty_texts().equals(nasty_texts(6))


def test_every_block_is_there() -> None:
    # Blocks begin and end at multiples of 16: where any of 16 is a character, one of the 16 must be in a text.
    held = {ord(character) // 16 for text in nasty_texts().drop_nulls() for character in text}
    known = {code // 16 for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")}
    assert known - held == set()


def test_nulls_empty_and_long_texts_and_every_piece_are_there() -> None:
    texts = nasty_texts()
    assert texts[0] is None
    assert texts[-1] is None
    assert 100 < texts.null_count() < len(texts) // 10
    assert (texts == "").any()
    assert (texts.str.len_chars() >= LONG_CHARS).sum() >= 10
    assert {piece for kind in PIECES.values() for piece in kind} <= set(texts)


@pytest.mark.parametrize("name", operations.__all__)
def test_a_text_becomes_the_same_whatever_stands_beside_it(name: str) -> None:
    operation, texts = REGISTRY[name], nasty_texts()
    whole = operation.kernel(texts).cast(pl.String)
    parts = [operation.kernel(texts[start : start + 777]).cast(pl.String) for start in range(0, len(texts), 777)]
    assert pl.concat(parts).equals(whole)
    assert operation.kernel(texts.reverse()).cast(pl.String).reverse().equals(whole)
    if operation.kind == "transform":
        assert whole.is_null().equals(texts.is_null())
