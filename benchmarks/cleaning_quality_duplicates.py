"""Which duplicates of dirty_text are found, planted and natural; whether texts that say different things are merged."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.bar import Bar
from benchmarks.cleaning_corpus import TEXT_STEPS, frame, spec
from enrichment_platform.cleaning import clean
from enrichment_platform.cleaning.duplicates import DuplicateFinder, Matching

Defects = dict[str, list[dict[str, Any]]]
Pair = tuple[int, int]

RECALL, ALIKE = 0.95, 0.8
MEANING = re.compile(
    r"[0-9]+|\b(?:no|not|nor|never|none|nothing|nobody|without|neither|cannot|one|two|three|four|five|six|seven|eight"
    r"|nine|ten|first|second|third|half|twice|once|hundred|thousand|million)\b|n[’']t\b",
    re.IGNORECASE,
)
"""What turns a sentence: numbers and negations, in English, by a rule of the benchmark's own."""
NEGATED = re.compile(r"\b(is|was|are|were|has|did|does|can|could|would|will) ", re.IGNORECASE)
NUMBER = re.compile(r"[0-9]")
TURNED = 400  # texts of which a negated and a renumbered version is made


@dataclass
class Found:
    """Pairs by kind: how many, how many were found, and the lines of those that were not."""

    kinds: dict[str, tuple[int, int]] = field(default_factory=dict)
    missed: dict[str, list[Pair]] = field(default_factory=dict)
    unplanted: list[tuple[int, int, float]] = field(default_factory=list)
    merged: dict[str, tuple[int, int]] = field(default_factory=dict)


def measured(texts: list[str], defects: Defects, data: Path) -> Found:
    """Clean all rows, filters left out so that every row stays, and look for duplicates with the defaults."""
    cleaned = _cleaned(texts)
    group = _groups(cleaned)
    found = Found()
    planted = {
        name: [(of["line"], of["of_line"]) for of in defects[name]]
        for name in ("exact_dup", "label_conflict_dup", "norm_dup")
    }
    near = [(of["line"], of["of_line"]) for of in defects["near_dup"]]
    lines = (data / "dirty_text" / "natural_near_dups.jsonl").read_text().split("\n")
    natural = [(pair["line_a"], pair["line_b"]) for pair in map(json.loads, filter(None, lines))]
    for name, pairs in (("near", near), ("natural near", natural)):
        for pair in pairs:
            a, b = (cleaned[line] for line in pair)
            sort = f"{name}: Jaccard >= {ALIKE}"
            if jaccard(a, b) < ALIKE:
                sort = f"{name}: Jaccard < {ALIKE}"
            elif _meaning(a) != _meaning(b):
                sort = f"{name}: Jaccard >= {ALIKE}, another number or negation"
            planted.setdefault(sort, []).append(pair)
    for name, pairs in sorted(planted.items()):
        found.missed[name] = [pair for pair in pairs if group[pair[0]] != group[pair[1]]]
        found.kinds[name] = (len(pairs), len(pairs) - len(found.missed[name]))
    known = {frozenset(pair) for pairs in planted.values() for pair in pairs}
    known |= {frozenset((a, b)) for a, b in _through_originals(known)}
    for line, original in enumerate(group):
        same = cleaned[line].casefold() == cleaned[original].casefold()  # rows that hold N/A, for one
        if original != line and not same and frozenset((line, original)) not in known:
            found.unplanted.append((line, original, jaccard(cleaned[line], cleaned[original])))
    found.merged = _turned(cleaned, group)
    return found


def _cleaned(texts: list[str]) -> list[str]:
    rows = clean(frame(pl.Series("text", texts, dtype=pl.String)), spec(TEXT_STEPS)).rows
    kept = dict(rows.select("row_id", "text").iter_rows())
    return [kept.get(str(line), "") for line in range(len(texts))]


def _groups(texts: list[str]) -> list[int]:
    """Return the line that each is a duplicate of, its own where of none."""
    group = list(range(len(texts)))
    with DuplicateFinder(Matching()) as finder:
        finder.add(pl.Series(texts, dtype=pl.String))
        for row, of_row in finder.find().select("row", "of_row").iter_rows():
            group[row] = of_row
    return group


def _through_originals(known: set[frozenset[int]]) -> set[Pair]:
    """Two rows that were made of the same one may be linked to each other."""
    beside: dict[int, set[int]] = {}
    for a, b in map(sorted, known):
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    return {(a, b) for others in beside.values() for a in others for b in others if a < b}


def _turned(texts: list[str], group: list[int]) -> dict[str, tuple[int, int]]:
    """Return how many texts with one negation or one digit more or other were made, and how many were merged."""
    chance = random.Random(5)
    alone = [text for line, text in enumerate(texts) if group[line] == line and len(text.split()) > 20]
    chance.shuffle(alone)
    merged = {}
    for name, pattern in (("a negation", NEGATED), ("a number", NUMBER)):
        originals = [text for text in alone if pattern.search(text)][:TURNED]
        pairs = []
        for text in originals:
            at = chance.choice(list(pattern.finditer(text)))
            new = at[0] + "not " if name == "a negation" else str((int(at[0]) + chance.randrange(1, 10)) % 10)
            pairs += [text, text[: at.start()] + new + text[at.end() :]]
        linked = _groups(pairs)
        merged[name] = (len(originals), sum(linked[row] != row for row in range(1, len(pairs), 2)))
    return merged


def jaccard(a: str, b: str) -> float:
    """Similarity of the sets of three words in a row, in lower case: what SOURCE.md calls the true one."""
    one, other = _shingles(a), _shingles(b)
    return len(one & other) / max(1, len(one | other))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


def _meaning(text: str) -> list[str]:
    return [found.lower() for found in MEANING.findall(text)]


def show(found: Found) -> None:
    """Print what was found; lines, no text."""
    print(f"{'duplicates':58}{'pairs':>6}{'found':>7}   lines of those that are not")
    for name, (pairs, linked) in found.kinds.items():
        missed = " ".join(f"{a}-{b}" for a, b in found.missed[name][:6])
        print(f"{name:58}{pairs:6}{linked:7}   {missed if 'other' not in name and '<' not in name else ''}")
    for name, (pairs, merged) in found.merged.items():
        print(f"{f'differ by {name} alone, merged':58}{pairs:6}{merged:7}")
    links = ", ".join(f"{a}-{b} ({alike:.2f})" for a, b, alike in found.unplanted[:8])
    print(f"links that nobody planted, between texts that are not the same: {len(found.unplanted)}  {links}\n")


def bars(found: Found) -> list[Bar]:
    """Every promise about duplicates."""
    kept = []
    for name in ("exact_dup", "label_conflict_dup", "norm_dup"):
        pairs, linked = found.kinds[name]
        kept.append(Bar(f"{name}: share found", linked / pairs, 1.0, True, f"of {pairs}"))
    pairs, linked = found.kinds[f"near: Jaccard >= {ALIKE}"]
    kept.append(Bar(f"near duplicates, Jaccard >= {ALIKE}: recall", linked / pairs, RECALL, True, f"of {pairs}"))
    for name, (made, merged) in found.merged.items():
        kept.append(Bar(f"pairs that differ by {name}: merged", merged, 0, False, f"of {made}"))
    return kept
