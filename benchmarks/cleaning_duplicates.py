"""Near duplicates: rows a second of this package, datasketch and rensa on one core, on the same texts in the same run.

    POLARS_MAX_THREADS=1 taskset -c 1 python benchmarks/cleaning_duplicates.py FILE.jsonl [--rows N] [--json]

Seconds are of CPU (all threads of the process), so that other processes on the machine disturb less; of several rounds,
in which all take turns, the fastest counts. Ours goes from texts to verified duplicates. datasketch and rensa are given
ready sets of shingles (their making is told apart) and end at candidates, which they do not verify.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from enrichment_platform.cleaning.duplicates import DuplicateFinder, Matching

Sets = list[list[bytes]]

_THRESHOLD = 0.8
_HASHES = 128
_BATCH = 20_000
_DATASKETCH_ROWS = 2_000  # it takes as long for each row, however many
_SHINGLE_WORDS = 3


def _shingled(texts: list[str]) -> Sets:
    sets = []
    for text in texts:
        words = text.lower().split()
        count = max(1, len(words) - _SHINGLE_WORDS + 1)
        sets.append(list({" ".join(words[at : at + _SHINGLE_WORDS]).encode() for at in range(count)}))
    return sets


def _ours(texts: pl.Series) -> int:
    with DuplicateFinder(Matching(threshold=_THRESHOLD, shingle_words=_SHINGLE_WORDS)) as finder:
        for start in range(0, len(texts), _BATCH):
            finder.add(texts.slice(start, _BATCH))
        return len(finder.find())


def _datasketch(sets: Sets, in_batch: bool) -> int:
    datasketch: Any = importlib.import_module("datasketch")
    index = datasketch.MinHashLSH(threshold=_THRESHOLD, num_perm=_HASHES)
    found = 0
    for row, shingles in enumerate(sets):
        signature = datasketch.MinHash(num_perm=_HASHES)
        if in_batch:
            signature.update_batch(shingles)
        else:
            for shingle in shingles:
                signature.update(shingle)
        found += bool(index.query(signature))
        index.insert(str(row), signature)
    return found


def _rensa(sets: Sets) -> int:
    rensa: Any = importlib.import_module("rensa")
    matrix = rensa.RMinHash.digest_matrix_from_token_byte_sets(sets, _HASHES, 42)
    index = rensa.RMinHashLSH(_THRESHOLD, _HASHES, 16)
    return sum(index.query_duplicate_flags_matrix_one_shot(matrix))


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(path: Path, rows: int | None, rounds: int = 5) -> dict[str, float]:
    """Return rows a second of each, and ratios.

    Args:
        path: JSON lines with `text`.
        rows: The first so many; None: all.
        rounds: In which each is run once.
    """
    texts = pl.read_ndjson(path, n_rows=rows)["text"]
    listed = texts.to_list()
    sets = _shingled(listed)
    few = sets[:_DATASKETCH_ROWS]
    _ours(texts)  # compiles
    work: dict[str, tuple[Callable[[], object], int]] = {
        "ours": (lambda: _ours(texts), len(listed)),
        "shingles in Python": (lambda: _shingled(listed[:_DATASKETCH_ROWS]), len(few)),
        "datasketch, update_batch": (lambda: _datasketch(few, True), len(few)),
        "datasketch, update": (lambda: _datasketch(few, False), len(few)),
        "rensa": (lambda: _rensa(sets), len(sets)),
    }
    best = {name: float("inf") for name in work}
    for _ in range(rounds):
        for name, (job, count) in work.items():
            best[name] = min(best[name], _seconds(job) / count)
    rates = {f"{name}, rows/s": 1 / seconds for name, seconds in best.items()}
    ours, shingles = best["ours"], best["shingles in Python"]
    return {
        "rows": float(len(listed)),
        "bytes a row": float(texts.str.len_bytes().sum()) / max(1, len(listed)),
        **rates,
        "ratio to datasketch (update_batch), from texts": (best["datasketch, update_batch"] + shingles) / ours,
        "ratio to datasketch (update_batch), its shingles ready": best["datasketch, update_batch"] / ours,
        "ratio to datasketch (update), its shingles ready": best["datasketch, update"] / ours,
        "ratio to rensa, from texts": (best["rensa"] + shingles) / ours,
        "ratio to rensa, its shingles ready": best["rensa"] / ours,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = measure(given.file, given.rows, given.rounds)
    if given.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:58} {figure:12,.1f}")


if __name__ == "__main__":
    main()
