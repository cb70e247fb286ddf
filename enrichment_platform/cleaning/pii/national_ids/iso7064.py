"""The German Steuer-ID: eleven digits, ISO 7064 MOD 11,10; it has to be named.

Of the first ten digits one occurs two or three times, and the first is not 0 (Bundeszentralamt fuer Steuern,
"Steuerliche Identifikationsnummer", Abgabenordnung 139b).
"""

import re

from enrichment_platform.cleaning.pii.national_ids.written import Written, named


def steuer_id_holds(digits: str) -> bool:
    """Return whether the digits repeat as they must and the check digit holds."""
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    if digits[0] == "0" or counts[-1] not in (2, 3) or counts[:-1] != [1] * (len(counts) - 1):
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


WRITTEN = (
    Written(
        re.compile(r"[0-9]{11}|[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}"),
        steuer_id_holds,
        naming=named("steuer-?id|steuer(?:liche )?-?identifikationsnummer|idnr|tin"),
    ),
)
