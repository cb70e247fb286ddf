"""Parameters, real texts and awkward cases of the operations on addresses, boilerplate, alphabets and symbols."""

import re
import time
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.alphabet import ALPHABETS, alphabets_by_code_point, code_of
from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform.cleaning.operations.strip_boilerplate import BEGINNINGS, BOILERPLATE, SIGNED
from enrichment_platform_tests.cleaning.conftest import applied, data_file

Planted = dict[str, list[tuple[str, dict[str, Any]]]]
LINKS = st.sampled_from(
    [
        "http://",
        "https://",
        "ftp://",
        "www.",
        "a.de",
        "/x",
        "(",
        ")",
        "[",
        "](",
        "]",
        "<",
        ">",
        ".",
        ",",
        " ",
        "\n",
        '"',
    ]
)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("See https://user:pw@www.example.com:8080/a?b@c#d.", "See www.example.com."),
        ("(www.example.org/x), or ftp://f.example.com!", "(www.example.org), or f.example.com!"),
        ("http://192.0.2.1/a and http://例え.jp", "192.0.2.1 and 例え.jp"),
        ("[form](http://example.com)", "form"),
    ],
)
def test_hosts_of_addresses_can_be_kept(text: str, hosts: str) -> None:
    assert applied("strip_urls", [text], keep_host=True) == [hosts]
    assert applied("strip_urls", [hosts], keep_host=True) == [hosts]


def test_addresses_can_become_nothing_or_any_text() -> None:
    texts = ["a http://b.de/c d"]
    assert applied("strip_urls", texts, replacement="") == ["a  d"]
    assert applied("strip_urls", texts, replacement="$1 {url}") == ["a $1 {url} d"]


@given(text=st.lists(LINKS | st.text(max_size=3), max_size=20).map("".join))
@settings(max_examples=300)
def test_no_address_is_left_and_nothing_changes_without_one(text: str) -> None:
    [stripped] = applied("strip_urls", [text])
    assert applied("strip_urls", [stripped]) == [stripped]
    assert "http://a.de" not in stripped
    if "://" not in text and "www." not in text.lower():
        assert stripped == text


@pytest.mark.parametrize(
    "unit",
    [
        "http://(",
        "[a](http://b",
        '[a](http://b "',
        "www.",
        "http://a@",
        "ftp://a.",
        "(http://a",
        "![",
        "http://a.b/(c)",
    ],
)
def test_time_to_find_addresses_grows_with_the_text_not_its_square(unit: str) -> None:
    start = time.process_time()
    applied("strip_urls", [unit * 40_000])
    assert time.process_time() - start < 2  # the slowest was 0.1 s


def test_lines_with_own_phrases_go_in_any_case() -> None:
    text = "Refund me.\nSent with  ACME Mail today\nThanks"
    assert applied("strip_boilerplate", [text], phrases=["sent with acme mail"]) == ["Refund me.\nThanks"]
    assert applied("strip_boilerplate", [text], phrases=["", "refund", "sent", "THANKS"]) == [text]


@pytest.mark.parametrize(
    "line",
    [
        "To unsubscribe from this list, follow the link.",
        "Unsubscribe | Privacy policy",
        "If you no longer wish to receive these emails, tell us.",
        "You are receiving this e-mail because you signed up at our shop.",
        "Manage your email preferences",
        "Your call may be monitored or recorded for training.",
        "Calls may be recorded.",
        "DO NOT REPLY TO THIS EMAIL",
        "This is an automated message.",
        "This e-mail was sent from an unmonitored address.",
        "This mailbox is not monitored.",
        "View in browser",
        "View this email in your browser",
        "Having trouble viewing this email?",
        "Our website uses cookies.",
        "By continuing to use the site you agree to our use of cookies.",
        "Copyright © 2026 ACME",
        "ACME Inc., all rights reserved.",
        "Bitte antworten Sie nicht auf diese E-Mail.",
        "Merci de ne pas répondre à ce message.",
        "Por favor, no responda a este correo.",
        "Todos los derechos reservados.",
    ],
)
def test_known_boilerplate_goes_and_the_line_beside_it_stays(line: str) -> None:
    assert applied("strip_boilerplate", [f"My card was lost.\n{line}\nPlease help"]) == [
        "My card was lost.\nPlease help"
    ]


@given(
    sentence=st.from_regex(re.compile(r"\A" + BOILERPLATE.pattern, re.IGNORECASE)),
    before=st.sampled_from(["", "Hello. ", "Hello\n"]),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_guards_let_all_boilerplate_through(sentence: str, before: str) -> None:
    frame = pl.DataFrame({"text": [before + sentence]})
    assert frame.select(SIGNED, begins=pl.col("text").str.contains(BEGINNINGS)).row(0) == (True, True)


@pytest.mark.parametrize("name", ["strip_boilerplate", "max_symbols", "max_length"])
def test_real_texts_without_a_defect_are_left_alone(planted: Planted, name: str) -> None:
    complaints = pl.read_csv(data_file("complaints/complaints.csv"), infer_schema=False)["narrative"].drop_nulls()
    chats = pl.read_csv(data_file("banking77/test.csv"), infer_schema=False)["text"]
    texts = [*complaints, *chats, *(text for text, _ in planted["none"])]
    assert applied(name, texts) == (texts if REGISTRY[name].kind == "transform" else [None] * len(texts))


def test_alphabets_can_be_chosen() -> None:
    texts = ["Привет", "Γειά σου", "hello", "12", "こんにちは世界", "안녕하세요", "שלום", "नमस्ते", "สวัสดี", "مرحبا"]
    names = [["cyrillic"], ["greek"], ["latin"], ["latin"], ["kana", "han"], ["hangul"]]
    names += [["hebrew"], ["devanagari"], ["thai"], ["arabic"]]
    for text, own in zip(texts, names, strict=True):
        assert applied("keep_alphabets", [text], alphabets=own, min_share=1.0) == [None]
        found = applied("keep_alphabets", [text], alphabets=["ethiopic"])
        assert (found == [None]) == (text == "12")


def test_every_alphabet_has_letters_and_signs_have_none() -> None:
    table = alphabets_by_code_point()
    assert all((table == code_of(alphabet)).sum() > 30 for alphabet in ALPHABETS)
    assert not any(table[ord(sign)] for sign in "0 .µªº²→🙂٣ℝ")


def test_sentences_in_another_alphabet_are_found_and_no_others() -> None:
    sentences = pl.read_csv(data_file("multilingual/multilingual.csv"), infer_schema=False)
    flagged = pl.Series(applied("keep_alphabets", sentences["text"].to_list())).is_not_null()
    assert sentences.filter(flagged)["lang"].value_counts().rows() == [("ar", 150)]


def test_limits_of_filters_can_be_set() -> None:
    assert applied("max_length", ["äbc", "äbcd"], max_chars=3) == [None, "4 characters, more than 3"]
    assert applied("max_symbols", ["a!?"], max_share=0.5, min_chars=3) == ["2 of 3 characters are symbols"]
    assert applied("max_symbols", ["a!?"], max_share=0.7, min_chars=3) == [None]
