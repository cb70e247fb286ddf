"""The French NIR ("numero de securite sociale"): 13 characters and 97 less their remainder by 97.

Sex, year and month of birth, department (2A and 2B count as 19 and 18), commune, order, key (Insee, "Numero de securite
sociale"; Code de la securite sociale R161-1).
"""

import re

from enrichment_platform.cleaning.pii.national_ids.written import Written

_MONTHS = frozenset([*range(1, 13), *range(20, 43), *range(50, 100)])  # beyond 12: the month was not known


def nir_holds(compact: str) -> bool:
    """Return whether month and key hold."""
    number = int(compact[:13].replace("2A", "19").replace("2B", "18"))
    return int(compact[3:5]) in _MONTHS and 97 - number % 97 == int(compact[13:])


_PARTS = ("[1278]", "[0-9]{2}", "[0-9]{2}", "(?:[0-9]{2}|2[AB])", "[0-9]{3}", "[0-9]{3}", "[0-9]{2}")
WRITTEN = (Written(re.compile("".join(_PARTS) + "|" + "[ .-]".join(_PARTS)), nir_holds),)
