"""The quick look for signs of mail misses no text that the rules would change."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.feature import Feature, features
from enrichment_platform.cleaning.operations.strip_email import _stripped, strip_email
from enrichment_platform_tests.cleaning.conftest import json_lines

LINES = st.sampled_from(
    [
        "From: Jane <j@example.com>",
        "To: x",
        "Cc : y",
        "Subject: help",
        "X-Mailer: z",
        "\tfolded",
        "À : Paul",
        "On Mon, 5 Jan 2026, Support wrote:",
        "> On Monday support wrote :  ",
        "Am Montag schrieb Jane Doe <j@example.com>:",
        "Op maandag schreef Jan:",
        "El lunes Ana escribió:",
        "-----Original Message-----",
        "> --- Forwarded message ---",
        "Begin forwarded message:",
        "-- ",
        "--",
        "---",
        "Sent from my iPhone",
        "  Von meinem iPhone gesendet",
        "Get Outlook for iOS",
        "> quoted",
        "CONFIDENTIALITY NOTICE: This e-mail is",
        "> this message is intended only for the addressee",
        "The information contained in this e-mail is confidential",
        "If you have received this message in error, delete it",
        "legal notice",
        "It broke.",
        "",
        " ",
        "\r",
        "Sent from",
        "wrote:",
    ]
)
TEXTS = st.lists(LINES | st.text(max_size=8), max_size=9).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\n\n"]).map(lambda join: join.join(lines))
)


@given(text=TEXTS)
@settings(max_examples=1_500)
def test_no_text_that_the_rules_change_is_passed_over(text: str) -> None:
    assert strip_email(pl.Series("text", [text]))[0] == _stripped(text)
    if _stripped(text) != text:
        assert features(pl.Series("text", [text]))[0] & Feature.LINES


@pytest.mark.parametrize("name", ["dirty_text/texts.jsonl", "advisories/pysec.jsonl"])
def test_real_texts_are_stripped_by_the_rules_alone(name: str) -> None:
    texts = [row["text"] for row in json_lines(name)]
    assert strip_email(pl.Series("text", texts)).to_list() == [_stripped(text) for text in texts]
