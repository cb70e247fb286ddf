"""The work grows with the rows and not with their pairs, and memory with neither the texts nor the pairs."""

import random
import tracemalloc
from collections.abc import Callable

import polars as pl
import pytest

from enrichment_platform.cleaning.duplicates import DuplicateFinder, Matching

_WORDS = [f"word{first}{second}" for first in "abcdefghij" for second in "klmnopqrst"]


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _identical(rows: int) -> list[str]:
    return [" ".join(_WORDS)] * rows


def _nearly_identical(rows: int) -> list[str]:
    return [" ".join([*_WORDS, _letters(row)]) for row in range(rows)]


def _of_one_template(rows: int, chance: random.Random | None = None) -> list[str]:
    """Texts of similarity 0.73, none a duplicate: a hundred words of which every twentieth is another in each."""
    chance = chance or random.Random(1)
    return [
        " ".join(word if place % 20 else _letters(chance.randrange(10**9)) for place, word in enumerate(_WORDS))
        for _ in range(rows)
    ]


def _comparisons(texts: list[str]) -> int:
    with DuplicateFinder(Matching()) as finder:
        finder.add(pl.Series(texts))
        finder.find()
        return finder.comparisons


@pytest.mark.parametrize(
    ("make", "most"),
    [(_identical, 0), (_nearly_identical, 2), (_of_one_template, 256)],
)
def test_hostile_rows_are_compared_with_a_bounded_number_of_others(make: Callable[[int], list[str]], most: int) -> None:
    few, many = _comparisons(make(4_000)), _comparisons(make(16_000))
    assert many <= most * 16_000
    assert many <= 4.6 * few


def test_a_near_duplicate_is_found_in_a_crowd_of_texts_of_one_template() -> None:
    chance = random.Random(2)
    crowd = _of_one_template(10_000, chance)
    copies = []
    for row in range(0, 10_000, 20):
        words = crowd[row].split(" ")
        for _ in range(3):
            words[chance.randrange(100)] = "edited"
        copies.append(" ".join(words))
    with DuplicateFinder(Matching()) as finder:
        finder.add(pl.Series(crowd))
        finder.add(pl.Series(copies))
        found = finder.find()
    links = dict(zip(found["row"], found["of_row"], strict=True))
    hit = sum(links.get(10_000 + number) == 20 * number for number in range(500))
    assert hit >= 0.98 * 500


def test_memory_of_the_search_grows_by_less_than_forty_bytes_a_row_and_not_with_the_texts() -> None:
    def peak(rows: int, words: int) -> int:
        chance = random.Random(3)
        with DuplicateFinder(Matching()) as finder:
            for _ in range(rows // 10_000):
                texts = [" ".join(chance.choices(_WORDS, k=words)) for _ in range(10_000)]
                finder.add(pl.Series(texts))
            del texts
            tracemalloc.start()
            try:
                assert finder.find().is_empty()
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    peak(10_000, 12)  # compiles
    few, many, longer = peak(100_000, 12), peak(300_000, 12), peak(100_000, 24)
    assert (many - few) / 200_000 < 40
    assert longer < 1.1 * few
