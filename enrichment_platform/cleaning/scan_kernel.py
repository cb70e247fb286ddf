"""The pass over the bytes that finds the features of each text (compiled)."""

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.feature import Feature, Flags

_BLANKS, _MOJIBAKE, _LINK = (np.uint16(feature) for feature in (Feature.BLANKS, Feature.MOJIBAKE, Feature.LINK))
_LOOK = np.uint16(0x8000)  # of a pair: what stands before it decides
_CLASS_BITS = 4
_SPACE, _NEWLINE, _COLON, _DOT, _W = 0x20, 0x0A, 0x3A, 0x2E, 0x77
_BEYOND = np.uint8(1)  # the class of what is not ASCII
_OTHER, _BLANK, _BREAK, _LESS, _AND, _LETTER, _WWW, _SLASH, _MARK, _HASH, _STOP = 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11


def byte_classes() -> Bytes:
    """Return the class of each ASCII byte, for `pair_features`."""
    classes = np.zeros(128, np.uint8)
    for characters, number in (
        ("abcdefghijklmnopqrstuvxyz", _LETTER),
        ("w", _WWW),
        (" ", _BLANK),
        ("\n", _BREAK),
        ("<", _LESS),
        ("&", _AND),
        ("/", _SLASH),
        ("!", _MARK),
        ("#", _HASH),
        (".", _STOP),
    ):
        for character in characters + characters.upper():
            classes[ord(character)] = number
    return classes


def pair_features() -> Flags:
    """Return what two neighbouring bytes show, by `class of the first << 4 | class of the second`."""
    pairs = np.zeros(1 << (2 * _CLASS_BITS), np.uint16)
    for first, seconds, found in (
        (_LESS, (_LETTER, _WWW, _SLASH, _MARK), Feature.MARKUP),
        (_AND, (_LETTER, _WWW, _HASH), Feature.MARKUP),
        (_BLANK, (_BLANK, _BREAK), Feature.BLANKS),
        (_BREAK, (_BLANK,), Feature.BLANKS),
        (_BREAK, (_BREAK,), _LOOK),
        (_SLASH, (_SLASH,), _LOOK),
        (_WWW, (_STOP,), _LOOK),
    ):
        for second in seconds:
            pairs[first << _CLASS_BITS | second] = np.uint16(found)
    return pairs


@compiled
def scan(
    data: Bytes,
    offsets: Offsets,
    table: Flags,
    classes: Bytes,
    pairs: Flags,
    bad_classes: Bytes,
    bad_pairs: Bytes,
    bad_size: int,
) -> Flags:
    """Return the feature bits of each text (uint16).

    Args:
        data: UTF-8 of all texts.
        offsets: Where each begins, and the end.
        table: Features by code point.
        classes: See `byte_classes`.
        pairs: See `pair_features`.
        bad_classes: See `badness.PairTable.classes`.
        bad_pairs: Its `pairs`.
        bad_size: Its `size`.
    """
    rows = len(offsets) - 1
    out = np.zeros(rows, np.uint16)
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        if start == end:
            continue
        found = np.uint16(0)
        first, last = data[start], data[end - 1]
        if first == _SPACE or first == _NEWLINE or last == _SPACE or last == _NEWLINE:
            found |= _BLANKS
        at = start
        before = np.uint8(0)  # class of the byte before
        shown = 0  # class of the character before, where it is not ASCII, among those of mojibake
        while at < end:
            octet = data[at]
            if octet < 0x80:
                now = classes[octet]
                pair = pairs[(before << _CLASS_BITS) | now]
                found |= table[octet] | (pair & ~_LOOK)
                if pair & _LOOK and at - start >= 2:
                    earlier = data[at - 2]
                    if octet == _NEWLINE:
                        if earlier == _NEWLINE:
                            found |= _BLANKS
                    elif octet == _DOT:
                        if (earlier | 0x20) == _W:
                            found |= _LINK
                    elif earlier == _COLON:
                        found |= _LINK
                if before == _BEYOND and bad_pairs[shown * bad_size + bad_classes[octet]]:
                    found |= _MOJIBAKE
                before = now
                at += 1
                continue
            earlier_shown = shown
            if before != _BEYOND:
                earlier_shown = bad_classes[data[at - 1]] if at > start else -1
            if octet < 0xE0:
                code = ((octet & 0x1F) << 6) | (data[at + 1] & 0x3F)
                at += 2
            elif octet < 0xF0:
                code = ((octet & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F)
                at += 3
            else:
                code = (
                    ((octet & 0x07) << 18)
                    | ((data[at + 1] & 0x3F) << 12)
                    | ((data[at + 2] & 0x3F) << 6)
                    | (data[at + 3] & 0x3F)
                )
                at += 4
            found |= table[code]
            shown = bad_classes[min(code, 0x10000)]
            if earlier_shown >= 0 and bad_pairs[earlier_shown * bad_size + shown]:
                found |= _MOJIBAKE
            before = _BEYOND
        out[row] = found
    return out
