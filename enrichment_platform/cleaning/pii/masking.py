"""Masks one text at its anchors; what is masked already stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from enrichment_platform.cleaning.pii.kinds import KINDS, Kind

Found = tuple[int, int, Kind]
Token = Callable[[Kind, str], str]
MASKED = re.compile(rf"\[(?:{'|'.join(KINDS).upper()})(?::[0-9a-f]{{12}})?\]")
WALL = "\0"  # in the place of what is found, for the kinds that follow: no finder takes it for part of anything


PASSES = 4  # masking one may free its neighbour, which then stands alone; more in a row are no longer followed


def plain_token(kind: Kind, _found: str) -> str:
    """Return `[EMAIL]` for an e-mail address, and so on."""
    return f"[{kind.upper()}]"


def masked(
    text: str, seen: str, anchors: Sequence[tuple[int, int]], kinds: Sequence[Kind], token: Token = plain_token
) -> str:
    """Return the text with what is found at the anchors replaced by tokens.

    Args:
        text: The text.
        seen: Its shadow (`shadow.py`).
        anchors: (position, bits of the kinds that may be there), by position.
        kinds: Kinds to look for.
        token: The replacement, of kind and found text (as its shadow has it).
    """
    found = _found(seen, anchors, kinds)
    if not found:
        return text
    parts, done = [], 0
    for start, end, kind in sorted(found):
        parts += [text[done:start], token(kind, seen[start:end])]
        done = end
    return "".join(parts) + text[done:]


def _found(text: str, anchors: Sequence[tuple[int, int]], kinds: Sequence[Kind]) -> list[Found]:
    hidden = MASKED.sub(lambda match: WALL * len(match.group()), text) if "[" in text else text
    found: list[Found] = []
    present = 0
    for _, bits in anchors:
        present |= bits
    for kind, finder in KINDS.items():
        if not present & finder.bit or kind not in kinds:
            continue
        floor, fresh = 0, []
        for at, bits in anchors:
            if bits & finder.bit and at >= floor:
                span = finder.find(hidden, at, floor)
                if span is not None and span[0] >= floor:
                    fresh.append((*span, kind))
                    floor = span[1]
        if fresh:
            found += fresh
            present &= ~finder.bit
            if not present:
                break
            hidden = _walled(hidden, fresh)
    return found


def _walled(text: str, found: Sequence[Found]) -> str:
    parts, done = [], 0
    for start, end, _ in found:
        parts += [text[done:start], WALL * (end - start)]
        done = end
    return "".join(parts) + text[done:]
