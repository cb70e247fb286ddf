"""drop_blank: removes rows whose text is a placeholder for no text, such as N/A, null, - or [deleted]."""

from collections.abc import Sequence

import polars as pl

from enrichment_platform.cleaning.device import DeviceMask, DeviceText
from enrichment_platform.cleaning.device_pattern import DevicePattern
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.pattern import WHITE_SPACE

PLACEHOLDERS = (
    *(
        "n/a",
        "na",
        "n.a.",
        "n/a.",
        "#n/a",
        "null",
        "(null)",
        "<null>",
        "none",
        "(none)",
        "nil",
        "nan",
        "undefined",
    ),
    *("not applicable", "blank", "(blank)", "empty", "(empty)", "no text", "[deleted]", "[removed]", "\\n"),
)
MARKS_ONLY = r"^[-._?*/~=]+$"
_MARK_FIRST = DevicePattern(r"^[\-._?*/~=]")

EXAMPLES = [
    (None, None),
    ("My card was declined", None),
    ("no", None),
    ("N/A", "placeholder"),
    (" null \n", "placeholder"),
    ("---", "placeholder"),
    ("[deleted]", "placeholder"),
    ("", None),  # every row without text goes after the last step, with or without this filter
]


def _short(text: DeviceText, *, placeholders: Sequence[str]) -> DeviceMask:
    """Return texts as short as a placeholder (no lower case has fewer characters), and those that begin with a mark."""
    stripped = text.strip(WHITE_SPACE)
    longest = max((len(placeholder.strip().lower()) for placeholder in placeholders), default=0)
    return stripped.chars_at_most(longest) | stripped.contains(_MARK_FIRST)


@operation(
    version=1,
    kind="filter",
    reason="empty_text",
    scope="all",
    gpu=on_host_where(_short),
    examples=EXAMPLES,
)
def drop_blank(column: pl.Series, *, placeholders: Sequence[str] = PLACEHOLDERS) -> pl.Series:
    """Flag texts that are one of `placeholders` (any case, trimmed) or only marks such as `-` and `?`."""
    text = pl.col("text").str.strip_chars()
    known = [placeholder.strip().lower() for placeholder in placeholders]
    blank = text.str.to_lowercase().is_in(known) | text.str.contains(MARKS_ONLY)
    frame = column.alias("text").to_frame()
    return frame.select(pl.when(blank).then(pl.lit("placeholder")).alias("text"))["text"]
