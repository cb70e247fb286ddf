"""The compiled search leaves out only what the finders would not find."""

import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.feature import Feature, features
from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform.cleaning.pii import candidates
from enrichment_platform_tests.cleaning.conftest import applied, data_file, json_lines
from enrichment_platform_tests.cleaning.pii.conftest import NEAR_PII, NUMBER_LIKE, masked_everywhere


@given(texts=st.lists(st.none() | NEAR_PII | NUMBER_LIKE, max_size=8))
@settings(max_examples=400)
def test_a_column_is_masked_as_each_text_with_every_position_looked_at(texts: list[str | None]) -> None:
    assert applied("mask_pii", texts) == [None if text is None else masked_everywhere(text) for text in texts]


@given(text=NEAR_PII | NUMBER_LIKE)
@settings(max_examples=400)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = applied("mask_pii", [text])
    assert applied("mask_pii", once) == once


@given(text=NEAR_PII)
@settings(max_examples=200)
def test_a_text_that_changes_has_a_needed_feature(text: str) -> None:
    needs = int(REGISTRY["mask_pii"].needs)
    assert needs == Feature.DIGITS | Feature.AT | Feature.NOT_ASCII
    if not features(pl.Series([text]))[0] & needs:
        assert applied("mask_pii", [text]) == [text]


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("pii/pii.jsonl", "text"),
        ("dirty_text/texts.jsonl", "text"),
        ("advisories/pysec.jsonl", "text"),
        ("citations/citations.jsonl", "text"),
        ("addresses/addresses.jsonl", "text"),
        ("complaints/complaints.csv", "narrative"),
        ("kev/kev.csv", "notes"),
        ("multilingual/multilingual.csv", "text"),
    ],
)
def test_real_texts_are_masked_as_with_every_position_looked_at(file: str, column: str) -> None:
    if file.endswith("csv"):
        texts = pl.read_csv(data_file(file), infer_schema=False)[column].drop_nulls().to_list()
    else:
        texts = [row[column] for row in json_lines(file)]
    some = texts[:: max(1, len(texts) // 1_000)]
    assert len(some) > 500
    assert applied("mask_pii", some) == [masked_everywhere(text) for text in some]


def test_more_candidates_than_expected_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a@b.de 192.0.2.1 " * 50, "none", "c@d.de"]
    wanted = applied("mask_pii", texts)
    monkeypatch.setattr(candidates, "LEAST_ROOM", 2)
    assert applied("mask_pii", texts) == wanted == ["[EMAIL] [IP] " * 50, "none", "[EMAIL]"]


def test_a_slice_with_nulls_keeps_its_name_and_rows() -> None:
    column = pl.Series("body", ["x", "a@b.de", None, "é 192.0.2.1", "", "b@c.de"])[1:5]
    masked = REGISTRY["mask_pii"].kernel(column)
    assert masked.name == "body"
    assert masked.to_list() == ["[EMAIL]", None, "é [IP]", ""]


@pytest.mark.parametrize(
    "unit",
    [
        "a@b.de",
        "a@",
        "1@b.de",
        "1 1-",
        "call 2025550119-",
        "540-28-3799:2001:db8::1-",
        "call 1234567 ",
        "::1",
        "+1 2 ",
        "é@",
        "é@ü.",
        "到@例.",
        "٤\u00a0",
    ],
)
def test_time_grows_with_the_length_of_hostile_text_not_its_square(unit: str) -> None:
    start = time.process_time()
    applied("mask_pii", [unit * 40_000])
    assert time.process_time() - start < 6


def test_performance_corpus_is_masked_as_with_every_position_looked_at(tmp_path: Path) -> None:
    made = tmp_path / "perf.jsonl"
    maker, source = data_file("dirty_text/perf.py"), data_file("dirty_text/texts.jsonl")
    subprocess.run([sys.executable, str(maker), str(source), str(made), "1"], check=True, capture_output=True)
    texts = pl.read_ndjson(made)["text"].to_list()
    assert len(texts) > 500
    assert applied("mask_pii", texts) == [masked_everywhere(text) for text in texts]
