"""collapse_whitespace: one space where there were many, at most one empty line, nothing at the ends."""

from collections.abc import Callable

import polars as pl

from enrichment_platform.cleaning.guard import TEXT, where_suspicious
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.pattern import SPACES

ODD = SPACES.replace(" ", "")
SUSPICIOUS = TEXT.str.contains(rf"  |[{ODD}\x0d]| \n|\n |\n\n\n|^[ \n]|[ \n]$")
LINE = TEXT.str.contains("\n", literal=True)

EXAMPLES = [
    (None, None),
    ("one two\nthree", "one two\nthree"),
    ("  one \t two\u00a0three \n", "one two three"),
    ("one  \r\n\r\n \n\n  two", "one\n\ntwo"),
    ("\u3000wide\u2003space", "wide space"),
    (" \n\t", ""),
]


@operation(version=1, examples=EXAMPLES)
def collapse_whitespace(column: pl.Series, *, keep_newlines: bool = True) -> pl.Series:
    """Join runs of blanks of any script; with `keep_newlines: false` the text becomes one line."""
    return where_suspicious(column, SUSPICIOUS if keep_newlines else SUSPICIOUS | LINE, _collapse(keep_newlines))


def _collapse(keep_newlines: bool) -> Callable[[pl.Series], pl.Series]:
    def kernel(texts: pl.Series) -> pl.Series:
        if not keep_newlines:
            return texts.str.replace_all(rf"[{SPACES}\x0d\n]+", " ").str.strip_chars(" ")
        lines = texts.str.replace_all(r"\x0d\n?", "\n").str.replace_all(rf"[{SPACES}]+", " ")
        return lines.str.replace_all(r" ?\n ?", "\n").str.replace_all(r"\n{3,}", "\n\n").str.strip_chars(" \n")

    return kernel
