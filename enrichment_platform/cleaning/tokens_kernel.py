"""The passes over the bytes that estimate tokens and cut texts to a budget of them (compiled)."""

from typing import Any

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.tokens import (
    BASE,
    PER_BYTE,
    PER_CJK,
    PER_DIGITS,
    PER_PUNCTUATION,
    PER_SEMITIC,
    PER_WORD,
    UNIT,
)

_OTHER, _LETTER, _DIGIT, _PUNCTUATION = 0, 1, 2, 3
_WORD_BREAK_BYTES = 32  # how far a cut moves to fall between two words


def _kinds() -> Bytes:
    table = np.full(0x80, _OTHER, np.uint8)
    for code in range(0x21, 0x7F):
        character = chr(code)
        table[code] = _LETTER if character.isalpha() else _DIGIT if character.isdigit() else _PUNCTUATION
    return table


_KINDS: np.ndarray[Any, Any] = _kinds()


@compiled
def _beyond_ascii(data: Bytes, at: int) -> tuple[int, int]:
    """Return the length in bytes of the character that begins at `at`, and its weight."""
    lead = np.int64(data[at])
    if lead < 0xE0:
        code = ((lead & 0x1F) << 6) | (np.int64(data[at + 1]) & 0x3F)
        semitic = 0x370 <= code <= 0x3FF or 0x530 <= code <= 0x7FF
        return 2, 2 * PER_BYTE + (PER_SEMITIC if semitic else 0)
    if lead < 0xF0:
        code = ((lead & 0x0F) << 12) | ((np.int64(data[at + 1]) & 0x3F) << 6) | (np.int64(data[at + 2]) & 0x3F)
        cjk = 0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7A3
        return 3, 3 * PER_BYTE + (PER_CJK if cjk else 0)
    return 4, 4 * PER_BYTE


@compiled
def _entering(kind: int, before: int, run: int) -> int:
    """Return the weight of an ASCII character after `run` characters of kind `before`, its byte not counted."""
    if kind == _LETTER:
        return PER_WORD if before != _LETTER else 0
    if kind == _DIGIT:
        return PER_DIGITS if before != _DIGIT or run % 3 == 0 else 0
    if kind == _PUNCTUATION:
        return PER_PUNCTUATION if before != _PUNCTUATION else 0
    return 0


@compiled
def weight(data: Bytes, start: int, end: int) -> int:
    """Return what [start, end) weighs, in thousandths of a token, without the constant of a text."""
    total, before, run, at = 0, _OTHER, 0, start
    while at < end:
        octet = data[at]
        if octet < 0x80:
            kind = int(_KINDS[octet])
            total += PER_BYTE + _entering(kind, before, run)
            run = run + 1 if kind == before else 1
            before = kind
            at += 1
        else:
            size, added = _beyond_ascii(data, at)
            total += added
            before = _OTHER
            at += size
    return total


@compiled
def tokens(data: Bytes, offsets: Offsets) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return the estimated tokens of each text."""
    rows = len(offsets) - 1
    out = np.empty(rows, np.int32)
    for row in range(rows):
        out[row] = (weight(data, offsets[row], offsets[row + 1]) + BASE + UNIT // 2) // UNIT
    return out


@compiled
def _head_end(data: Bytes, start: int, end: int, most: int) -> int:
    """Return where the longest beginning ends that weighs at most `most`."""
    total, before, run, at = 0, _OTHER, 0, start
    while at < end:
        octet = data[at]
        size, kind = 1, _OTHER
        if octet < 0x80:
            kind = int(_KINDS[octet])
            total += PER_BYTE + _entering(kind, before, run)
        else:
            size, added = _beyond_ascii(data, at)
            total += added
        if total > most:
            return at
        run = run + 1 if kind == before else 1
        before = kind
        at += size
    return end


@compiled
def _tail_start(data: Bytes, start: int, end: int, most: int) -> int:
    """Return where the longest ending begins that weighs at most `most`: a run weighs the same from either side."""
    total, before, run, at = 0, _OTHER, 0, end
    while at > start:
        first = at - 1
        while data[first] & 0xC0 == 0x80:
            first -= 1
        octet = data[first]
        kind = _OTHER
        if octet < 0x80:
            kind = int(_KINDS[octet])
            total += PER_BYTE + _entering(kind, before, run)
        else:
            _size, added = _beyond_ascii(data, first)
            total += added
        if total > most:
            return at
        run = run + 1 if kind == before else 1
        before = kind
        at = first
    return start


@compiled
def _is_space(octet: int) -> bool:
    return octet == 0x20 or octet == 0x0A or octet == 0x09 or octet == 0x0D


@compiled
def _between_words(data: Bytes, at: int, bound: int, step: int) -> int:
    """Move a cut towards `bound` (`step` -1: the end of the head, 1: the start of the tail) off a word's inside."""
    for moved in range(_WORD_BREAK_BYTES):
        place = at + step * moved
        if place == bound:
            break
        if _is_space(data[place - 1 if step < 0 else place]):
            while place != bound and _is_space(data[place - 1 if step < 0 else place]):
                place += step
            return place
    return at


@compiled
def cut(
    data: Bytes, offsets: Offsets, head_most: int, tail_most: int, opening: Bytes, closing: Bytes
) -> tuple[Bytes, Offsets]:
    """Return each text as its head, `opening`, the tokens that are missing, `closing`, and its tail.

    Args:
        data: UTF-8 of texts that weigh more than `head_most + tail_most`.
        offsets: Where each begins, and the end.
        head_most: What the head may weigh.
        tail_most: What the tail may weigh.
        opening: The marker before the number, ASCII.
        closing: The marker after it, ASCII.
    """
    rows = len(offsets) - 1
    out = np.empty(offsets[rows] - offsets[0] + rows * (len(opening) + len(closing) + 20), np.uint8)
    ends = np.zeros(rows + 1, np.int64)
    digits = np.empty(20, np.uint8)
    at = 0
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        head = _head_end(data, start, end, head_most)
        tail = _tail_start(data, head, end, tail_most)
        if head > start and not _is_space(data[head]):
            head = _between_words(data, head, start, -1)
        if tail < end and not _is_space(data[tail - 1]):
            tail = _between_words(data, tail, end, 1)
        missing = (weight(data, head, tail) + UNIT // 2) // UNIT
        out[at : at + head - start] = data[start:head]
        at += head - start
        out[at : at + len(opening)] = opening
        at += len(opening)
        count = 0
        while missing > 0 or count == 0:
            digits[count] = 0x30 + missing % 10
            missing //= 10
            count += 1
        for place in range(count):
            out[at + place] = digits[count - 1 - place]
        at += count
        out[at : at + len(closing)] = closing
        at += len(closing)
        out[at : at + end - tail] = data[tail:end]
        at += end - tail
        ends[row + 1] = at
    return out[:at].copy(), ends
