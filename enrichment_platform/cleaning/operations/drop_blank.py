"""drop_blank: removes rows whose text is a placeholder for no text, such as N/A, null, - or [deleted]."""

from collections.abc import Sequence

import polars as pl

from enrichment_platform.cleaning.operation import operation

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


@operation(version=1, kind="filter", reason="empty_text", scope="all", examples=EXAMPLES)
def drop_blank(column: pl.Series, *, placeholders: Sequence[str] = PLACEHOLDERS) -> pl.Series:
    """Flag texts that are one of `placeholders` (any case, trimmed) or only marks such as `-` and `?`."""
    text = pl.col("text").str.strip_chars()
    known = [placeholder.strip().lower() for placeholder in placeholders]
    blank = text.str.to_lowercase().is_in(known) | text.str.contains(MARKS_ONLY)
    frame = column.alias("text").to_frame()
    return frame.select(pl.when(blank).then(pl.lit("placeholder")).alias("text"))["text"]
