"""max_length: removes rows whose text is longer than it may be, where a cut text would be worse than none."""

from typing import Annotated

import polars as pl
from pydantic import Field

from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

EXAMPLES = [
    (None, None),
    ("", None),
    ("My card was declined", None),
    ("ä" * 100_000, None),
    ("ab" * 50_001, "100002 characters, more than 100000"),
]


@operation(
    version=1,
    kind="filter",
    reason="too_long",
    gpu=on_host_where(lambda text, *, max_chars: text.chars_above(max_chars)),
    examples=EXAMPLES,
)
def max_length(column: pl.Series, *, max_chars: Annotated[int, Field(ge=1)] = 100_000) -> pl.Series:
    """Flag texts of more than `max_chars` characters; any one text column that is too long takes the row out."""
    chars = pl.col("text").str.len_chars()
    detail = pl.format(f"{{}} characters, more than {max_chars}", chars)
    return column.alias("text").to_frame().select(pl.when(chars > max_chars).then(detail).alias("text"))["text"]
