"""E-mail addresses and telephone numbers."""

import re
import string
import unicodedata

from enrichment_platform.cleaning.pii.boundary import WORD, Span, begins_digits, is_named, label, stands_alone

LOCAL = string.ascii_letters + string.digits + ".!#$%&'*+/=?^_`{|}~-"
NOT_OURS = re.compile(r".*[=?&|/`{}*]|[.']+", re.DOTALL)  # `to=jane@`, `"'jane@`: legal, but never part of a name
# Scripts without blanks between words (Thai to Khmer, Chinese, Japanese) or with particles at words (Korean).
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af"
    "\U00020000-\U0003ffff"
)
MARKS = "".join(mark for mark in map(chr, range(0x300, 0x1E00)) if unicodedata.category(mark)[0] == "M")
_LETTER = rf"(?:[^\W_]|[{MARKS}])"  # or digit, of any script
_TOP = rf"(?:(?![{UNSPACED}])(?:[^\W\d_]|[{MARKS}])){{2,24}}[A-Za-z0-9]*"  # `.com` ends before what is written to it
_TOP_UNSPACED = "中国|中國|公司|网络|網絡|网址|在线|香港|台湾|台灣|澳门|澳門|新加坡|みんな|コム|한국|닷컴|닷넷|ไทย"
DOMAIN = re.compile(rf"@(?:{_LETTER}(?:(?:{_LETTER}|-){{0,61}}{_LETTER})?\.){{1,8}}(?:{_TOP}|{_TOP_UNSPACED})")
NAME = re.compile(_LETTER)
IS_UNSPACED = re.compile(f"[{UNSPACED}]")
LOCAL_LENGTH = 64

_END = r"(?: ?(?:x|ext\.?) ?[0-9]{1,5})?"
EXTENSION = re.compile(_END.removesuffix("?") + r"\Z")
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
    start, least = at, max(floor, at - LOCAL_LENGTH)
    unspaced = at > floor and _is_unspaced(text[at - 1])
    while start > least and _in_local(text[start - 1], unspaced):
        start -= 1
    local = text[start:at]
    while local and (strange := NOT_OURS.match(local)):
        local = local[strange.end() :]
    start = at - len(local)
    while (
        local and start > floor and _in_name(text[start - 1], unspaced)
    ):  # longer than any mail server takes: not cut in two
        start -= 1
    return (start, domain.end()) if local else None


def _in_local(character: str, unspaced: bool) -> bool:
    return character in LOCAL or _in_name(character, unspaced)


def _in_name(character: str, unspaced: bool) -> bool:
    """Return whether it is a letter or digit; `请写信到jane@` begins at the `j`: what is before it is the sentence."""
    if character.isascii():
        return character in WORD
    return NAME.match(character) is not None and (unspaced or not _is_unspaced(character))


def _is_unspaced(character: str) -> bool:
    return IS_UNSPACED.match(character) is not None


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
