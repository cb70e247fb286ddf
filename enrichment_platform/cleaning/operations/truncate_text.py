"""truncate_text: keeps the head and the tail of a long text; a marker says how much is missing."""

from typing import Annotated

import polars as pl
from pydantic import Field

from enrichment_platform.cleaning.guard import TEXT, where_suspicious
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

MARKER = ("\n[... ", " characters cut ...]\n")
MARKER_CHARS = len("".join(MARKER)) + 12  # room for the number

EXAMPLES = [
    (None, None),
    ("short", "short"),
    ("h" * 6_000 + "t" * 6_000, "h" * 5_970 + "\n[... 4039 characters cut ...]\n" + "t" * 1_991),
]


@operation(
    version=1,
    gpu=on_host_where(lambda text, *, max_chars, **_: text.chars_above(max_chars)),
    examples=EXAMPLES,
)
def truncate_text(
    column: pl.Series,
    *,
    max_chars: Annotated[int, Field(ge=100)] = 8_000,
    head_share: Annotated[float, Field(ge=0, le=1)] = 0.75,
) -> pl.Series:
    """Leave at most `max_chars` characters, the marker included; `head_share` of them from the start."""
    kept = max_chars - MARKER_CHARS
    head = int(kept * head_share)
    tail = kept - head

    def cut(texts: pl.Series) -> pl.Series:
        text = pl.col("text")
        missing = (text.str.len_chars() - kept).cast(pl.String)
        parts = (text.str.head(head), pl.lit(MARKER[0]), missing, pl.lit(MARKER[1]), text.str.tail(tail))
        return texts.alias("text").to_frame().select(pl.concat_str(parts))["text"]

    return where_suspicious(column, TEXT.str.len_chars() > max_chars, cut)
