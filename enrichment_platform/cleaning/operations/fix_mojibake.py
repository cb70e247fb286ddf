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
from ftfy.chardata import ALTERED_UTF8_RE, CHARMAP_ENCODINGS, LOSSY_UTF8_RE, UTF8_CLUES

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
_FIRST = {size: UTF8_CLUES[f"utf8_first_of_{size}"] for size in (2, 3, 4)}
_NEXT, _STRICT = UTF8_CLUES["utf8_continuation"], UTF8_CLUES["utf8_continuation_strict"]
_UNITS = "|".join(f"[{first}][{_NEXT}]{{{size - 1}}}" for size, first in _FIRST.items())
_REST = "|".join(f"(?<=[{first}])[{_NEXT}]{{{size - 1}}}" for size, first in _FIRST.items())
# ftfy's UTF8_DETECTOR_RE, written so that Python skips to the next first character: the same matches, 5 times as fast.
DETECTOR = re.compile(rf"[{''.join(_FIRST.values())}](?<![{_STRICT}][\s\S])(?:{_REST})(?:{_UNITS})*")
_CUT_SHORT = re.compile(b"[\xc2-\xf4][\x80-\xbf]{0,2}[ ?]")  # in whatever ALTERED_UTF8_RE or LOSSY_UTF8_RE match
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
    if not _FOREIGN.search(text):
        if "\x1a" in text:
            return ftfy.fix_encoding(text)
        for encoding in CHARMAP_ENCODINGS:
            try:
                octets = text.encode(encoding)
            except UnicodeEncodeError:
                continue
            if is_special(octets):
                return ftfy.fix_encoding(text)
            try:
                return octets.decode("utf-8")
            except UnicodeDecodeError:
                pass
    repaired = DETECTOR.sub(_embedded, text)
    return repaired if repaired != text else ftfy.fix_encoding(text)


def is_special(octets: bytes) -> bool:
    """Return whether ftfy repairs the bytes before it decodes them: altered, lossy or surrogate sequences."""
    if b"\xed" in octets or b"\xc0" in octets or b"\x1a" in octets:
        return True
    if not _CUT_SHORT.search(octets):
        return False
    return bool(ALTERED_UTF8_RE.search(octets) or LOSSY_UTF8_RE.search(octets))


def _embedded(match: re.Match[str]) -> str:
    found = match.group()
    return found if len(found) == len(match.string) else _embedded_repair(found)


@lru_cache(maxsize=10_000)
def _embedded_repair(text: str) -> str:
    return ftfy.fix_encoding(text) if is_bad(text) else text
