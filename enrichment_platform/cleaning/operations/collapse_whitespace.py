"""collapse_whitespace: one space where there were many, at most one empty line, nothing at the ends."""

import polars as pl

from enrichment_platform.cleaning.buffers import TextBuffers
from enrichment_platform.cleaning.feature import Feature, by_code_point
from enrichment_platform.cleaning.operation import operation

EXAMPLES = [
    (None, None),
    ("one two\nthree", "one two\nthree"),
    ("  one \t two\u00a0three \n", "one two three"),
    ("one  \r\n\r\n \n\n  two", "one\n\ntwo"),
    ("\u3000wide\u2003space", "wide space"),
    (" \n\t", ""),
]


@operation(version=1, needs=Feature.BLANKS | Feature.LINES, examples=EXAMPLES)
def collapse_whitespace(column: pl.Series, *, keep_newlines: bool = True) -> pl.Series:
    """Join runs of blanks of any script; with `keep_newlines: false` the text becomes one line."""

    from enrichment_platform.cleaning.operations.collapse_whitespace_kernel import collapse

    buffers = TextBuffers.of(column)
    return TextBuffers(*collapse(buffers.data, buffers.offsets, by_code_point(), keep_newlines)).series(column)
