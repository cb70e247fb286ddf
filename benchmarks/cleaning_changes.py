"""Whether what an operation changed in a text is what its name says, judged without the operation's own code.

Each judge takes the text before and after one operation. They allow what the operation is for and nothing else: what is
left must be the same characters in the same order.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable

import ftfy

_TAG = re.compile(r"<!--.*?--+>|<(script|style)\b.*?</\1\s*>|</?[A-Za-z!][^<>]*>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_BREAKS = re.compile(r"\r\n|[\x0b\x0c\r\x85\u2028\u2029]")
_MASK = re.compile(r"\[(?:EMAIL|IBAN|CARD|SSN|IP|PHONE)\]")
_CUT = re.compile(r"\n\[\.\.\. ([0-9]+) characters cut \.\.\.\]\n")


def _mojibake(before: str, after: str) -> bool:
    return after == ftfy.fix_encoding(before)


def _html(before: str, after: str) -> bool:
    """Tags go or become white space, entities become their characters; nothing else but white space differs."""
    reached = {0}  # how much of `after` what was read of `before` may have become
    at = 0
    jumps: dict[int, set[int]] = {}
    while at < len(before):
        reached |= jumps.pop(at, set())
        reached |= {there for one in reached for there in _over_blanks(after, one)}
        if before[at] == "<" and (tag := _TAG.match(before, at)):
            jumps.setdefault(tag.end(), set()).update(reached)
        if before[at] == "&" and (entity := _ENTITY.match(before, at)):
            character = html.unescape(entity[0])
            ends = {one + len(character) for one in reached if after.startswith(character, one)}
            jumps.setdefault(entity.end(), set()).update(ends | (reached if character.isspace() else set()))
        stepped = {one + 1 for one in reached if one < len(after) and after[one] == before[at]}
        reached = stepped | reached if before[at].isspace() else stepped
        at += 1
        if not reached and not jumps:
            return False
    reached |= jumps.pop(at, set())
    return any(not after[one:].strip() for one in reached)


def _over_blanks(text: str, at: int) -> range:
    end = at
    while end < len(text) and text[end].isspace():
        end += 1
    return range(at, end + 1)


def _invisible(before: str, after: str) -> bool:
    """Line breaks are \\n; colour codes, control, format and selecting characters go, all others stay."""
    return _visible(_BREAKS.sub("\n", _ANSI.sub("", before))) == _visible(after)


def _visible(text: str) -> str:
    return "".join(
        character
        for character in text
        if character in "\n\t"
        or not (
            unicodedata.category(character) in ("Cc", "Cf")
            or character == "\u034f"
            or "\ufe00" <= character <= "\ufe0f"
            or "\U000e0100" <= character <= "\U000e01ef"
        )
    )


def _nfc(before: str, after: str) -> bool:
    return after == unicodedata.normalize("NFC", before)


def _mail(before: str, after: str) -> bool:
    """Whole lines go; those that stay are in their order."""
    rest = iter(before.replace("\r\n", "\n").split("\n"))
    return all(any(line == one for one in rest) for line in after.split("\n"))


def _whitespace(before: str, after: str) -> bool:
    return before.split() == after.split()


def _pii(before: str, after: str) -> bool:
    """What became a mask is short and has a digit or an @."""
    literal = [re.escape(part) for part in _MASK.split(after)]
    found = re.fullmatch("(.{3,100}?)".join(literal), before, re.DOTALL)
    return found is not None and all("@" in part or any(map(str.isdigit, part)) for part in found.groups())


def _truncated(before: str, after: str) -> bool:
    """The beginning and the end are there, and as many characters between them as the marker says are not."""
    cut = _CUT.search(after)
    if cut is None:
        return False
    head, tail = after[: cut.start()], after[cut.end() :]
    whole = len(head) + int(cut[1]) + len(tail) == len(before)
    return whole and before.startswith(head) and before.endswith(tail)


JUDGES: dict[str, Callable[[str, str], bool]] = {
    "fix_mojibake": _mojibake,
    "html_to_text": _html,
    "remove_invisible": _invisible,
    "unicode_nfc": _nfc,
    "strip_email": _mail,
    "collapse_whitespace": _whitespace,
    "mask_pii": _pii,
    "truncate_text": _truncated,
}


def changed_characters(before: str, after: str) -> int:
    """Return how many characters were taken away or added; one that only moved does not count."""
    old, new = Counter(before), Counter(after)
    return (old - new).total() + (new - old).total()
