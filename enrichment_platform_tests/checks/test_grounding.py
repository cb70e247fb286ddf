"""Quotes: an exact span of the source is always located, one with a changed digit never is."""

from __future__ import annotations

import re
import time
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.dates import states_date
from enrichment_platform.checks.grounding import Grounding, contains, ground
from enrichment_platform.checks.numerals import states_number

WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=8),
    st.integers(0, 99999).map(str),
    st.decimals(0, 99999, places=2).map(lambda d: f"${d:,}"),
    st.dates().map(str),
    st.sampled_from(["refund", "of", "order", "my", "the", "please", "paid", "Straße", "ΟΔΟΣ", "İstanbul"]),
)
PIECES = [
    *("1", "12", "1,234.56", "1.234,5", "1.", "1,", ",", ".", "'", " ", "-", "(", "$", "€5", "k", " million"),
    *("٣٤٥", "²³", "½", "a", "e\u0301", "ß", "İ", "ﬃ", "\x00", "\n", "\ue000", "1e400", "2026-05-", "20260231"),
    *("0/0/0", "May", "3 May", "1" * 5000, "7 " * 800),
]
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


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.lists(st.sampled_from(PIECES), max_size=12))
def test_no_text_makes_any_of_them_raise(span: list[str], source: list[str]) -> None:
    quoted, text = "".join(span), "".join(source)
    assert isinstance(ground(quoted, text), Grounding)
    assert isinstance(contains(quoted, text), bool)
    assert isinstance(states_number(text, 3), bool)
    assert isinstance(states_date(text, date(2026, 5, 3)), bool)


@settings(max_examples=12)
@given(st.lists(st.sampled_from(PIECES[:-2]), min_size=1, max_size=4), st.sampled_from(["11", "1", "1,1", "1.1", "a1"]))
def test_no_text_takes_more_than_its_length_in_time(parts: list[str], value: str) -> None:
    text = ("".join(parts) * 10_000)[:10_000]
    start = time.process_time()
    contains(value, text)
    contains(text[: len(text) // 2] + value, text)
    ground(text[: len(text) // 2] + "x", text)
    states_number(text, 3)
    states_date(text, date(2026, 5, 3))
    assert time.process_time() - start < 2  # seconds; the square of the length took 15 and more


def test_a_long_quote_is_looked_for_piece_by_piece() -> None:
    words = ["lamp", "chair", "letter", "window", "bottle", "garden", "carpet", "pencil", "mirror", "kettle", "ladder"]
    source = " ".join(f"{words[n * n % 11]} {words[n % 7]} {n}" for n in range(600))
    quote = source[100:5000].replace("window", "windw", 2)
    assert ground(quote, source) is Grounding.LOCATED
    assert ground(quote.replace(" 77 ", " 7 "), source) is Grounding.NUMBER_DIFFERS
    invented = quote[:2000] + " and then something that nobody wrote anywhere" * 30 + quote[2000:]
    assert ground(invented, source) is Grounding.ABSENT


@pytest.mark.parametrize(
    ("value", "text", "there"),
    [
        ("11", "1" * 4000, False),
        ("11", "1" * 4000 + " 11", True),
        ("2.6.0", "version 2.6.0", True),
        (".6.0", "version 2.6.0", False),
        ("2.6.", "version 2.6.0", True),
        ("2.6", "version 2.6.0", True),
        ("200", "1,200 and 200", True),
        ("200", "1,200", False),
        ("x1", "x12 x1", True),
    ],
)
def test_a_value_is_not_a_piece_of_a_number(value: str, text: str, there: bool) -> None:
    assert contains(value, text) is there


@pytest.mark.parametrize(
    ("value", "text", "there"),
    [
        ("tens", "tensorflow before 2.6", False),
        ("tens", "tensorflow has tens of them", True),
        ("Paris", "in comparison", False),
        ("A", "Apache", False),
        ("Microsoft Wind", "Microsoft Windows", False),
        ("Elastic", "Elasticsearch", False),
        ("lamp", "two lamps", True),
        ("box", "two boxes", True),
        ("Paris", "Paris's mayor", True),
        ("PC", "all PCs", True),
        ("crash", "it crashed", True),
        ("Budapest", "Budapestről", True),
        ("flow", "TensorFlow", True),
        ("HTTP", "an HTTPServer", True),
        ("Windows", "Windows10", True),
        ("AB", "AB12", True),
        ("Rolls", "Rolls-Royce", True),
        ("name", "user_name", True),
        ("東京", "東京都庁", True),
        ("กรุงเทพ", "ในกรุงเทพมหานคร", True),
        ("서울", "서울에서", True),
        ("مصر", "ومصر", True),
    ],
)
def test_a_value_is_not_a_piece_of_a_word_but_may_have_an_ending_or_stand_in_a_compound(
    value: str, text: str, there: bool
) -> None:
    assert contains(value, text) is there


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
        (
            "2..1 and 2.3.1, models using it",
            "before versions 2.2.1 and 2.3.1, models using it",
            Grounding.NUMBER_DIFFERS,
        ),
        ("versions 2.2.1 an 2.3.1, models using", "before versions 2.2.1 and 2.3.1, models using", Grounding.LOCATED),
        ("and 2.3.1, model using it", "before versions 2.2.1 and 2.3.1, models using it", Grounding.LOCATED),
        ("something else entirely", "I asked for a refund of $20 please", Grounding.ABSENT),
        ("refnd", "refund", Grounding.ABSENT),
        ("short text and then a long invention that nobody wrote", "short text", Grounding.ABSENT),
        ("", "text", Grounding.ABSENT),
        ("text", "", Grounding.ABSENT),
    ],
)
def test_examples(span: str, source: str, expected: Grounding) -> None:
    assert ground(span, source) is expected
