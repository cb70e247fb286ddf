"""Planted duplicates are found; real texts that differ by a number or a negation are kept apart."""

import random
import re
from typing import Any

import polars as pl
import pytest

from enrichment_platform.cleaning.duplicates import DuplicateFinder, Matching
from enrichment_platform_tests.cleaning.conftest import json_lines
from enrichment_platform_tests.cleaning.duplicates.reference import folded, found, guard, jaccard, shingles


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [row["text"] for row in json_lines("dirty_text/texts.jsonl")]


@pytest.fixture(scope="module")
def leader(texts: list[str]) -> list[int]:
    links = found(Matching(), list(texts))
    return [links[row].of if row in links else row for row in range(len(texts))]


def planted(*kinds: str) -> list[dict[str, Any]]:
    return [defect for defect in json_lines("dirty_text/defects.jsonl") if defect["defect"] in kinds]


def test_every_planted_exact_and_normalized_duplicate_is_found(leader: list[int]) -> None:
    pairs = planted("exact_dup", "norm_dup", "label_conflict_dup")
    assert len(pairs) == 290
    assert all(leader[pair["line"]] == leader[pair["of_line"]] for pair in pairs)


def _as_planted(text: str) -> frozenset[tuple[str, ...]]:
    """Shingles as those who planted the texts measured them: of words between blanks, with their punctuation."""
    words = text.lower().split()
    return frozenset(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2)))


def test_planted_near_duplicates_are_found(texts: list[str], leader: list[int]) -> None:
    pairs = [(pair["line"], pair["of_line"]) for pair in planted("near_dup")]
    hit = [
        leader[one] == leader[other]
        for one, other in pairs
        if jaccard(_as_planted(texts[one]), _as_planted(texts[other])) >= 0.8
    ]
    assert len(hit) > 150
    assert sum(hit) / len(hit) >= 0.95


def test_planted_near_duplicates_are_only_missed_where_a_number_or_negation_was_changed(
    texts: list[str], leader: list[int]
) -> None:
    pairs = [(pair["line"], pair["of_line"]) for pair in planted("near_dup")]
    missed = [
        (one, other)
        for one, other in pairs
        if leader[one] != leader[other] and jaccard(shingles(texts[one], 3), shingles(texts[other], 3)) >= 0.8
    ]
    assert 0 < len(missed) < 15
    assert all(guard(texts[one]) != guard(texts[other]) for one, other in missed)


def test_what_is_merged_reaches_the_threshold(texts: list[str]) -> None:
    for row, link in found(Matching(), list(texts)).items():
        if link.kind != "near":
            assert folded(texts[row]) == folded(texts[link.of])
        else:
            assert jaccard(shingles(texts[row], 3), shingles(texts[link.of], 3)) == pytest.approx(link.similarity)
            assert link.similarity >= 0.8 - 1e-6


_CONTRACTED = {"is", "was", "are", "were", "do", "does", "did", "has", "have", "had", "would", "could", "should"}


def _minimal_edits(text: str, chance: random.Random) -> list[str]:
    """The text with one negation or number more, fewer or changed, at several places."""
    words = text.split(" ")
    edits = []
    for word in ("not", "no", "never", "without", "7", "two"):
        at = chance.randrange(len(words) + 1)
        edits.append([*words[:at], word, *words[at:]])
    for at, word in enumerate(words):
        if word.lower().strip('.,;:()"') in ("not", "no", "never", "cannot", "none", "without", "two", "nor"):
            edits.append([*words[:at], *words[at + 1 :]])
        elif word.lower() in _CONTRACTED:
            edits.append([*words[:at], word + chance.choice(["n't", "n’t"]), *words[at + 1 :]])
        elif re.search("[0-9]", word):
            place = chance.choice([found.start() for found in re.finditer("[0-9]", word)])
            digit = str((int(word[place]) + chance.randrange(1, 10)) % 10)
            edits.append([*words[:at], word[:place] + digit + word[place + 1 :], *words[at + 1 :]])
            edits.append([*words[:at], *words[at + 1 :]])
    return [" ".join(edit) for edit in chance.sample(edits, min(12, len(edits)))]


@pytest.mark.parametrize("threshold", [0.51, 0.8])
def test_texts_that_differ_by_one_number_or_negation_are_never_merged(texts: list[str], threshold: float) -> None:
    chance = random.Random(5)
    rows, contexts = [], []
    for number, text in enumerate(texts):
        for edit, changed in enumerate(_minimal_edits(text, chance) if len(text) < 20_000 else []):
            rows += [text, changed]
            contexts += [f"{number} {edit}"] * 2
    with DuplicateFinder(Matching(threshold=threshold)) as finder:
        finder.add(pl.Series(rows), pl.Series(contexts))
        merged = finder.find()
    assert len(rows) > 30_000
    assert merged.is_empty()


def test_a_slip_in_a_negation_does_not_hide_the_duplicate_and_its_loss_does() -> None:
    text = "I have never agreed to this charge and the bank will without doubt be told about it by my lawyer"
    assert found(Matching(threshold=0.6), [text, text.replace("never", "neevr")])[1].of == 0
    assert found(Matching(threshold=0.6), [text.replace("never", "neevr"), text.replace("never ", "")]) == {}
