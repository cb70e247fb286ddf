"""US social security and taxpayer numbers (AAA-GG-SSSS), by the ranges that are never given out.

Source: Social Security Administration, POMS RM 10201.035: no area 000 or 666, no group 00, no serial 0000. An area of
9xx is none of theirs either, but the IRS gives taxpayer numbers there (ITIN), and specimens are taken from it.
"""

import re

from enrichment_platform.cleaning.pii.boundary import Span, begins_digits, is_named, label, stands_alone

WRITTEN = re.compile(r"([0-9]{3})[ -]?([0-9]{2})[ -]?([0-9]{4})")
HYPHENED = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")
NAMED = label(r"ssn|social security(?: number| no| #)?|itin|taxpayer identification", r"[^0-9\n\0]{0,20}")


def find_ssn(text: str, at: int, _floor: int) -> Span | None:
    """Return where the number is that begins at the position; without hyphens only where the text names it."""
    match = WRITTEN.match(text, at) if begins_digits(text, at) else None
    if match is None or not _given_out(*match.groups()) or not stands_alone(text, at, match.end(), "-."):
        return None
    return match.span() if HYPHENED.fullmatch(match.group()) or is_named(NAMED, text, at) else None


def _given_out(area: str, group: str, serial: str) -> bool:
    return area not in ("000", "666") and group != "00" and serial != "0000"
