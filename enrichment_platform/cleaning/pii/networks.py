"""IP addresses, version 4 and 6; version numbers, times and loopback addresses are none."""

import ipaddress
import re

from enrichment_platform.cleaning.pii.boundary import WORD, stands_alone

V4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
V6 = re.compile(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:\.[0-9]{1,3}){3})?")
VERSION = re.compile(
    r"(?:versions?|release[sd]?|before|prior to|through|until|up to|upgrade to|v|==|[<>]=?|~=|to"
    r"|and|or|in|from)[ :=]*(?:[0-9]+(?:\.[0-9]+)*,? (?:and|or|to|-)? ?)?$",
    re.IGNORECASE | re.ASCII,
)
VERSION_NUMBERS = range(100)  # four such numbers after a word such as `before` are a version


def ips_masked(text: str) -> str:
    """Return the text with addresses as [IP]."""
    return V6.sub(_masked, V4.sub(_masked_v4, text))


def _masked_v4(match: re.Match[str]) -> str:
    if not stands_alone(match, match.start(), match.end(), ".-_", WORD):
        return match.group()
    before = match.string[max(0, match.start() - 40) : match.start()]
    numbers = [int(part) for part in match.group().split(".")]
    if all(number in VERSION_NUMBERS for number in numbers) and VERSION.search(before):
        return match.group()
    return _masked(match)


def _masked(match: re.Match[str]) -> str:
    found = match.group()
    if not stands_alone(match, match.start(), match.end(), ":."):
        return found
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return found
    named = address.version == 6 and (len(found.replace(":", "")) < 4 or not any(c.isdigit() for c in found))
    return found if named or address.is_loopback or address.is_unspecified else "[IP]"
