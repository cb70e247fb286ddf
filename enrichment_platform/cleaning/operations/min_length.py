"""min_length: removes rows whose text is too short to be worth a question."""

from typing import Annotated

import polars as pl
from pydantic import Field

from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.pattern import WHITE_SPACE

EXAMPLES = [
    (None, None),
    ("My card was declined", None),
    ("Refund me!", None),
    ("  Hi  ", "2 characters, fewer than 10"),
    ("日本", "2 characters, fewer than 10"),
    ("", None),
]


@operation(
    version=1,
    kind="filter",
    reason="too_short",
    scope="all",
    gpu=on_host_where(lambda text, *, min_chars: text.strip(WHITE_SPACE).chars_at_most(min_chars - 1)),
    examples=EXAMPLES,
)
def min_length(column: pl.Series, *, min_chars: Annotated[int, Field(ge=1)] = 10) -> pl.Series:
    """Flag texts of fewer than `min_chars` characters, white space at the ends not counted."""
    chars = pl.col("text").str.strip_chars().str.len_chars()
    detail = pl.format(f"{{}} characters, fewer than {min_chars}", chars)
    frame = column.alias("text").to_frame()
    return frame.select(pl.when((chars > 0) & (chars < min_chars)).then(detail).alias("text"))["text"]
