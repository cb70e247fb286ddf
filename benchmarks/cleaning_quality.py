"""How many of the defects planted in dirty_text cleaning handles, and what it changes in the rows without any.

    python benchmarks/cleaning_quality.py [--check] [--data ../shared/data] [--json]

A row with a known original is handled where it ends as that original does, cleaned the same way. Every change of a row
that nothing was planted in is judged by `cleaning_changes`, operation by operation. Rows are named by their line, their
text is not printed. `--check` exits with 1 where a bar falls short; the last line says which.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import cleaning_quality_duplicates
from benchmarks.bar import Bar
from benchmarks.cleaning_changes import JUDGES, changed_characters
from benchmarks.cleaning_corpus import ALL_STEPS, frame, spec
from enrichment_platform.cleaning import clean

Defects = dict[str, list[dict[str, Any]]]
Outcome = tuple[str | None, str | None]
"""A row's text, or None and why it was removed."""

LONGEST = 8_000
ALL_OF = ("mojibake", "html", "invisible_chars", "blank", "repetition", "pii", "email_boilerplate")
SHOWN = 8  # lines of rows that are named


@dataclass
class Kind:
    """What became of one kind of defect."""

    rows: int = 0
    handled: int = 0
    missed: list[int] = field(default_factory=list)


@dataclass
class Untouched:
    """What became of rows without a defect, by operation: rows changed, characters, and changes beyond its name."""

    rows: int = 0
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    as_a_whole: int = 0  # rows that `clean` with all steps leaves as the single steps do


def load(data: Path) -> tuple[list[str], Defects]:
    """Return the texts by line, and what was planted by kind."""
    folder = data / "dirty_text"
    # "\n" only: the texts hold U+2028 and U+0085, which str.splitlines would cut at
    texts, defects = (
        [json.loads(line) for line in (folder / name).read_text("utf-8").split("\n") if line]
        for name in ("texts.jsonl", "defects.jsonl")
    )
    kinds: Defects = defaultdict(list)
    for defect in defects:
        kinds[defect["defect"]].append(defect)
    return [row["text"] for row in texts], kinds


def outcomes(texts: list[str]) -> list[Outcome]:
    """Return what `clean` with all steps makes of each text."""
    cleaned = clean(frame(pl.Series("text", texts, dtype=pl.String)), spec(ALL_STEPS))
    kept = dict(cleaned.rows.select("row_id", "text").iter_rows())
    why = dict(cleaned.removed.select("row_id", "reason").iter_rows())
    return [(kept.get(str(at)), why.get(str(at))) for at in range(len(texts))]


def handled(texts: list[str], defects: Defects) -> dict[str, Kind]:
    """Return what became of each kind of planted defect that cleaning has to do with."""
    ends = outcomes(texts)
    known = [defect for of in defects.values() for defect in of if "clean_text" in defect]
    wanted = dict(
        zip((defect["line"] for defect in known), outcomes([defect["clean_text"] for defect in known]), strict=True)
    )

    def as_its_original(defect: dict[str, Any]) -> bool:
        return bool(ends[defect["line"]] == wanted[defect["line"]])

    def removed_as(reason: str) -> Callable[[dict[str, Any]], bool]:
        return lambda defect: ends[defect["line"]][1] == reason

    rules: dict[str, Callable[[dict[str, Any]], bool]] = {
        **dict.fromkeys(("mojibake", "html", "invisible_chars", "email_boilerplate"), as_its_original),
        "blank": removed_as("empty_text"),
        "repetition": removed_as("repetition"),
        "pii": lambda defect: str(defect["value"]) not in (ends[defect["line"]][0] or ""),
        "oversize": lambda defect: len(ends[defect["line"]][0] or "") <= LONGEST,  # or a filter took it out
        "prompt_injection": removed_as("prompt_injection"),
    }
    found = {}
    for name, rule in rules.items():
        missed = [defect["line"] for defect in defects[name] if not rule(defect)]
        found[name] = Kind(len(defects[name]), len(defects[name]) - len(missed), missed)
    return found


def untouched(texts: list[str], defects: Defects) -> Untouched:
    """Return what the operations, one after the other, change in the rows that nothing was planted in."""
    planted = {defect["line"] for of in defects.values() for defect in of}
    rows = frame(pl.Series("text", texts, dtype=pl.String))
    rows = rows.filter(~pl.col("row_id").is_in([str(line) for line in planted]))
    start, found, removed = rows, Untouched(rows.height), Counter[str]()
    for step in ALL_STEPS:
        cleaned = clean(rows, spec((step,)))
        removed.update(cleaned.removed["reason"])
        both = rows.join(cleaned.rows, on="row_id", suffix="_after").filter(pl.col("text") != pl.col("text_after"))
        if step in JUDGES:
            pairs = list(both.select("row_id", "text", "text_after").iter_rows())
            found.steps[step] = {
                "rows": len(pairs),
                "characters": sum(changed_characters(before, after) for _, before, after in pairs),
                "beyond": [int(line) for line, before, after in pairs if not JUDGES[step](before, after)],
            }
        elif both.height:  # a filter changes no text
            found.steps[step] = {"rows": both.height, "characters": 0, "beyond": [int(x) for x in both["row_id"]]}
        rows = cleaned.rows
    whole = clean(start, spec(ALL_STEPS)).rows
    same = whole.join(rows, on="row_id", how="full", suffix="_single").select(
        pl.col("text").eq_missing(pl.col("text_single"))
    )
    found.as_a_whole = found.rows - removed.total() - int((~same["text"]).sum())
    found.removed = dict(removed)
    return found


def bars(kinds: dict[str, Kind], rest: Untouched) -> list[Bar]:
    """Every promise about what was measured."""
    kept = [
        Bar(f"{name}: share handled", kinds[name].handled / kinds[name].rows, 1.0, True, f"of {kinds[name].rows}")
        for name in ALL_OF
    ]
    beyond = sum(len(step["beyond"]) for step in rest.steps.values())
    stay = rest.rows - sum(rest.removed.values())
    return [
        *kept,
        Bar("rows without a defect: changed beyond what the operations name", beyond, 0, False),
        Bar("rows without a defect: removed", sum(rest.removed.values()), 0, False),
        Bar("rows without a defect: the plan gives what single steps give, share", rest.as_a_whole / stay, 1.0, True),
    ]


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a bar falls short")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets")
    parser.add_argument("--json", type=Path, help="file to write what was measured into")
    options = parser.parse_args()
    texts, defects = load(options.data)
    kinds, rest = handled(texts, defects), untouched(texts, defects)
    print(f"{'planted defect':20}{'rows':>6}{'handled':>9}   lines of those that are not")
    for name, kind in kinds.items():
        more = " ..." if len(kind.missed) > SHOWN else ""
        print(f"{name:20}{kind.rows:6}{kind.handled:9}   {' '.join(map(str, kind.missed[:SHOWN]))}{more}")
    others = sorted(set(defects) - set(kinds))
    print(f"not a matter of these steps: {', '.join(f'{name} {len(defects[name])}' for name in others)}\n")
    print(
        f"{'on ' + format(rest.rows, ',') + ' rows without':25}{'changed':>9}{'characters':>12}{'beyond its name':>17}"
    )
    for name, step in rest.steps.items():
        lines = " ".join(map(str, step["beyond"][:SHOWN]))
        print(f"{name:25}{step['rows']:9}{step['characters']:12}{len(step['beyond']):17}   {lines}")
    print("removed: " + (", ".join(f"{reason} {count}" for reason, count in rest.removed.items()) or "none") + "\n")
    linked = cleaning_quality_duplicates.measured(texts, defects, options.data)
    cleaning_quality_duplicates.show(linked)
    if options.json:
        told = {"kinds": {name: vars(kind) for name, kind in kinds.items()}, "untouched": vars(rest)}
        options.json.write_text(json.dumps({**told, "duplicates": vars(linked)}, indent=1))
    kept = bars(kinds, rest) + cleaning_quality_duplicates.bars(linked)
    for bar in kept:
        print(bar)
    short = [bar.name for bar in kept if not bar.holds]
    print("falls short: " + "; ".join(short) if short else "every bar is reached")
    return 1 if options.check and short else 0


if __name__ == "__main__":
    sys.exit(main())
