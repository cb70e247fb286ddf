"""E-mail addresses and telephone numbers."""

import re

from enrichment_platform.cleaning.pii.boundary import stands_alone

EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}"
)
PHONE = re.compile(
    r"(?:(?:\+|00)?1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}"  # (202) 555-0119
    r"(?: ?(?:x|ext\.?) ?[0-9]{1,5})?"  # x12
    r"|\+[0-9]{1,3}(?:[ .-]{0,2}\(?[0-9]{1,5}\)?){2,6}"  # +44 20 7946 0958
    r"|\(?00?[1-9][0-9]{1,4}\)?(?:[ /.-][0-9]{2,8}){1,4}"  # 030 1234567, 0049 30 1234567
)
NAMED = re.compile(
    r"((?:phone|telephone|tel|mobile|cell|call(?:ed)?|text|whatsapp|fax|dial|reach me (?:at|on))"
    r"(?: ?(?:number|no|nr|is|at|on|me|us|my|:|\.|#))*[ :]+)(\+?\(?[0-9][0-9 ().-]{5,16}[0-9])",
    re.IGNORECASE | re.ASCII,
)
LENGTHS = range(9, 21)  # 15 at most (ITU-T E.164), and an extension of 5
NAMED_LENGTHS = range(7, 16)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}")


def emails_masked(text: str) -> str:
    """Return the text with addresses as [EMAIL]."""
    return EMAIL.sub("[EMAIL]", text)


def phones_masked(text: str) -> str:
    """Return the text with numbers as [PHONE]: in a written form of them, or after a word such as `phone`."""
    return PHONE.sub(_masked, NAMED.sub(_masked_named, text))


def _masked(match: re.Match[str]) -> str:
    found = match.group()
    alone = stands_alone(match, match.start(), match.end(), "-.,/")
    return "[PHONE]" if alone and _digits(found) in LENGTHS and not DATE.search(found) else found


def _masked_named(match: re.Match[str]) -> str:
    label, found = match.groups()
    alone = stands_alone(match, match.start(2), match.end(), "-.,/")
    if not alone or _digits(found) not in NAMED_LENGTHS or DATE.search(found):
        return match.group()
    return f"{label}[PHONE]"


def _digits(text: str) -> int:
    return sum(character in "0123456789" for character in text)
