"""max_symbols: removes rows whose text is punctuation and symbols for a large part: ruled tables, broken exports."""

from typing import Annotated

import polars as pl
from pydantic import Field

from enrichment_platform.cleaning.alphabet import symbols_by_code_point
from enrichment_platform.cleaning.buffers import TextBuffers
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

EXAMPLES = [
    (None, None),
    ("", None),
    ("My card was declined!!!", None),
    ("!!! ??? ...", None),
    ("+------+------+ | id   | name | +------+------+", "33 of 47 characters are symbols"),
    ("$%&/( asdf =)(/&%$ #*+~ qwe", "16 of 27 characters are symbols"),
    ("if (a[i] != b[j]) { return f(x, y); }", None),
    ("日本語のテキスト、日本語のテキスト。日本語", None),
]


@operation(
    version=1,
    kind="filter",
    reason="too_many_symbols",
    scope="all",
    gpu=on_host_where(lambda text, *, min_chars, **_: text.chars_above(min_chars - 1)),  # most rows
    examples=EXAMPLES,
)
def max_symbols(
    column: pl.Series,
    *,
    max_share: Annotated[float, Field(ge=0, le=1)] = 0.4,
    min_chars: Annotated[int, Field(ge=1)] = 20,
) -> pl.Series:
    """Flag texts of `min_chars` or more, with more than `max_share` punctuation and symbols in them.

    0.4 is BigScience's cutoff for English (data_tooling, ac_dc/parameters_filtering.py), which counts digits and blanks
    as well, so it removes more; Data-Juicer's default is 0.25 of the same. Gopher's own rules (a tenth as many "#" or
    "..." as words) are about web pages.
    """
    from enrichment_platform.cleaning.alphabet_kernel import counts

    buffers = TextBuffers.of(column)
    found = counts(buffers.data, buffers.offsets, symbols_by_code_point(), 2)
    symbols, chars = pl.col("symbols"), pl.col("symbols") + pl.col("others")
    detail = pl.format("{} of {} characters are symbols", symbols, chars)
    flagged = (chars >= min_chars) & (symbols > chars * max_share)
    frame = pl.DataFrame({"others": found[:, 0], "symbols": found[:, 1]})
    return frame.select(pl.when(flagged).then(detail).alias(column.name)).to_series()
