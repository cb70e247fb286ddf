"""drop_repetition: removes rows whose text is one unit over and over: a stuck key, a bad paste, a loop."""

from typing import Annotated

import polars as pl
from pydantic import Field

from enrichment_platform.cleaning.guard import TEXT, by_row
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

PROBE_CHARS = 32
PERIODS = 16  # distances tried: a probe may occur more than once inside the unit

EXAMPLES = [
    (None, None),
    ("My card was declined, my card was blocked, my card was eaten, my card was lost.", None),
    ("buy now " * 10, "a unit of 8 characters, 10 times"),
    ("a" * 50, "a unit of 1 characters, 50 times"),
    ("no no no no no", None),
    ("Hello. " + "Where is my order? " * 20, "a unit of 19 characters, 19 times"),
]


@operation(
    version=1,
    kind="filter",
    reason="repetition",
    scope="all",
    # Most rows: the short ones alone are spared.
    gpu=on_host_where(lambda text, *, min_chars, **_: text.chars_above(min_chars - 1)),
    examples=EXAMPLES,
)
def drop_repetition(
    column: pl.Series,
    *,
    min_repeats: Annotated[int, Field(ge=2)] = 6,
    min_chars: Annotated[int, Field(ge=1)] = 30,
    share: Annotated[float, Field(gt=0, le=1)] = 0.8,
) -> pl.Series:
    """Flag texts of `min_chars` or more in which one unit, `min_repeats` times, makes up `share` of it."""
    length = TEXT.str.len_chars()
    size = (length // (2 * min_repeats)).clip(1, PROBE_CHARS)
    middle = TEXT.str.slice(length // 2, size)
    many = TEXT.str.count_matches(middle, literal=True) >= max(2, min_repeats // 2)
    frame = column.alias("text").to_frame()
    suspects = frame.select(pl.when(many & (length >= min_chars)).then(TEXT))["text"]
    return by_row(lambda text: _repetition(text, min_repeats, share))(suspects)


def _repetition(text: str, min_repeats: int, share: float) -> str | None:
    even = " ".join(text.split()) + " "
    start = len(even) // 2
    probe = even[start : start + max(1, min(PROBE_CHARS, len(even) // (2 * min_repeats)))]
    at = start
    for _ in range(PERIODS):
        at = even.find(probe, at + 1)
        if at < 0:
            return None
        unit = even[start:at]
        times = even.count(unit)
        if times >= min_repeats and times * len(unit) >= share * len(even):
            return f"a unit of {len(unit)} characters, {times} times"
    return None
