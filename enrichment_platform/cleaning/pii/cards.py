"""Payment card numbers: issuer range, length and Luhn check digit (ISO/IEC 7812)."""

import re

from enrichment_platform.cleaning.pii.boundary import Span, begins_digits, stands_alone

CANDIDATE = re.compile(
    r"[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}|[0-9]{4}(?:[ -][0-9]{4}){2,3}(?:[ -][0-9]{1,3})?|[0-9]{12,19}"
)


def find_card(text: str, at: int, _floor: int) -> Span | None:
    """Return where the card number is that begins at the position."""
    match = CANDIDATE.match(text, at) if begins_digits(text, at) else None
    if match is None:
        return None
    found = match.group()
    for end in sorted({len(found), *(gap.start() for gap in re.finditer("[ -]", found))}, reverse=True):
        digits = found[:end].replace(" ", "").replace("-", "")
        if _is_card(digits) and stands_alone(text, at, at + end, "-."):
            return at, at + end
    return None


def _is_card(digits: str) -> bool:
    return _issued(digits) and luhn_holds(digits)


def _issued(digits: str) -> bool:
    length, two, four = len(digits), int(digits[:2]), int(digits[:4])
    return (
        (digits[0] == "4" and length in (13, 16, 19))  # Visa
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and length == 16)  # Mastercard
        or (two in (34, 37) and length == 15)  # American Express
        or (two in (30, 36, 38, 39) and 14 <= length <= 19)  # Diners Club
        or (four in (2131, 1800) and length == 15)  # JCB, older
        or (two == 35 and 16 <= length <= 19)  # JCB
        or ((two == 50 or 56 <= two <= 69) and 12 <= length <= 19)  # Maestro, Discover, UnionPay
    )


def luhn_holds(digits: str) -> bool:
    """Return whether the last digit is the Luhn check digit of the others."""
    doubled = (int(digit) * (1 + number % 2) for number, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
