"""Numbers with letters in them: UK NINO, Spanish DNI and NIE, Italian codice fiscale.

- NINO: two letters, six digits, A to D; no check digit, so prefixes that are never given out are refused
  (HMRC, National Insurance Manual NIM39110).
- DNI, NIE: number modulo 23 gives the letter; X, Y, Z of a NIE stand for 0, 1, 2 (Ministerio del Interior, "Calculo
  del digito de control del NIF-NIE"; Orden INT/2058/2008).
- Codice fiscale: 16 characters, the last from two tables by odd and even place (Decreto ministeriale 23 December 1976,
  n. 13813); digits may be replaced by letters where two persons would share a code, such codes are not looked for.
"""

import re

from enrichment_platform.cleaning.pii.national_ids.written import Written, named

_NEVER = frozenset(("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"))
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def nino_holds(compact: str) -> bool:
    """Return whether the two letters are a prefix that may be given out."""
    return compact[:2] not in _NEVER and compact[0] not in "DFIQUV" and compact[1] not in "DFIOQUV"


def dni_holds(compact: str) -> bool:
    """Return whether the last letter is that of the number, of a DNI or a NIE."""
    digits = compact[:-1].translate(str.maketrans("XYZ", "012"))
    return compact[-1] == _DNI_LETTERS[int(digits) % 23]


def codice_fiscale_holds(compact: str) -> bool:
    """Return whether the last letter is the check character of the 15 before."""
    values = [int(character, 36) - 10 * character.isalpha() for character in compact[:15]]
    total = sum(value if place % 2 else _ODD[value] for place, value in enumerate(values))
    return compact[15] == _ALPHABET[total % 26]


_NINO = r"[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"
WRITTEN = (
    Written(re.compile(_NINO), nino_holds, (2, 3)),
    Written(re.compile(_NINO, re.IGNORECASE | re.ASCII), nino_holds, (2, 3), named("nino|national insurance|ni")),
    Written(re.compile(r"[0-9]{8}[ -]?[A-Z]|[0-9]{2}\.[0-9]{3}\.[0-9]{3}-?[A-Z]"), dni_holds),
    Written(re.compile(r"[XYZ]-?[0-9]{7}-?[A-Z]"), dni_holds, (1, 2)),
    Written(
        re.compile(r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]", re.IGNORECASE | re.ASCII),
        codice_fiscale_holds,
        (6,),
    ),
)
