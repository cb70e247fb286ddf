"""The defects planted in real text are repaired or found, and the text beside them is left alone."""

import unicodedata
from typing import Any

import polars as pl
import pytest

from enrichment_platform_tests.cleaning.conftest import applied, data_file, json_lines

Planted = dict[str, list[tuple[str, dict[str, Any]]]]
CHECKABLE = {"EMAIL_ADDRESS": 1.0, "CREDIT_CARD": 0.98, "IBAN_CODE": 1.0, "IP_ADDRESS": 1.0, "US_SSN": 1.0}


@pytest.mark.parametrize(
    ("defect", "name", "rows"),
    [
        ("mojibake", "fix_mojibake", 120),
        ("html", "html_to_text", 120),
        ("invisible_chars", "remove_invisible", 80),
        ("email_boilerplate", "strip_email", 80),
    ],
)
def test_damage_is_repaired_to_the_text_before_it(planted: Planted, defect: str, name: str, rows: int) -> None:
    # white space is compared collapsed: U+00A0 and the blanks beside a tag are that operation's matter
    got = applied("collapse_whitespace", applied(name, [text for text, _ in planted[defect]]))
    wanted = applied("collapse_whitespace", [what["clean_text"] for _, what in planted[defect]])
    assert len(got) == rows
    assert [number for number in range(rows) if got[number] != wanted[number]] == []


@pytest.mark.parametrize("name", ["fix_mojibake", "mask_pii", "strip_email"])
def test_texts_without_a_defect_do_not_change(planted: Planted, name: str) -> None:
    texts = [text for text, _ in planted["none"]]
    assert applied(name, texts) == texts


def test_invisible_characters_are_all_that_goes(planted: Planted) -> None:
    texts = [text for text, _ in planted["none"]]
    visible = [
        "".join(c for c in text.replace("\r\n", "\n") if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf"))
        for text in texts
    ]
    assert applied("remove_invisible", texts) == visible


@pytest.mark.parametrize(("defect", "name"), [("blank", "drop_blank"), ("repetition", "drop_repetition")])
def test_rows_without_content_are_found_and_no_others(planted: Planted, defect: str, name: str) -> None:
    texts = [text for text, _ in planted[defect]]
    missed = [text for text, detail in zip(texts, applied(name, texts), strict=True) if text.strip() and not detail]
    assert missed == []
    assert not any(applied(name, [text for text, _ in planted["none"]]))


def test_planted_pii_is_masked(planted: Planted) -> None:
    texts = applied("mask_pii", [text for text, _ in planted["pii"]])
    assert [what["type"] for text, (_, what) in zip(texts, planted["pii"], strict=True) if what["value"] in text] == []


def test_injection_is_found_without_false_alarms(planted: Planted) -> None:
    found = applied("quarantine_injection", [text for text, _ in planted["prompt_injection"]])
    # 19 of 30 as measured: the patterns were written blind and are not fitted to these payloads
    assert sum(detail is not None for detail in found) >= 19
    assert not any(applied("quarantine_injection", [text for text, _ in planted["none"]]))


@pytest.mark.parametrize(
    ("file", "column", "rows"),
    [
        ("complaints/complaints.csv", "narrative", 1_039),
        ("banking77/train.csv", "text", 10_003),
        ("banking77/test.csv", "text", 3_080),
    ],
)
def test_ordinary_texts_raise_no_alarm(file: str, column: str, rows: int) -> None:
    texts = pl.read_csv(data_file(file), infer_schema=False)[column].drop_nulls().to_list()
    assert len(texts) == rows
    for name in ("quarantine_injection", "drop_repetition", "drop_blank"):
        assert not any(applied(name, texts))


@pytest.mark.parametrize("kind", CHECKABLE)
def test_recall_of_identifiers_with_a_checkable_format(kind: str) -> None:
    rows = [row for row in json_lines("pii/pii.jsonl") if any(span["type"] == kind for span in row["spans"])]
    masked = applied("mask_pii", [row["text"] for row in rows])
    gone = [
        span["value"] not in text
        for row, text in zip(rows, masked, strict=True)
        for span in row["spans"]
        if span["type"] == kind
    ]
    assert sum(gone) / len(gone) >= CHECKABLE[kind]
