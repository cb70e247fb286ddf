"""Languages are told as py3langid tells them, and rows in another one go only where it is sure."""

import polars as pl
import pytest

from enrichment_platform.cleaning.language import LANGUAGES, _model, languages
from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform_tests.cleaning.conftest import applied, data_file, json_lines


@pytest.fixture(scope="module")
def sentences() -> pl.DataFrame:
    return pl.read_csv(data_file("multilingual/multilingual.csv"), infer_schema=False)


def test_languages_listed_are_those_of_the_model() -> None:
    assert sorted({language for language in _model().languages if language}) == LANGUAGES


def test_result_has_a_row_a_text_and_null_where_nothing_tells() -> None:
    texts = [None, "", "  ", "123 456", "Wo ist meine Karte geblieben?", "¿Dónde está mi tarjeta nueva?"]
    found = languages(pl.Series("body", texts))
    assert found.schema == {"language": pl.String, "confidence": pl.Float32}
    assert found["language"].to_list()[3:] == [None, "de", "es"]
    assert found["language"].null_count() == found["confidence"].null_count() == 4
    assert languages(pl.Series("body", [], dtype=pl.String)).height == 0


def test_upper_case_and_decomposed_letters_make_no_difference() -> None:
    text = "Wo ist meine Karte geblieben, über die wir gesprochen hatten?"
    decomposed = pl.Series([text]).str.normalize("NFD")[0]
    found = languages(pl.Series([text, text.upper(), decomposed]))
    assert found["language"].to_list() == ["de"] * 3
    assert found["confidence"][0] == found["confidence"][2]


def test_sentences_are_told_as_the_library_tells_them(sentences: pl.DataFrame) -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    texts = sentences["text"][::4]
    wanted = [library.classify(text) for text in texts]
    found = languages(texts)
    plain = {"de", "fr"}  # others share their sentences with dialects, which are one language here
    for (language, sure), name, confidence in zip(wanted, found["language"], found["confidence"], strict=True):
        if language in LANGUAGES:
            assert name == language
        if language in plain:
            assert confidence == pytest.approx(sure, abs=0.02)


def test_sentences_of_news_are_told_right(sentences: pl.DataFrame) -> None:
    found = sentences.with_columns(languages(sentences["text"]))
    assert found.filter(pl.col("lang").ne_missing(pl.col("language"))).height == 0
    for language in ("de", "es", "fr", "ar"):
        texts = sentences.filter(lang=language)["text"].to_list()
        assert (
            sum(detail == f"language {language}" for detail in applied("keep_languages", texts)) >= 146
        )  # the others are not sure enough
        assert applied("keep_languages", texts, languages=["en", language]).count(None) >= 150


@pytest.mark.parametrize(("words", "wrong"), [(3, 2), (5, 0), (10_000, 0)])
def test_english_is_not_taken_for_another_language(words: int, wrong: int) -> None:
    complaints = pl.read_csv(data_file("complaints/complaints.csv"), infer_schema=False)["narrative"].drop_nulls()
    chats = pl.read_csv(data_file("banking77/test.csv"), infer_schema=False)["text"]
    advisories = pl.Series([row["text"] for row in json_lines("advisories/pysec.jsonl")])
    texts = [" ".join(text.split()[:words]) for text in pl.concat([complaints, chats, advisories])]
    assert len(texts) == 6_780
    assert sum(detail is not None for detail in applied("keep_languages", texts)) <= wrong


def test_unknown_languages_are_refused_with_near_ones() -> None:
    parameter = REGISTRY["keep_languages"].parameters["languages"]
    assert parameter.problem(["en", "de"]) is None
    assert parameter.problem([])
    problem = parameter.problem(["en", "german"])
    assert problem is not None
    assert "no language 'german'" in problem
    assert "ISO 639-1" in problem
