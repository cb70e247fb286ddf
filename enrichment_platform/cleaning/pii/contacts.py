"""E-mail addresses and telephone numbers."""

import re
import string

from enrichment_platform.cleaning.pii.boundary import WORD, Span, begins_digits, is_named, label, stands_alone

LOCAL = string.ascii_letters + string.digits + ".!#$%&'*+/=?^_`{|}~-"
NOT_OURS = re.compile(r".*[=?&|/`{}*]|[.']+", re.DOTALL)  # `to=jane@`, `"'jane@`: legal, but never part of a name
DOMAIN = re.compile(r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}[A-Za-z0-9]*")
LOCAL_LENGTH = 64

_END = r"(?: ?(?:x|ext\.?) ?[0-9]{1,5})?"
NATIONAL = re.compile(rf"(?:(?:\+|00)?1[ .-])?(?:\([0-9]{{3}}\) ?|[0-9]{{3}}[ .-])[0-9]{{3}}[ .-][0-9]{{4}}{_END}")
INTERNATIONAL = re.compile(rf"\+[0-9]{{1,3}}(?:[ .-]{{0,2}}\(?[0-9]{{1,5}}\)?){{2,6}}{_END}")  # +44 (0)20 7946 0958
TRUNK = re.compile(r"\(?00?[1-9][0-9]{1,4}\)?(?:[ /.-][0-9]{2,8}){1,4}")  # 030 1234567, 0049 30 1234567
NUMBER = re.compile(r"\+?\(?[0-9]{1,15}(?:[ ()./-]{1,3}[0-9]{1,12}){0,6}")  # any grouping, where a word names it
GROUP_END = re.compile(r"[0-9](?![0-9])")
LENGTHS = range(9, 21)  # 15 at most (ITU-T E.164), and an extension of 5
NAMED_LENGTHS = range(7, 16)
BEFORE = label(
    r"(?:tele|i)?phones?|tel|telefon[a-z]*|tel[eéÉ]fono|t[eéÉ]l(?:[eéÉ]phone)?|mobile?|m[oóÓ]vil|cell(?:phone)?|call(?:ed|ing)?"
    r"|text(?:ed)?|whatsapp|fax|dial(?:led|ed)?|landline|hotline|handy|sms|reach (?:me|us|him|her|them)|answering"
    r"|messages? to|ring|(?:desk|direct|office|home|work|contact)(?= ?:)",
    r"(?:[ \n]?(?:number|nummer|no|nr|is|was|at|on|to|me|us|him|her|them|my|[:.#(]))*[ :\n]+",
)
AFTER = re.compile(  # and nothing after it: not "1 234 567 mobile users"
    r"[ (-]{1,3}(?:office|fax|mobile|cell|phone|tel|desk|landline)(?! ?[A-Za-z0-9])", re.IGNORECASE | re.ASCII
)
DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}"
    r"|\A(?:19|20)[0-9]{2}(?:[01][0-9][0-3][0-9]|[ ./-]+(?:19|20)[0-9]{2})\Z"  # 20190105, 2018-2019
)


def find_email(text: str, at: int, floor: int) -> Span | None:
    """Return where the address is whose `@` is at the position; it begins at `floor` at the earliest."""
    if text[at] != "@":
        return None
    domain = DOMAIN.match(text, at)
    if domain is None:
        return None
    piece = text[max(floor, at - LOCAL_LENGTH) : at]
    local = piece[len(piece.rstrip(LOCAL)) :]
    while local and (strange := NOT_OURS.match(local)):
        local = local[strange.end() :]
    start = at - len(local)
    while local and start > floor and text[start - 1] in WORD:  # longer than any mail server takes: not cut in two
        start -= 1
    return (start, domain.end()) if local else None


def find_phone(text: str, at: int, floor: int) -> Span | None:
    """Return where the number is whose first digits begin at the position.

    It is in a written form of telephone numbers, or a word such as `phone` stands before it, or `office` after it.
    """
    if not begins_digits(text, at):
        return None
    start = at - 1 if at > floor and text[at - 1] == "(" else at
    start = start - 1 if start > floor and text[start - 1] == "+" else start
    for pattern in (NATIONAL, INTERNATIONAL, TRUNK):
        match = pattern.match(text, start) or (pattern.match(text, at) if start < at else None)
        if match and _digits(match.group()) in LENGTHS and _is_number(text, match.start(), match.end()):
            return match.span()
    return _find_named(text, start, at)


def _find_named(text: str, start: int, at: int) -> Span | None:
    match = NUMBER.match(text, start)
    if match is None:
        return None
    ends = [end for end in (found.end() for found in GROUP_END.finditer(text, at, match.end())) if end > at]
    if _digits(text[at : ends[-1]]) < NAMED_LENGTHS[0]:
        return None
    before = is_named(BEFORE, text, start)
    for end in reversed(ends):
        first = start if text[start] != "(" or ")" in text[start:end] else at
        in_length = _digits(text[first:end]) in NAMED_LENGTHS
        if in_length and (before or AFTER.match(text, end)) and _is_number(text, first, end):
            return first, end
    return None


def _is_number(text: str, start: int, end: int) -> bool:
    return stands_alone(text, start, end, "-.,/") and not DATE.search(text[start:end])


def _digits(text: str) -> int:
    return sum(character in "0123456789" for character in text)
