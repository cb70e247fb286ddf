"""A text without the features that html_to_text needs is one that it would leave as it is."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.feature import Feature, features
from enrichment_platform.cleaning.operations.html_to_text import html_to_text
from enrichment_platform_tests.cleaning.conftest import json_lines

PIECES = st.sampled_from(
    [
        *(
            "<",
            ">",
            "</",
            "<!",
            "<!--",
            "-->",
            "<!DOCTYPE",
            "&",
            "&#",
            "#",
            ";",
            "x41",
            "65",
            "/",
            "b",
            "B",
            "br",
            "td",
        ),
        *("p", "script", "amp", "lt", "nbsp", " ", "\n", "\r\n", "\t", "=", '"', "'", "<3", "&é;", "<é>", "\u200b"),
        *("<b>", "</p>", "&amp;", "&#65;"),
    ]
)


@given(text=st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join))
@settings(max_examples=2_000)
def test_no_text_that_it_changes_lacks_the_feature_it_needs(text: str) -> None:
    column = pl.Series("text", [text])
    if html_to_text(column)[0] != text:
        assert features(column)[0] & Feature.MARKUP


@pytest.mark.parametrize("name", ["dirty_text/texts.jsonl", "advisories/pysec.jsonl"])
def test_no_real_text_that_it_changes_lacks_the_feature_it_needs(name: str) -> None:
    column = pl.Series("text", [row["text"] for row in json_lines(name)])
    changed = (html_to_text(column) != column).to_numpy()
    assert (features(column)[changed] & Feature.MARKUP).all()
