"""A text with a feature is found by the feature's pattern, so that the GPU skips no row that the CPU looks at."""

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.feature import Feature, by_code_point, features
from enrichment_platform.cleaning.feature_patterns import feature_pattern
from enrichment_platform.cleaning.parity_corpus import PIECES, nasty_texts

FEATURES = [feature for feature in Feature if feature]
PIECE = st.sampled_from([piece for kind in PIECES.values() for piece in kind])
TEXT = st.lists(PIECE | st.text(max_size=3), max_size=6).map("".join)


def missed(feature: Feature, texts: pl.Series) -> list[str]:
    """Texts that have the feature and that the pattern, as cuDF is given it, does not find; Python's `re` reads it."""
    found = re.compile(feature_pattern(feature).cudf)
    has = features(texts) & np.uint16(feature) != 0
    return [
        text for text, wanted in zip(texts.to_list(), has.tolist(), strict=True) if wanted and not found.search(text)
    ]


@pytest.mark.parametrize("feature", FEATURES)
@given(texts=st.lists(TEXT, min_size=1, max_size=8))
@settings(max_examples=100)
def test_no_text_with_a_feature_is_missed(feature: Feature, texts: list[str]) -> None:
    assert not missed(feature, pl.Series("text", texts))


@pytest.mark.parametrize("feature", FEATURES)
def test_none_of_the_nasty_texts_is_missed_by_either_spelling(feature: Feature) -> None:
    texts = nasty_texts().drop_nulls()
    assert not missed(feature, texts)
    has = pl.Series(features(texts) & np.uint16(feature) != 0)
    assert not (has & ~texts.str.contains(feature_pattern(feature).source)).any()


@pytest.mark.parametrize("feature", FEATURES)
def test_no_code_point_is_missed(feature: Feature) -> None:
    codes = np.flatnonzero(by_code_point() & np.uint16(feature)).tolist()
    found = re.compile(feature_pattern(feature).cudf)
    assert [hex(code) for code in codes if not 0xD800 <= code < 0xE000 and not found.search(chr(code))] == []


@pytest.mark.parametrize("feature", FEATURES)
def test_plain_words_are_not_found(feature: Feature) -> None:
    # A guard that finds every text would pass the tests above.
    assert feature_pattern(feature).cudf
    assert re.search(feature_pattern(feature).cudf, "My card was declined, please help me.") is None


def test_every_text_has_no_pattern() -> None:
    with pytest.raises(ValueError, match="every text"):
        feature_pattern(Feature.NONE)
