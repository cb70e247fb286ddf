"""Personal identifiers in plain Python, for the baselines: shapes as regular expressions, and their checks."""

from __future__ import annotations

import re

from benchmarks.cleaning_rows import is_ip

EMAIL = (
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}"
)
MAY_BE = {  # what a text must contain before the costly pattern is tried, in RE2's and Python's dialect
    "iban": r"[A-Za-z]{2}[0-9]{2}[ -]?[A-Za-z0-9]{4}",
    "card": r"[0-9]{4}[ -]?[0-9]{4}",
    "ssn": r"[0-9]{2}[- ]?[0-9]{4}",
    "ip": r"[0-9]\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]*:",
    "phone": r"[0-9]{3}[^A-Za-z0-9]{0,2}[0-9]{2}",
}
_EMAIL = re.compile(EMAIL)
_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30})")
_CARD = re.compile(
    r"(?<![A-Za-z0-9])(?<![0-9][-.])(?:[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}|[0-9]{4}(?:[ -][0-9]{4}){2,3}"
    r"(?:[ -][0-9]{1,3})?|[0-9]{12,19})(?![A-Za-z0-9])(?![-.][0-9])"
)
_SSN = re.compile(
    r"(?<![A-Za-z0-9])(?<![0-9][-.])(?!000|666)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![A-Za-z0-9])(?![-.][0-9])"
)
_SSN_NAMED = re.compile(
    r"((?:ssn|social security(?: number| no| #)?|itin)[^0-9\n]{0,20})(?!000|666)[0-9]{3}[ -]?(?!00)[0-9]{2}[ -]?"
    r"(?!0000)[0-9]{4}(?![A-Za-z0-9])(?![-.][0-9])",
    re.IGNORECASE | re.ASCII,
)
_IP4 = re.compile(
    r"(?<![A-Za-z0-9])(?<![A-Za-z0-9][._-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![A-Za-z0-9])(?![._-][A-Za-z0-9])"
)
_IP6 = re.compile(r"(?<![A-Za-z0-9:.])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![A-Za-z0-9])(?![:.][0-9])")
_VERSION = re.compile(
    r"(?:versions?|release[sd]?|before|prior to|through|until|up to|upgrade to|v|==|[<>]=?|~=|to|and|or|in|from)[ :=]*"
    r"(?:[0-9]+(?:\.[0-9]+)*,? (?:and|or|to|-)? ?)?$",
    re.IGNORECASE | re.ASCII,
)
_ALONE = r"(?<![A-Za-z0-9])(?<![0-9][-.,/])"
_PHONE = re.compile(
    _ALONE + r"(?:(?:(?:\+|00)?1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}"
    r"(?: ?(?:x|ext\.?) ?[0-9]{1,5})?|\+[0-9]{1,3}(?:[ .-]{0,2}\(?[0-9]{1,5}\)?){2,6}"
    r"|\(?00?[1-9][0-9]{1,4}\)?(?:[ /.-][0-9]{2,8}){1,4})"
    r"(?![A-Za-z0-9])(?![-.,/][0-9])"
)
_PHONE_NAMED = re.compile(
    r"((?:phone|telephone|tel|mobile|cell|call(?:ed)?|text|whatsapp|fax|dial|reach me (?:at|on))"
    r"(?: ?(?:number|no|nr|is|at|on|me|us|my|:|\.|#))*[ :]+)(\+?\(?[0-9][0-9 ().-]{5,16}[0-9])"
    r"(?![A-Za-z0-9])(?![-.,/][0-9])",
    re.IGNORECASE | re.ASCII,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}")
_MAY_BE = {kind: re.compile(pattern) for kind, pattern in MAY_BE.items()}
LENGTHS = {"DE": 22, "GB": 22, "FR": 27, "NL": 18, "ES": 24, "IT": 27, "BE": 16, "AT": 20, "CH": 21, "PL": 28}


def emails(text: str) -> str:
    """E-mail addresses."""
    return _EMAIL.sub("[EMAIL]", text) if "@" in text else text


def ibans(text: str) -> str:
    """Bank accounts whose check digits hold."""
    return _IBAN.sub(_iban, text) if _MAY_BE["iban"].search(text) else text


def _iban(match: re.Match[str]) -> str:
    found = match[1]
    number = found.replace(" ", "").replace("-", "").upper()
    length = LENGTHS.get(number[:2], len(number))
    holds = len(number) >= length and int("".join(str(int(c, 36)) for c in number[4:length] + number[:4])) % 97 == 1
    if not holds:
        return found
    at = count = 0
    while count < length:
        count += found[at] not in " -"
        at += 1
    return "[IBAN]" + found[at:]


def cards(text: str) -> str:
    """Payment cards whose check digit holds."""
    return _CARD.sub(_card, text) if _MAY_BE["card"].search(text) else text


def _card(match: re.Match[str]) -> str:
    digits = [int(c) for c in match[0] if c in "0123456789"]
    total = sum(d if at % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for at, d in enumerate(reversed(digits)))
    return "[CARD]" if total % 10 == 0 and digits[0] in (2, 3, 4, 5, 6) else match[0]


def ssns(text: str) -> str:
    """US social security numbers."""
    return _SSN.sub("[SSN]", _SSN_NAMED.sub(r"\1[SSN]", text)) if _MAY_BE["ssn"].search(text) else text


def ips(text: str) -> str:
    """IP addresses."""
    return _IP6.sub(_ip, _IP4.sub(_ip, text)) if _MAY_BE["ip"].search(text) else text


def _ip(match: re.Match[str]) -> str:
    found = match[0]
    if not is_ip(found):
        return found
    small = "." in found and all(int(part) < 100 for part in found.split("."))
    return found if small and _VERSION.search(match.string[max(0, match.start() - 40) : match.start()]) else "[IP]"


def phones(text: str) -> str:
    """Telephone numbers."""
    return _PHONE.sub(_phone, _PHONE_NAMED.sub(_named, text)) if _MAY_BE["phone"].search(text) else text


def _phone(match: re.Match[str]) -> str:
    digits = sum(c in "0123456789" for c in match[0])
    return "[PHONE]" if 9 <= digits <= 20 and not _DATE.search(match[0]) else match[0]


def _named(match: re.Match[str]) -> str:
    digits = sum(c in "0123456789" for c in match[2])
    return f"{match[1]}[PHONE]" if 7 <= digits <= 15 and not _DATE.search(match[2]) else match[0]


def mask_pii(text: str) -> str:
    """All kinds, in the platform's order."""
    return phones(ips(ssns(cards(ibans(emails(text))))))
