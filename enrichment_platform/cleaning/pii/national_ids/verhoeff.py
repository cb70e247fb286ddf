"""The Indian Aadhaar number: twelve digits, the first neither 0 nor 1, Verhoeff's check digit; it has to be named.

Sources: UIDAI, "A UID Numbering Scheme" (2010); J. Verhoeff, "Error Detecting Decimal Codes" (1969).
"""

import re

from enrichment_platform.cleaning.pii.national_ids.written import Written, named

_TURNED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)  # the permutation of a place, applied once more with each place


def _product(left: int, right: int) -> int:
    """Multiply in the dihedral group of the pentagon: 0 to 4 are turns, 5 to 9 reflections."""
    if left < 5:
        return (left + right) % 5 if right < 5 else 5 + (left + right) % 5
    return 5 + (left - right) % 5 if right < 5 else (left - right) % 5


def verhoeff_holds(digits: str) -> bool:
    """Return whether the last digit is Verhoeff's check digit of the others."""
    check = 0
    for place, character in enumerate(reversed(digits)):
        digit = int(character)
        for _ in range(place % 8):
            digit = _TURNED[digit]
        check = _product(check, digit)
    return check == 0


WRITTEN = (
    Written(
        re.compile(r"[2-9][0-9]{3}([ -]?)[0-9]{4}\1[0-9]{4}"),
        verhoeff_holds,
        naming=named("aadhaa?r|uid"),
    ),
)
