"""Pairs of neighbouring characters without which a text shows no mojibake, read off ftfy's own pattern for it.

ftfy's pattern is a list of alternatives, each some characters long. A text in which no two neighbours are neighbours in
any alternative cannot match, and that is looked up while the bytes are scanned.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from ftfy.badness import BADNESS_RE

from enrichment_platform.cleaning.buffers import Bytes

BEYOND = 0x10000  # stands for all characters from there on
_Set = np.ndarray[Any, np.dtype[np.bool_]]
_ASCII_LETTERS = (*range(0x41, 0x5B), *range(0x61, 0x7B))


class PairTable(NamedTuple):
    """Which neighbours can be mojibake.

    Attributes:
        classes: uint8 by code point up to 0xFFFF; the last one stands for all beyond.
        pairs: uint8, 1 where `classes of the first * size + class of the second` may be a part of it.
        size: Number of classes.
    """

    classes: Bytes
    pairs: Bytes
    size: int


@cache
def suspicious_pairs() -> PairTable:
    """Return the table for the pattern of the installed ftfy."""
    chosen = [_rarest_pair(alternative) for alternative in alternatives(BADNESS_RE.pattern)]
    sets = np.array([one for pair in chosen for one in pair])
    signatures = np.packbits(sets, axis=0).T
    _, representatives, classes = np.unique(signatures, axis=0, return_index=True, return_inverse=True)
    size = len(representatives)
    if size > 256:
        raise ValueError(f"the pattern of ftfy has {size} classes of characters, more than a byte holds")
    pairs = np.zeros((size, size), np.uint8)
    for first, second in chosen:
        pairs |= np.outer(first[representatives], second[representatives]).astype(np.uint8)
    return PairTable(classes.reshape(-1).astype(np.uint8), pairs.reshape(-1), size)


def _rarest_pair(alternative: list[_Set | None]) -> tuple[_Set, _Set]:
    """Return two neighbours of an alternative, not both ASCII, that the fewest texts hold.

    An alternative of one character is that character before, or after, anything: the caller sees to those at the ends.
    """
    if len(alternative) == 1 and alternative[0] is not None:
        return alternative[0], np.ones(BEYOND + 1, np.bool_)
    pairs = [
        (first, second)
        for first, second in itertools.pairwise(alternative)
        if first is not None and second is not None and not (_ascii(first) and _ascii(second))
    ]
    if not pairs:
        raise ValueError("the pattern of ftfy has an alternative without two neighbours, one of them beyond ASCII")
    return min(pairs, key=lambda pair: int(pair[0].sum()) * int(pair[1].sum()))


def _ascii(one: _Set) -> bool:
    return bool(one[:0x80].any())


def alternatives(pattern: str) -> list[list[_Set | None]]:
    """Return the alternatives of a verbose pattern without groups as sets of characters, None for an optional one.

    Raises:
        ValueError: the pattern has something else in it.
    """
    found: list[list[_Set | None]] = [[]]
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character.isspace() or character == "^":
            continue
        if character == "#":
            at = pattern.index("\n", at)
        elif character == "|":
            found.append([])
        elif character == "?":
            found[-1][-1] = None
        elif character == "[":
            end = pattern.index("]", at + 1)
            found[-1].append(_class(pattern[at:end]))
            at = end + 1
        elif character == "\\":
            found[-1].append(_escaped(pattern[at]))
            at += 1
        elif character == ".":
            found[-1].append(np.ones(BEYOND + 1, np.bool_))
        elif character in "(){}*+$":
            raise ValueError(f"the pattern of ftfy has {character!r} in it, which is not read here")
        else:
            found[-1].append(_class(character))
    return [alternative for alternative in found if alternative]


def _class(text: str) -> _Set:
    members = np.zeros(BEYOND + 1, np.bool_)
    negated = text.startswith("^")
    characters = text[1:] if negated else text
    at = 0
    while at < len(characters):
        character = characters[at]
        if character == "\\":
            at += 1
            if characters[at] not in "xu-]\\":
                raise ValueError(f"the pattern of ftfy has \\{characters[at]} in a class, which is not read here")
            width = {"x": 2, "u": 4}.get(characters[at], 0)
            character = chr(int(characters[at + 1 : at + 1 + width], 16)) if width else characters[at]
            at += width
        if characters[at + 1 : at + 2] == "-" and at + 2 < len(characters):
            members[ord(character) : ord(characters[at + 2]) + 1] = True
            at += 2
        else:
            members[ord(character)] = True
        at += 1
    return ~members if negated else members


def _escaped(letter: str) -> _Set:
    """Return `\\s`, or `\\w` with all that is not ASCII: it need not be exact, only never too small."""
    members = np.zeros(BEYOND + 1, np.bool_)
    members[0x80:] = True
    if letter == "w":
        members[[0x5F, *range(0x30, 0x3A), *_ASCII_LETTERS]] = True
    elif letter == "s":
        members[[*range(0x09, 0x0E), *range(0x1C, 0x21)]] = True
    else:
        raise ValueError(f"the pattern of ftfy has \\{letter} in it, which is not read here")
    return members
