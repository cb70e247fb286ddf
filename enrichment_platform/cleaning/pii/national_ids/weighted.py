"""Numbers checked by a weighted sum: UK NHS, Dutch BSN, Polish PESEL, Brazilian CPF, Swiss AHV.

- NHS number: weights 10 to 2, 11 less the remainder by 11 (NHS Data Model and Dictionary, "NHS Number").
- BSN: weights 9 to 2 and -1, divisible by 11 ("elfproef"; Logisch Ontwerp BSN, Rijksdienst voor Identiteitsgegevens).
- PESEL: weights 1, 3, 7, 9, divisible by 10 with the last digit; the date of birth has its century in the month
  (Ustawa o ewidencji ludnosci of 24 September 2010, art. 15).
- CPF: two digits, weights 10 to 2 and 11 to 2, modulo 11 (Receita Federal do Brasil).
- AHV: 756 and nine digits, check digit as of an EAN-13: weights 1, 3 (Federal Social Insurance Office, "AHV-Nummer").

Only CPF with its marks and AHV with or without its points stand out from other numbers; the others have to be named.
"""

import re
from collections.abc import Iterable

from enrichment_platform.cleaning.pii.national_ids.written import Written, named


def _sum(digits: str, weights: Iterable[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def nhs_holds(digits: str) -> bool:
    """Return whether the tenth digit checks the nine before."""
    return (11 - _sum(digits, range(10, 1, -1)) % 11) % 11 == int(digits[9]) if len(set(digits)) > 1 else False


def bsn_holds(digits: str) -> bool:
    """Return whether the weighted sum of nine digits is divisible by 11."""
    return int(digits) > 0 and _sum(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def pesel_holds(digits: str) -> bool:
    """Return whether the check digit and the date of birth hold."""
    dated = 1 <= int(digits[2:4]) % 20 <= 12 and 1 <= int(digits[4:6]) <= 31
    return dated and _sum(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def cpf_holds(digits: str) -> bool:
    """Return whether both check digits hold; eleven times the same digit is none."""
    first = _sum(digits, range(10, 1, -1)) * 10 % 11 % 10
    second = _sum(digits, range(11, 1, -1)) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[9:] == f"{first}{second}"


def ahv_holds(digits: str) -> bool:
    """Return whether the last of 13 digits makes the sum divisible by 10."""
    return _sum(digits, (1, 3) * 6 + (1,)) % 10 == 0


WRITTEN = (
    Written(re.compile(r"[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{4}"), nhs_holds, naming=named("nhs")),
    Written(
        re.compile(r"[0-9]{9}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}|[0-9]{3} [0-9]{3} [0-9]{3}"),
        bsn_holds,
        naming=named("bsn|burgerservice|sofi"),
    ),
    Written(re.compile(r"[0-9]{11}"), pesel_holds, naming=named("pesel")),
    Written(re.compile(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"), cpf_holds),
    Written(re.compile(r"[0-9]{11}"), cpf_holds, naming=named("cpf|cadastro de pessoas? f[iíÍ]sicas?")),
    Written(re.compile(r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}|756[0-9]{10}"), ahv_holds),
)
