"""truncate_tokens: keeps the head and the tail of a text over a budget of tokens; a marker says what is gone."""

from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from enrichment_platform.cleaning.buffers import Bytes, TextBuffers
from enrichment_platform.cleaning.guard import where_suspicious
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.tokens import BASE, PER_BYTE, PER_DIGITS, UNIT, estimated_tokens

MARKER = ("\n[... about ", " tokens cut ...]\n")
_MOST_PER_BYTE = PER_BYTE + PER_DIGITS  # what a byte can add to the estimate at most

EXAMPLES = [
    (None, None),
    ("short", "short"),
    ("word " * 1_000, "word " * 1_000),
    ("a" * 50_000, "a" * 12_739 + "\n[... about 3863 tokens cut ...]\n" + "a" * 4_244),
]


@operation(
    version=1,
    gpu=on_host_where(
        lambda text, *, max_tokens, **_: text.bytes_above((max_tokens * UNIT - BASE - UNIT) // _MOST_PER_BYTE)
    ),
    examples=EXAMPLES,
)
def truncate_tokens(
    column: pl.Series,
    *,
    max_tokens: Annotated[int, Field(ge=50)] = 2_000,
    head_share: Annotated[float, Field(ge=0, le=1)] = 0.75,
) -> pl.Series:
    """Leave at most `max_tokens` as `estimated_tokens` counts them, the marker included, `head_share` from the start.

    Cuts fall between words where one is near. The estimate is off by some percent (see `tokens`): leave that room.
    """

    def kernel(texts: pl.Series) -> pl.Series:
        from enrichment_platform.cleaning.tokens_kernel import cut, weight

        marker = _octets("9999999999".join(MARKER))  # no number is wider: Int32
        most = max_tokens * UNIT + UNIT // 2 - 1 - BASE - weight(marker, 0, len(marker))
        head = int(most * head_share)
        buffers = TextBuffers.of(texts)
        opening, closing = (_octets(part) for part in MARKER)
        return TextBuffers(*cut(buffers.data, buffers.offsets, head, most - head, opening, closing)).series(texts)

    over = pl.lit(estimated_tokens(column) > max_tokens)
    return where_suspicious(column, over, kernel)


def _octets(text: str) -> Bytes:
    return np.frombuffer(text.encode(), np.uint8)
