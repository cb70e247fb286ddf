"""Numbers with a Luhn check digit: Canadian SIN, Swedish personnummer.

- SIN: nine digits, the first neither 0 nor 8 as far as given out to persons (Employment and Social Development Canada);
  0 is accepted, as in the government's own examples. It has to be named.
- Personnummer: date of birth, `-` (`+` from the age of 100) and four digits, Luhn over the last ten; 60 is added to the
  day of a coordination number (Skatteverket, SKV 704 and SKV 707). Without the sign it has to be named.
"""

import re

from enrichment_platform.cleaning.pii.cards import luhn_holds
from enrichment_platform.cleaning.pii.national_ids.written import Written, named


def sin_holds(digits: str) -> bool:
    """Return whether nine digits are a SIN."""
    return digits[0] != "8" and int(digits) > 0 and luhn_holds(digits)


def personnummer_holds(digits: str) -> bool:
    """Return whether ten or twelve digits begin with a date of birth and the check digit holds."""
    short = digits[-10:]
    day = int(short[4:6])
    return 1 <= int(short[2:4]) <= 12 and 1 <= (day - 60 if day > 60 else day) <= 31 and luhn_holds(short)


WRITTEN = (
    Written(re.compile(r"[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{3}"), sin_holds, naming=named("sin|social insurance")),
    Written(re.compile(r"(?:19|20)?[0-9]{6}[-+][0-9]{4}"), personnummer_holds),
    Written(
        re.compile(r"(?:19|20)?[0-9]{10}"),
        personnummer_holds,
        naming=named("personn(?:ummer|r|umret)|person(?:al)? identity|samordningsn(?:ummer|r)"),
    ),
)
