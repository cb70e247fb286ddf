"""The rules of duplicates, written plainly: every pair is compared."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from enrichment_platform.cleaning.duplicates import DuplicateFinder, Matching
from enrichment_platform.cleaning.duplicates.guard_words import _NEGATIONS, _NOT, NOT, _slips, number_words
from enrichment_platform.cleaning.duplicates.sketches import sketches

_WORDS: dict[str, object] = {word: word for word in [*_NEGATIONS.split(), *number_words()]} | dict.fromkeys(
    _NOT.split(), NOT
)
_WORDS = {
    slip: _WORDS[word] for word in (_NEGATIONS + _NOT).split() if len(word) >= 5 for slip in _slips(word)
} | _WORDS


def folded(text: str) -> str:
    turned = unicodedata.normalize("NFC", text).upper().lower().replace("ς", "σ")
    return " ".join(unicodedata.normalize("NFC", turned).split())


def words(text: str) -> list[str]:
    spaced = re.sub(r"([぀-ヿ一-鿿])", r" \1 ", folded(text))
    cut = ["".join(c for c in word if unicodedata.category(c)[0] in "LMN") for word in spaced.split()]
    return [word for word in cut if word]


def shingles(text: str, length: int) -> frozenset[tuple[str, ...]]:
    found = words(text)
    if not found:
        return frozenset()
    length = min(length, len(found))
    return frozenset(tuple(found[at : at + length]) for at in range(len(found) - length + 1))


def jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def guard(text: str) -> list[object]:
    """The numbers and negations; texts of the tests hold only plain ones."""
    tokens: list[object] = []
    number, sign = False, ""
    for word in re.sub(r"([぀-ヿ一-鿿])", r" \1 ", folded(text)).split():
        numeric = any(c.isnumeric() for c in word)
        if sign and numeric:
            tokens.append(sign)
        sign = ""
        of_word: list[object] = []
        if numeric:
            of_word.append(re.sub(r"^[^\w\-+$€(]+|[^\w%+$€)\-]+$", "", word))
        for part in re.split(r"[^\w'’]+", "" if numeric else word):
            plain = part.strip("'’")
            if re.search(r"n['’]t$", plain):
                of_word.append(NOT)
            elif plain in _WORDS:
                of_word.append(_WORDS[plain])
        tokens += of_word
        if re.fullmatch(r"[-+$€%()<>]+", word):
            if number:
                tokens.append(word)
            else:
                sign = word
        number = numeric
    return tokens


@dataclass(frozen=True)
class Link:
    of: int
    kind: str
    similarity: float


def brute_force(
    matching: Matching, texts: list[str | None], contexts: list[str | None], earlier: int = 0
) -> dict[int, Link]:
    """Decide row by row against all rows before; near ones only where MinHash gives them a chance (they share a band).

    Args:
        matching: The rule.
        texts: All of them.
        contexts: As many.
        earlier: The first so many are of an earlier partition, which keeps only those that are no duplicates.
    """
    bands = next(sketches(matching, pl.Series(texts, dtype=pl.String), pl.Series(contexts, dtype=pl.String))).bands
    sets = [shingles(text or "", matching.shingle_words) for text in texts]
    guards = [guard(text or "") for text in texts]
    links: dict[int, Link] = {}
    for row, text in enumerate(texts):
        if text is None or not folded(text):
            continue
        key = text if matching.match == "exact" else folded(text)
        same = [
            other
            for other in range(row)
            if contexts[other] == contexts[row]
            and not (row >= earlier > other and other in links)
            and texts[other] is not None
            and (texts[other] if matching.match == "exact" else folded(texts[other])) == key
        ]
        if same:
            first = same[0]
            of, similarity = (links[first].of, links[first].similarity) if first in links else (first, 1.0)
        else:
            alike = [
                (other >= earlier, -jaccard(sets[row], sets[other]), other)
                for other in range(row)
                if matching.match == "near"
                and other not in links
                and contexts[other] == contexts[row]
                and guards[other] == guards[row]
                and jaccard(sets[row], sets[other]) >= matching.threshold
                and (bands[:, row] == bands[:, other]).any()
            ]
            if not alike:
                continue
            of, similarity = min(alike)[2], -min(alike)[1]
        same_content = folded(texts[of] or "") == folded(text)
        kind = "exact" if texts[of] == text else "normalized" if same_content else "near"
        links[row] = Link(of, kind, 1.0 if kind != "near" else similarity)
    return links


def found(
    matching: Matching,
    texts: list[str | None],
    contexts: list[str | None] | None = None,
    cuts: tuple[int, ...] = (),
) -> dict[int, Link]:
    """What the finder says of the texts, given in batches that begin at `cuts`."""
    bounds = [0, *sorted(cut for cut in cuts if cut <= len(texts)), len(texts)]
    with DuplicateFinder(matching) as finder:
        for start, end in pairwise(bounds):
            context = None if contexts is None else pl.Series(contexts[start:end], dtype=pl.String)
            finder.add(pl.Series(texts[start:end], dtype=pl.String), context)
        rows = finder.find()
    return {row["row"]: Link(row["of_row"], row["kind"], row["similarity"]) for row in rows.iter_rows(named=True)}
