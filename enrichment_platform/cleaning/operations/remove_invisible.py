"""remove_invisible: takes out control, zero-width and bidi characters; every line break becomes \\n."""

import polars as pl

from enrichment_platform.cleaning.device import DeviceText
from enrichment_platform.cleaning.device_pattern import DevicePattern
from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.feature_patterns import feature_pattern
from enrichment_platform.cleaning.guard import TEXT, where_suspicious
from enrichment_platform.cleaning.operation import operation

ANSI = r"\x1b\[[0-9;?]*[ -/]*[@-~]"
BREAK = r"\x0b\x0c\x0d\x85\x{2028}\x{2029}"
BREAKS = rf"\x0d\n|[{BREAK}]"
INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\x{034f}\x{061c}\x{180e}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}"
    r"\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}\x{e0000}-\x{e007f}]+"
)
# One variation selector styles a character; a run of them can only hide something.
SELECTOR = r"\x{fe00}-\x{fe0f}\x{e0100}-\x{e01ef}"
SELECTORS = rf"[{SELECTOR}]{{2,}}"
# Joiners belong to Persian and Indic words and to emoji families; next to ASCII or at an end they do nothing.
JOINERS_AFTER = r"(^|[\x00-\x7f])[\x{200c}\x{200d}]+"
JOINERS_BEFORE = r"[\x{200c}\x{200d}]+([\x00-\x7f]|$)"

SUSPICIOUS = TEXT.str.contains(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\x{034f}\x{061c}\x{180e}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}"
    r"\x{fe00}-\x{fe0f}\x{feff}\x{fff9}-\x{fffb}\x{e0000}-\x{e007f}\x{e0100}-\x{e01ef}]"
)

# What the GPU can take out is single characters: rows where neighbours count go to the host.
_FOR_HOST = DevicePattern(rf"[\x00\x1b\x{{200c}}\x{{200d}}{SELECTOR}]")
_BREAK = DevicePattern(f"[{BREAK}]", "replace")
_INVISIBLE = DevicePattern(INVISIBLE, "replace")

EXAMPLES = [
    (None, None),
    ("a\tb\nc", "a\tb\nc"),
    ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
    ("zero\u200bwidth\u00ad \ufeffmark\x00", "zerowidth mark"),
    ("\x1b[31mred\x1b[0m", "red"),
    ("abc\u202edef", "abcdef"),
    ("a\u200db", "ab"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("👨\u200d👩\u200d👧 ❤\ufe0f", "👨\u200d👩\u200d👧 ❤\ufe0f"),
    ("x\U000e0041\U000e0042\ufe01\ufe02", "x"),
]


def _on_gpu(text: DeviceText) -> DeviceText:
    for_host = text.contains(_FOR_HOST)
    here = text.contains(feature_pattern(Feature.INVISIBLE)) & ~for_host
    return text.where(here, _visible_on_gpu).on_host(for_host, remove_invisible)


def _visible_on_gpu(text: DeviceText) -> DeviceText:
    return text.replace_literal("\r\n", "\n").replace(_BREAK, "\n").replace(_INVISIBLE, "")


@operation(version=1, needs=Feature.INVISIBLE, gpu=_on_gpu, examples=EXAMPLES)
def remove_invisible(column: pl.Series) -> pl.Series:
    """Keep \\n, \\t, joiners inside non-Latin words and emoji; ANSI colour codes go whole."""
    return where_suspicious(column, SUSPICIOUS, _visible)


def _visible(texts: pl.Series) -> pl.Series:
    kept = texts.str.replace_all(ANSI, "").str.replace_all(BREAKS, "\n").str.replace_all(INVISIBLE, "")
    kept = kept.str.replace_all(SELECTORS, "")
    return kept.str.replace_all(JOINERS_AFTER, "${1}").str.replace_all(JOINERS_BEFORE, "${1}")
