"""fix_mojibake: repairs text that was decoded with the wrong encoding, once or more often, as ftfy.fix_encoding does.

ftfy's test for mojibake is one regular expression, which takes Python's `re` 100 times as long as Polars' engine: it is
run there, over all rows, and ftfy's repair on the rows that it names. The usual repairs are made without ftfy's search
for the encoding, with the same result.
"""

import re
from functools import cache, lru_cache

import ftfy
import polars as pl
from ftfy.badness import BADNESS_RE, is_bad
from ftfy.chardata import ALTERED_UTF8_RE, CHARMAP_ENCODINGS, UTF8_DETECTOR_RE

from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.guard import TEXT, by_row, where_suspicious
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

EXAMPLES = [
    (None, None),
    ("plain", "plain"),
    ("don\u00e2\u20ac\u2122t", "don’t"),
    ("caf\u00c3\u00a9", "café"),
    ("caf\u00c3\u0192\u00c2\u00a9", "café"),
    ("naïve café – “quoted”", "naïve café – “quoted”"),
    ("Größe 10 €", "Größe 10 €"),
    ("日本 caf\u00c3\u00a9", "日本 café"),
]
_LOSSY = "\x1a\ufffd"  # ftfy reads more into these


@operation(version=1, idempotent=False, needs=Feature.MOJIBAKE, gpu=on_host_where(Feature.MOJIBAKE), examples=EXAMPLES)
def fix_mojibake(column: pl.Series) -> pl.Series:
    """Leave text that shows no sign of it; not idempotent, since a repair can uncover another."""
    return where_suspicious(column, bad(), lambda texts: _repaired(texts, _MOST_ROUNDS))


# A character that none of ftfy's single-byte encodings has: no text with it can be one of them.
_FOREIGN = re.compile(
    "[^\x00-\x7f"
    + "".join(
        re.escape(character)
        for character in sorted(
            {character for name in CHARMAP_ENCODINGS for character in bytes(range(256)).decode(name)}
        )
    )
    + "]"
)
_MOST_ROUNDS = 4  # what is still broken then is left to ftfy, which ends by itself


def _repaired(texts: pl.Series, rounds: int) -> pl.Series:
    if not rounds:
        return by_row(ftfy.fix_encoding)(texts)
    repaired = by_row(_step)(texts)
    changed = pl.lit(repaired.ne_missing(texts))
    return where_suspicious(repaired, changed & bad(), lambda again: _repaired(again, rounds - 1))


@cache
def bad() -> pl.Expr:
    """Return whether a text shows signs of mojibake: `ftfy.badness.is_bad`."""
    return TEXT.str.contains(_for_polars(BADNESS_RE.pattern))


def _for_polars(pattern: str) -> str:
    """Return a verbose pattern of Python's as one for Rust's regex: no blanks, no comments, Python's own classes."""
    out, at, within = [], 0, False
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "\\":
            escaped = pattern[at]
            at += 1
            out.append({"w": r"[\p{L}\p{N}_]", "s": r"[\s\x1c-\x1f]"}.get(escaped, "\\" + escaped))
        elif within:
            within = character != "]"
            out.append(r"\x20" if character == " " else character)
        elif character == "#":
            at = pattern.index("\n", at)
        elif not character.isspace():
            within = character == "["
            out.append(character)
    return "".join(out)


def _step(text: str) -> str:
    """Return what one step of ftfy, or all of them, make of a text with signs of mojibake."""
    octets = _as_windows_1252(text)
    if octets is not None:
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if not _FOREIGN.search(text) and any(_possible(text, encoding) for encoding in CHARMAP_ENCODINGS):
        return ftfy.fix_encoding(text)
    repaired = UTF8_DETECTOR_RE.sub(_embedded, text)
    return repaired if repaired != text else ftfy.fix_encoding(text)


def _as_windows_1252(text: str) -> bytes | None:
    """Return the bytes where they need none of ftfy's special cases: lossy, altered or surrogate sequences."""
    try:
        octets = text.encode("cp1252")
    except UnicodeEncodeError:
        return None
    special = b"\xed" in octets or b"\xc0" in octets or b"\x1a" in octets or ALTERED_UTF8_RE.search(octets)
    return None if special else octets


def _possible(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _embedded(match: re.Match[str]) -> str:
    found = match.group()
    return found if len(found) == len(match.string) else _embedded_repair(found)


@lru_cache(maxsize=10_000)
def _embedded_repair(text: str) -> str:
    return ftfy.fix_encoding(text) if is_bad(text) else text
