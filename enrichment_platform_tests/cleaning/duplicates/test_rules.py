"""What is a duplicate of what: the finder against all pairs compared plainly, and the cases that its rules name."""

import tempfile
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.duplicates import DuplicateFinder, Matching
from enrichment_platform.errors import InputError
from enrichment_platform_tests.cleaning.duplicates.reference import brute_force, found

LONG = "The card was declined at the shop and nobody at the bank could tell me why it had been blocked in the morning"

VOCABULARY = [
    "the",
    "card",
    "was",
    "declined",
    "at",
    "shop",
    "bank",
    "café",
    "Straße",
    "ΣΟΦΟΣ",
    "not",
    "never",
    "5",
    "50",
]
VOCABULARY += ["three", "don't", "isn't", "不", "行", "中", "-", "(x)", "No,", "7%", "$5."]


@st.composite
def texts_like_each_other(draw: st.DrawFn) -> list[str | None]:
    """Texts that repeat and change each other, so that every kind of duplicate occurs."""
    texts: list[str | None] = []
    for _ in range(draw(st.integers(1, 14))):
        how = draw(st.integers(0, 7))
        if how == 0 or not texts:
            texts.append(" ".join(draw(st.lists(st.sampled_from(VOCABULARY), max_size=30))))
            continue
        old = draw(st.sampled_from(texts)) or ""
        parts = old.split(" ")
        at = draw(st.integers(0, len(parts) - 1))
        changed = {
            1: old,
            2: old.upper(),
            3: unicodedata.normalize("NFD", old.replace(" ", " \n ")) + "  ",
            4: " ".join([*parts[:at], *parts[at + 1 :]]),
            5: " ".join([*parts[:at], draw(st.sampled_from(VOCABULARY)), *parts[at:]]),
            6: " ".join([*parts[:at], draw(st.sampled_from(VOCABULARY)), *parts[at + 1 :]]),
            7: None,
        }
        texts.append(changed[how])
    return texts


@settings(max_examples=300)
@given(
    texts=texts_like_each_other(),
    matching=st.builds(
        Matching,
        match=st.sampled_from(["exact", "normalized", "near"]),
        threshold=st.sampled_from([0.51, 0.6, 0.8, 1.0]),
        shingle_words=st.integers(1, 4),
    ),
    contexts=st.lists(st.sampled_from(["a", "b", None]), min_size=14, max_size=14),
    cuts=st.lists(st.integers(0, 14), max_size=3),
)
def test_finds_what_comparing_all_pairs_finds_however_rows_are_batched(
    texts: list[str | None], matching: Matching, contexts: list[str | None], cuts: list[int]
) -> None:
    contexts = contexts[: len(texts)]
    links = found(matching, texts, contexts, tuple(cuts))
    expected = brute_force(matching, texts, contexts)
    assert {row: (link.of, link.kind) for row, link in links.items()} == {
        row: (link.of, link.kind) for row, link in expected.items()
    }
    assert [link.similarity for link in links.values()] == pytest.approx(
        [expected[row].similarity for row in links], abs=1e-6
    )
    assert not {link.of for link in links.values()} & set(links)


@pytest.mark.parametrize(
    "copy",
    [
        LONG.upper(),
        LONG.replace(" ", "  "),
        f"  {LONG} \n\n",
        LONG.replace(" and", ".\r\nand").replace(".\r\n", "\r\n"),
        LONG.replace(" ", "\u00a0"),
    ],
)
def test_case_and_white_space_make_no_difference(copy: str) -> None:
    assert found(Matching("normalized"), [LONG, copy])[1].kind == "normalized"


@pytest.mark.parametrize(
    "text", ["Die Straße ist größer als gedacht", "Η ΣΟΦΙΑ ΤΟΥ ΛΑΟΥΣ", "ǰ ŉ ﬁn Å", "İstanbul ılık", "각하"]
)
def test_copies_in_other_case_or_composition_are_found_in_every_script(text: str) -> None:
    for copy in (text.upper(), unicodedata.normalize("NFD", text), text.upper().lower()):
        assert found(Matching("normalized"), [text, copy])[1].of == 0


def test_a_text_of_white_space_is_no_duplicate() -> None:
    assert found(Matching(), ["", "", None, None, "  ", " \n", "\u00a0", "\u00a0"]) == {}


def test_the_context_keeps_rows_apart() -> None:
    assert found(Matching(), [LONG, LONG, LONG, LONG + " again"], ["a", None, "a", None]).keys() == {2, 3}
    assert found(Matching(), [LONG, LONG, LONG + " again"], ["a", "b", "c"]) == {}


def test_a_later_text_nearer_to_another_goes_to_that_one() -> None:
    base = [f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"]
    far = " ".join(["x", *base[1:30]])
    near = " ".join([*base[:29], "y"])
    links = found(Matching(threshold=0.6), [far, " ".join(base), near])
    assert links[2].of in (0, 1)
    assert links[2].similarity >= 0.6


def test_exact_does_not_fold_and_normalized_does_not_look_for_near_ones() -> None:
    texts = [LONG, LONG.upper(), LONG + " again", LONG]
    assert found(Matching("exact"), texts).keys() == {3}
    assert found(Matching("normalized"), texts).keys() == {1, 3}
    assert found(Matching("near"), texts).keys() == {1, 2, 3}


@pytest.mark.parametrize(
    ("field", "value"), [("match", "fuzzy"), ("threshold", 0.5), ("threshold", 1.01), ("shingle_words", 0)]
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(field: str, value: object) -> None:
    with pytest.raises(InputError, match=field):
        Matching(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [0.51, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_bands_find_a_pair_at_the_threshold_in_99_of_100(threshold: float) -> None:
    bands, rows = Matching(threshold=threshold).bands()
    assert 1 - (1 - threshold**rows) ** bands >= 0.99
    assert bands * rows <= 80


def test_temporary_files_are_gone_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    there = []

    def fail() -> None:
        with DuplicateFinder(Matching()) as finder:
            finder.add(pl.Series([LONG]))
            there.extend(tmp_path.iterdir())
            next(finder.signatures())

    with pytest.raises(RuntimeError, match="find"):
        fail()
    assert there
    assert not list(tmp_path.iterdir())
