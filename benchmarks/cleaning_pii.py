"""What mask_pii finds of the identifiers in ../shared/data/pii, what it takes for one in other texts, and its speed.

    python benchmarks/cleaning_pii.py [--json] [--corpus FILE.jsonl] [--document]

A false alarm is a mask in a text in which nothing was planted; some are true (a published contact address), none were
judged by hand. Recall counts the labelled values that are gone from the masked text; seconds are of one thread's CPU.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from enrichment_platform.cleaning.operations.mask_pii import mask_pii
from enrichment_platform.cleaning.pii.kinds import KINDS

DOCUMENT = Path(__file__).parents[1] / "docs" / "cleaning.md"
START, END = "<!-- pii:start -->", "<!-- pii:end -->"
DATA = Path(__file__).parents[2] / "shared" / "data"
TYPES = {
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "CREDIT_CARD": "card",
    "US_SSN": "ssn",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
}
MASK = re.compile(rf"\[({'|'.join(KINDS).upper()})\]")
REPETITIONS = 5


def json_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file; lines end with \\n only, the texts hold other line breaks."""
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def masked(texts: list[str]) -> list[str]:
    """Return the texts as mask_pii leaves them."""
    return mask_pii(pl.Series("text", texts, dtype=pl.String)).to_list()


def recall() -> dict[str, tuple[int, int]]:
    """Return by type how many labelled values are masked, and how many there are."""
    rows = json_lines(DATA / "pii" / "pii.jsonl")
    found: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for row, text in zip(rows, masked([row["text"] for row in rows]), strict=True):
        for span in row["spans"]:
            there[span["type"]] += 1
            found[span["type"]] += span["value"] not in text
    return {kind: (found[kind], there[kind]) for kind in TYPES}


def planted() -> dict[str, tuple[int, int]]:
    """Return by type how many of the identifiers planted in dirty_text are masked, and how many there are."""
    texts = json_lines(DATA / "dirty_text" / "texts.jsonl")
    defects = [row for row in json_lines(DATA / "dirty_text" / "defects.jsonl") if row["defect"] == "pii"]
    after = masked([texts[defect["line"]]["text"] for defect in defects])
    found: Counter[str] = Counter()
    for defect, text in zip(defects, after, strict=True):
        found[defect["type"]] += defect["value"] not in text
    return {kind: (found[kind], count) for kind, count in Counter(row["type"] for row in defects).items()}


def corpora() -> Iterable[tuple[str, list[str]]]:
    """Yield texts in which nothing was planted, by corpus."""
    texts = json_lines(DATA / "dirty_text" / "texts.jsonl")
    damaged = {row["line"] for row in json_lines(DATA / "dirty_text" / "defects.jsonl") if "of_line" not in row}
    yield "dirty_text, unplanted", [row["text"] for number, row in enumerate(texts) if number not in damaged]
    for name, file, column in (
        ("complaints", "complaints/complaints.csv", "narrative"),
        ("kev", "kev/kev.csv", "text"),
        ("multilingual", "multilingual/multilingual.csv", "text"),
        ("banking77", "banking77/train.csv", "text"),
    ):
        yield name, pl.read_csv(DATA / file, infer_schema=False)[column].drop_nulls().to_list()
    yield "advisories", [row["text"] for row in json_lines(DATA / "advisories" / "pysec.jsonl")]
    yield "citations", [row["text"] for row in json_lines(DATA / "citations" / "citations.jsonl")]


def alarms(texts: list[str]) -> dict[str, int]:
    """Return how many masks of each kind the texts get that they do not have."""
    counts: Counter[str] = Counter()
    for text, after in zip(texts, masked(texts), strict=True):
        counts.update(MASK.findall(after))
        counts.subtract(MASK.findall(text))
    return {kind.lower(): count for kind, count in counts.items() if count}


def speed(corpus: Path) -> dict[str, float]:
    """Return the best CPU seconds of several runs over a JSON lines file's `text`, and MB/s."""
    column = pl.read_ndjson(corpus)["text"]
    mask_pii(column.head(100))
    best = min(_seconds(column) for _ in range(REPETITIONS))
    size = int(column.str.len_bytes().sum())
    return {"MB": size / 1e6, "seconds": best, "MB/s": size / best / 1e6}


def _seconds(column: pl.Series) -> float:
    start = time.process_time()
    mask_pii(column)
    return time.process_time() - start


def recall_table(found: dict[str, tuple[int, int]]) -> str:
    """Return the recall by type in Markdown."""
    rows = [f"| `{TYPES[kind]}` | {hits} | {there} | {hits / there:.1%} |" for kind, (hits, there) in found.items()]
    return "\n".join(["| kind | masked | labelled | recall |", "|---|--:|--:|--:|", *rows])


def documented(page: str, table: str) -> str:
    """Return the page with the table between the marks.

    Raises:
        ValueError: A mark is missing.
    """
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"no {START} ... {END} in the page: put both marks, each on a line, where the table belongs")
    return f"{before}{START}\n{table}\n{END}{after}"


def main() -> None:
    """Print the tables or one JSON object, or write the recall into the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument(
        "--corpus", type=Path, help="JSON lines with `text`, for the speed (dirty_text/perf.py makes it)"
    )
    parser.add_argument("--document", action="store_true", help="write the table of recall into docs/cleaning.md")
    arguments = parser.parse_args()
    if arguments.document:
        DOCUMENT.write_text(documented(DOCUMENT.read_text("utf-8"), recall_table(recall())), "utf-8")
        return
    false: dict[str, dict[str, Any]] = {
        name: {"texts": len(texts), "masks": alarms(texts)} for name, texts in corpora()
    }
    result: dict[str, Any] = {"recall": recall(), "planted": planted(), "false_alarms": false}
    if arguments.corpus:
        result["speed"] = speed(arguments.corpus)
    if arguments.json:
        print(json.dumps(result))
        return
    for title in ("recall", "planted"):
        print(f"{title:<24}masked   of  share")
        for kind, (found, there) in result[title].items():
            print(f"  {kind:<22}{found:6}{there:5}{found / there:7.3f}")
    print("false alarms            texts  per 10,000")
    for name, row in false.items():
        kinds = ", ".join(f"{kind} {count}" for kind, count in row["masks"].items())
        print(f"  {name:<22}{row['texts']:5}{1e4 * sum(row['masks'].values()) / row['texts']:12.1f}  {kinds}")
    if arguments.corpus:
        print("speed  {MB:.0f} MB in {seconds:.3f} s CPU: {MB/s:.0f} MB/s".format(**result["speed"]))


if __name__ == "__main__":
    main()
