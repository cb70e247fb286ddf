"""The features of a text as patterns for the GPU: each finds every text with the feature, and may find a few more."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from enrichment_platform.cleaning.device_pattern import DevicePattern
from enrichment_platform.cleaning.feature import Feature, by_code_point

_CLOSE = 0x80  # code points: gaps of a set that are closed, so that a class has dozens of ranges, not thousands
_SURROGATES = range(0xD800, 0xE000)

# What more than one character shows; the rest is what one code point shows (`by_code_point`).
_SEQUENCES = {
    Feature.MOJIBAKE: r"[\x{80}-\x{10ffff}]",  # the pairs of `badness` are too many for a pattern
    Feature.MARKUP: "<[A-Za-z/!]|&[A-Za-z#]",
    Feature.BLANKS: r"  |\n | \n|\n\n\n|^[ \n]|[ \n]$",
    Feature.LINK: r"://|[wW][wW]\.",
}


@cache
def feature_pattern(needs: Feature) -> DevicePattern:
    """Return a pattern that matches every text with any of the features.

    Raises:
        ValueError: No feature is given: every text is meant.
    """
    if not needs:
        raise ValueError("Feature.NONE means every text: there is no pattern for it")
    return DevicePattern("|".join(_alternatives(needs)))


def class_of(ranges: Iterable[tuple[int, int]]) -> str:
    """Return a class of code point ranges, ends included, as Polars reads it."""
    parts = (f"\\x{{{first:x}}}" + (f"-\\x{{{last:x}}}" if last > first else "") for first, last in ranges)
    return f"[{''.join(parts)}]"


def _alternatives(needs: Feature) -> Iterable[str]:
    yield from (pattern for feature, pattern in _SEQUENCES.items() if feature & needs)
    codes = np.flatnonzero(by_code_point() & np.uint16(needs))
    if len(codes):
        yield class_of(_ranges(codes, _CLOSE if Feature.NOT_NFC & needs else 1))


def _ranges(codes: np.ndarray[Any, np.dtype[np.int64]], close: int) -> list[tuple[int, int]]:
    """Return ranges that cover sorted code points; those at most `close` apart are joined, ends are no surrogates."""
    starts = np.flatnonzero(np.diff(codes, prepend=codes[0] - close - 1) > close)
    ends = np.append(starts[1:], len(codes)) - 1
    ranges = []
    for start, end in zip(codes[starts].tolist(), codes[ends].tolist(), strict=True):
        first = _SURROGATES.stop if start in _SURROGATES else start
        last = _SURROGATES.start - 1 if end in _SURROGATES else end
        if first <= last:
            ranges.append((first, last))
    return ranges
