"""IP addresses, version 4 and 6; version numbers, times and loopback addresses are none."""

import ipaddress
import re
import string

from enrichment_platform.cleaning.pii.boundary import WORD, Span, begins_digits, stands_alone

V4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
V6 = re.compile(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:\.[0-9]{1,3}){3})?")
VERSION = re.compile(
    r"(?:versions?|release[sd]?|before|prior to|through|until|up to|upgrade to|v|==|[<>]=?|~=|to"
    r"|and|or|in|from)[ :=`'\"]*(?:[0-9]+(?:\.[0-9]+)*,? (?:and|or|to|-)? ?)?\Z",
    re.IGNORECASE | re.ASCII,
)
VERSION_NUMBERS = range(100)  # four such numbers after a word such as `before` are a version
VERSION_REACH = 40
GROUP = 4  # hexadecimal digits between two colons


def find_ip(text: str, at: int, _floor: int) -> Span | None:
    """Return where the address is: version 4 from its first digit, version 6 by its first colon."""
    return _find_v6(text, at) if text[at] == ":" else _find_v4(text, at)


def _find_v4(text: str, at: int) -> Span | None:
    match = V4.match(text, at) if begins_digits(text, at) else None
    if match is None or not stands_alone(text, at, match.end(), ".-_", WORD):
        return None
    numbers = [int(part) for part in match.group().split(".")]
    if all(number in VERSION_NUMBERS for number in numbers) and VERSION.search(text, max(0, at - VERSION_REACH), at):
        return None
    return match.span() if _is_masked(match.group()) else None


def _find_v6(text: str, at: int) -> Span | None:
    start = at
    while start and at - start <= GROUP and text[start - 1] in string.hexdigits:
        start -= 1
    if start and text[start - 1] == ":":  # a later colon of what has been looked at
        return None
    for first in (start, at + 1):  # `IP:2001:db8::1`, `added:2001:db8::1`: the first colon ends a word
        match = V6.match(text, first)
        if match:
            for end in (match.end(), match.end() - 1):
                if stands_alone(text, first, end, ":.-") and _is_masked(text[first:end]):
                    return first, end
    return None


def _is_masked(found: str) -> bool:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return False
    named = address.version == 6 and (len(found.replace(":", "")) < 4 or not any(c.isdigit() for c in found))
    return not (named or address.is_loopback or address.is_unspecified)
