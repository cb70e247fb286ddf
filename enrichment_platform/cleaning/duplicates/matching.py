"""What counts as a duplicate, and the bands of MinHash that find candidates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from enrichment_platform.errors import InputError

Match = Literal["exact", "normalized", "near"]

RECALL = 0.99  # of pairs whose similarity is just the threshold
_MOST_HASHES = 80  # a text; more rows a band mean fewer false candidates, and each hash costs time
_MOST_ROWS = 16
_MOST_SHINGLE_WORDS = 10


@dataclass(frozen=True)
class Matching:
    """Which texts are duplicates.

    Attributes:
        match: "exact": the same bytes; "normalized": also the same after NFC, case folding and white space;
            "near": also the same numbers and negations, and shingles whose Jaccard similarity reaches `threshold`.
        threshold: Jaccard similarity of the sets of shingles, above 0.5 and at most 1.
        shingle_words: Words in a shingle; 3 as in `../shared/data/dirty_text`.

    Raises:
        InputError: A value is not allowed.
    """

    match: Match = "near"
    threshold: float = 0.8
    shingle_words: int = 3

    def __post_init__(self) -> None:
        if self.match not in ("exact", "normalized", "near"):
            raise InputError(f"match: {self.match!r} is no way to match; use exact, normalized or near")
        if not 0.5 < self.threshold <= 1:
            raise InputError(f"threshold: {self.threshold} is not above 0.5 and at most 1; 0.8 is usual")
        if not 1 <= self.shingle_words <= _MOST_SHINGLE_WORDS:
            raise InputError(f"shingle_words: {self.shingle_words} is not from 1 to {_MOST_SHINGLE_WORDS}; 3 is usual")

    def bands(self) -> tuple[int, int]:
        """Return (bands, rows of a band) of the MinHash signature.

        Two texts of similarity s share at least one of b bands of r rows with probability 1 - (1 - s^r)^b (Leskovec,
        Rajaraman, Ullman, Mining of Massive Datasets, 3rd ed., section 3.4.2). The bands are the fewest for which
        this is at least 0.99 at s = threshold; the rows are as many as 80 hashes a text allow. At 0.8: 12 bands of 5.
        """
        best = (1, 1)
        for rows in range(1, _MOST_ROWS + 1):
            shared = self.threshold**rows
            bands = 1 if shared == 1 else math.ceil(math.log(1 - RECALL) / math.log(1 - shared))
            if bands * rows <= _MOST_HASHES:
                best = (bands, rows)
        return best
