"""collapse_whitespace: one space where there were many, at most one empty line, nothing at the ends."""

import polars as pl

from enrichment_platform.cleaning.buffers import TextBuffers
from enrichment_platform.cleaning.device import DeviceText
from enrichment_platform.cleaning.device_pattern import DevicePattern
from enrichment_platform.cleaning.feature import Feature, by_code_point
from enrichment_platform.cleaning.feature_patterns import feature_pattern
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.pattern import SPACES

_SPACES = DevicePattern(rf"[{SPACES}]+", "replace")
_BLANKS = DevicePattern(rf"[{SPACES}\n\r]+", "replace")
_EMPTY_LINES = DevicePattern(r"\n{3,}", "replace")

EXAMPLES = [
    (None, None),
    ("one two\nthree", "one two\nthree"),
    ("  one \t two\u00a0three \n", "one two three"),
    ("one  \r\n\r\n \n\n  two", "one\n\ntwo"),
    ("\u3000wide\u2003space", "wide space"),
    (" \n\t", ""),
]


def _on_gpu(text: DeviceText, *, keep_newlines: bool) -> DeviceText:
    """Runs of one class, and pairs of characters: what is replaced is the same in every engine."""
    needs = Feature.BLANKS if keep_newlines else Feature.BLANKS | Feature.LINES
    return text.where(text.contains(feature_pattern(needs)), _with_lines if keep_newlines else _one_line)


def _one_line(text: DeviceText) -> DeviceText:
    return text.replace(_BLANKS, " ").strip(" ")


def _with_lines(text: DeviceText) -> DeviceText:
    spaced = text.replace_literal("\r\n", "\n").replace_literal("\r", "\n").replace(_SPACES, " ")
    lines = spaced.replace_literal(" \n", "\n").replace_literal("\n ", "\n")
    return lines.replace(_EMPTY_LINES, "\n\n").strip(" \n")


@operation(version=1, needs=Feature.BLANKS | Feature.LINES, gains=Feature.MOJIBAKE, gpu=_on_gpu, examples=EXAMPLES)
def collapse_whitespace(column: pl.Series, *, keep_newlines: bool = True) -> pl.Series:
    """Join runs of blanks of any script; with `keep_newlines: false` the text becomes one line."""

    from enrichment_platform.cleaning.operations.collapse_whitespace_kernel import collapse

    buffers = TextBuffers.of(column)
    return TextBuffers(*collapse(buffers.data, buffers.offsets, by_code_point(), keep_newlines)).series(column)
