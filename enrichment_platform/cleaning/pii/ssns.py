"""US social security and taxpayer numbers (AAA-GG-SSSS), by the ranges that are never given out."""

import re

from enrichment_platform.cleaning.pii.boundary import stands_alone

HYPHENED = re.compile(r"([0-9]{3})-([0-9]{2})-([0-9]{4})")
NAMED = re.compile(
    r"((?:ssn|social security(?: number| no| #)?|itin)[^0-9\n]{0,20})"
    r"([0-9]{3})[ -]?([0-9]{2})[ -]?([0-9]{4})",
    re.IGNORECASE | re.ASCII,
)


def ssns_masked(text: str) -> str:
    """Return the text with numbers as [SSN]; without hyphens only where the text names them."""
    return HYPHENED.sub(_masked, NAMED.sub(_masked_named, text))


def _masked(match: re.Match[str]) -> str:
    alone = stands_alone(match, match.start(), match.end(), "-.")
    return "[SSN]" if alone and _given_out(*match.groups()) else match.group()


def _masked_named(match: re.Match[str]) -> str:
    label, *parts = match.groups()
    alone = stands_alone(match, match.start(2), match.end(), "-.")
    return f"{label}[SSN]" if alone and _given_out(*parts) else match.group()


def _given_out(area: str, group: str, serial: str) -> bool:
    return area not in ("000", "666") and group != "00" and serial != "0000"
