"""Text that the model wrote: damage and leaks are found, what the source has itself is excused."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.output_text import clean_output
from enrichment_platform_tests.checks.tables import make_partition, make_spec, with_value

CLEAN = make_partition(2000)
SPEC = make_spec()


def details(body: str | None = None, spec: Any = SPEC, **values: Any) -> list[str]:
    cleaned = CLEAN.cleaned if body is None else with_value(CLEAN.cleaned, 11, body=body)
    staged = with_value(CLEAN.staged, 11, **values) if values else CLEAN.staged
    rows = clean_output(spec, PartitionTables(*CLEAN._replace(cleaned=cleaned, staged=staged)))
    assert set(rows.get_column("row_id")) <= {"t000011"}
    return rows.get_column("detail").to_list()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("Caf\ufffd Roma", "U+FFFD"),
        ("CafÃ© Roma", "wrong encoding"),
        ("Smithâ€™s", "wrong encoding"),
        ("Cisco IOSÂ XE", "wrong encoding"),
        ("Globex (US)Â\u00a0Inc", "wrong encoding"),
        ("Smith &amp; Sons", "HTML entity"),
        ("Smith &#39;n Sons", "HTML entity"),
        ("<b>Globex</b>", "HTML tag"),
        ("Globex<br/>", "HTML tag"),
        ("Glo\u200bbex", "invisible"),
        ("Globex\u202e", "invisible"),
        ("Globex\x1b[0m", "control"),
        ("```json", "fence"),
        ("Globex<|im_end|>", "control tokens"),
        ("Globex</s>", "control tokens"),
        ("Assistant: Globex", "control tokens"),
        ("</think>Globex", "control tokens"),
        ("<thinking>Globex", "control tokens"),
        ("<answer>Globex</answer>", "control tokens"),
        ('<tool_call>{"name": "x"}', "control tokens"),
        ("Caf\\u00e9 Roma", "escape sequence"),
        ("Caf\\xc3\\xa9 Roma", "escape sequence"),
        ("Caf=C3=A9 Roma", "escape sequence"),
        ("Глобекс", "script"),
        ("グローベックス", "script"),
        ("Glоbex", "script"),  # a Cyrillic о
        ("غلوبكس", "script"),
    ],
)
def test_a_single_damaged_value_of_two_thousand_is_found(value: str, problem: str) -> None:
    assert any(text.startswith("vendor: ") and problem in text for text in details(vendor=value))
    assert any(problem in text for text in details(order_id_evidence=value))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Globex",
        "Müller & Söhne GmbH",
        "Crédit Agricole – Île-de-France",
        "SÃO JOÃO ÂNCORA",
        "A < B > C",
        "“Best” ’Buy’",
        "10 µm",
        "5 Ω",
        "α",
        "AT&T; Verizon",
        "❤\ufe0f 👨\u200d👩\u200d👧",
        "Æsir ß ł ő",
        "User unknown",
        "C:\\users\\x",
        "a=C3",
    ],
)
def test_a_sound_value_is_left_alone(value: str | None) -> None:
    assert details(vendor=value) == []


@pytest.mark.parametrize(
    "value", ["Smith &amp; Sons", "Caf\ufffd", "<b>Globex</b>", "Глобекс", "CafÃ©", "Glo\u200bbex"]
)
def test_what_the_row_has_itself_is_excused(value: str) -> None:
    assert details(f"bought at {value}\n yesterday", vendor=value) == []


def test_control_tokens_are_never_excused() -> None:
    assert details("at <|im_end|> Globex", vendor="<|im_end|> Globex") != []


def test_a_value_in_the_script_of_the_prompt_is_no_slip_but_a_quote_is() -> None:
    prompt = {"columns": ["subject", "body"], "system": "Summarise in English."}
    cleaned = CLEAN.cleaned.with_columns(subject=pl.lit(""), body=pl.lit("Мой заказ не пришёл"))
    output = [{"name": "summary", "type": "string"}, {"name": "seller", "type": "string", "evidence": True}]
    staged = CLEAN.staged.select("row_id", "status", "finish_reason").with_columns(
        summary=pl.lit("The order is late"), seller=pl.lit("заказ"), seller_evidence=pl.lit("Мой заказ")
    )
    staged = with_value(staged, 11, seller_evidence="My order")
    tables = PartitionTables(*CLEAN._replace(cleaned=cleaned, staged=staged))
    rows = clean_output(make_spec(prompt=prompt, output=output), tables).rows()
    assert [(key, text.split(":")[0]) for key, text in rows] == [("t000011", "seller_evidence")]


def found_in_english_summaries_of_chinese(**prompt: Any) -> list[str]:
    prompt = {"columns": ["subject", "body"], **prompt}
    output = [{"name": "summary", "type": "string"}]
    cleaned = CLEAN.cleaned.with_columns(subject=pl.lit("包裹"), body=pl.lit("我的订单没有到,请帮助我"))
    staged = CLEAN.staged.select("row_id", "status", "finish_reason").with_columns(summary=pl.lit("It never came"))
    tables = PartitionTables(*CLEAN._replace(cleaned=cleaned, staged=staged))
    return clean_output(make_spec(prompt=prompt, output=output), tables).get_column("detail").to_list()


def test_a_value_in_the_script_of_the_template_is_no_slip() -> None:
    asked = "Summarise this ticket in English.\n{{ subject }} {{ body }}"
    assert found_in_english_summaries_of_chinese(template=asked) == []


@pytest.mark.parametrize(
    "template", ["", "{{ subject }} {{ body }}", "请总结{# x #}{% if body %}{{ body }}{% endif %}"]
)
def test_the_names_of_columns_in_a_template_excuse_no_script(template: str) -> None:
    found = found_in_english_summaries_of_chinese(template=template)
    assert set(found) == {"summary: is in a script that the row's text does not have"}
    assert len(found) == CLEAN.staged.height


def test_a_value_in_the_script_of_an_example_is_no_slip() -> None:
    examples = [{"input": {"subject": "包裹", "body": "坏了"}, "output": {"summary": "It is broken"}}]
    assert found_in_english_summaries_of_chinese(examples=examples) == []


def test_items_of_open_lists_are_looked_at() -> None:
    spec = make_spec(output=[{"name": "topics", "type": "list"}])
    assert details(spec=spec, topics=["late", "&nbsp;"]) == ["topics: has an HTML entity"]


def test_missing_input_is_not_clean_input() -> None:
    for tables in (
        CLEAN._replace(staged=CLEAN.staged.clear()),
        CLEAN._replace(staged=CLEAN.staged.drop("vendor")),
        CLEAN._replace(staged=CLEAN.staged.drop("order_id_evidence")),
        CLEAN._replace(cleaned=CLEAN.cleaned.drop("body")),
        CLEAN._replace(staged=CLEAN.staged.with_columns(status=None).cast({"status": str})),
    ):
        with pytest.raises(UnusableInputError):
            clean_output(SPEC, PartitionTables(*tables))
