"""Quotes: an exact span of the source is always located, one with a changed digit never is."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.grounding import Grounding, contains, ground

WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=8),
    st.integers(0, 99999).map(str),
    st.decimals(0, 99999, places=2).map(lambda d: f"${d:,}"),
    st.dates().map(str),
    st.sampled_from(["refund", "of", "order", "my", "the", "please", "paid", "Straße", "ΟΔΟΣ", "İstanbul"]),
)
SOURCES = st.lists(WORDS, min_size=3, max_size=40)


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, str]:
    words = draw(SOURCES)
    start = draw(st.integers(0, len(words) - 1))
    stop = draw(st.integers(start + 1, len(words)))
    return " ".join(words), " ".join(words[start:stop])


@given(spans())
def test_an_exact_span_of_the_source_is_located(case: tuple[str, str]) -> None:
    source, span = case
    assert ground(span, source) is Grounding.LOCATED
    assert contains(span, source)


@settings(max_examples=400)
@given(spans(), st.data())
def test_a_changed_digit_is_never_located(case: tuple[str, str], data: st.DataObject) -> None:
    source, span = case
    places = [i for i, character in enumerate(span) if character in "0123456789"]
    assume(places)
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from(sorted(set("0123456789") - {span[place]})))
    changed = span[:place] + digit + span[place + 1 :]
    runs = [m.group() for m in re.finditer(r"\d+", changed) if m.start() <= place < m.end()]
    assume(runs[0] not in re.findall(r"\d+", source))  # the changed number stands nowhere in the source
    assert ground(changed, source) is not Grounding.LOCATED


@pytest.mark.parametrize(
    ("span", "source", "expected"),
    [
        ("REFUND of $20", "a refund of $20 please", Grounding.LOCATED),
        ("asked for a refnd of $20", "I asked for a refund of $20 please", Grounding.LOCATED),
        ("asked for a refund of $200", "I asked for a refund of $20 please", Grounding.NUMBER_DIFFERS),
        ("asked for a refund of $200", "I asked for a refund of $20 on order 200", Grounding.NUMBER_DIFFERS),
        ("refund of $20", "a refund of $200 please", Grounding.NUMBER_DIFFERS),
        ("6 months already with no mater", "It took 6 months already with no matter", Grounding.LOCATED),
        (
            "7 months already with no mater",
            "It took 6 months already with no matter",
            Grounding.NUMBER_DIFFERS,
        ),
        ("without reason fr over 7", "be held without reason for over 7 days", Grounding.LOCATED),
        ("I paid 1200.50 for the lamp", "I paid $1,200.50 for the lamp", Grounding.LOCATED),
        ("asked for a refund of €20", "I asked for a refund of $20 please", Grounding.NUMBER_DIFFERS),
        ("asked for a refund of 20 EUR", "I asked for a refund of 20 USD please", Grounding.NUMBER_DIFFERS),
        ("asked for a refnd of $20", "I asked for a refund of 20 dollars", Grounding.LOCATED),
        ("asked for a refnd of 20", "I asked for a refund of $20 please", Grounding.LOCATED),
        ("something else entirely", "I asked for a refund of $20 please", Grounding.ABSENT),
        ("refnd", "refund", Grounding.ABSENT),
        ("short text and then a long invention that nobody wrote", "short text", Grounding.ABSENT),
        ("", "text", Grounding.ABSENT),
        ("text", "", Grounding.ABSENT),
    ],
)
def test_examples(span: str, source: str, expected: Grounding) -> None:
    assert ground(span, source) is expected
