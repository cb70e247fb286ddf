"""Cuts a text into normalised words, and guards its numbers and negations (compiled)."""

from typing import Any

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.duplicates.alphabet import (
    ALONE,
    FOLDED,
    NUMERIC,
    OTHER,
    SIGN,
    SIZE,
    SPACE,
    TWICE,
    UNIT,
    Table,
)
from enrichment_platform.cleaning.duplicates.guard_words import NOT, word_hash
from enrichment_platform.cleaning.duplicates.hash_kernel import Hashes, mixed

_SEED, _PRIME, _FINAL = np.uint64(0xCBF29CE484222325), np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_M1, _M2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
_B27, _B31, _B32, _B33, _B37 = np.uint64(27), np.uint64(31), np.uint64(32), np.uint64(33), np.uint64(37)
_FOLDED, _SPACE, _NUMERIC, _ALONE = np.uint32(FOLDED), np.uint32(SPACE), np.uint32(NUMERIC), np.uint32(ALONE)
_TWICE, _OTHER = np.uint32(TWICE), np.uint32(OTHER)
_SIGN, _UNIT, _SIGN_OR_UNIT = np.uint32(SIGN), np.uint32(UNIT), np.uint32(SIGN | UNIT)
_WORD_END = np.uint32(SPACE | ALONE)
_LOOK_CLOSER = np.uint32(OTHER | NUMERIC)
_GLUED = np.uint64(0xA0761D6478BD642F)
_NOT = np.uint64(NOT)
_N, _T = np.uint64(word_hash("n")), np.uint64(word_hash("t"))
_ZERO = np.uint64(0)
_U1, _U2, _U3, _U4 = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
_LETTER_N = 0x6E


@compiled
def entry_at(data: Bytes, at: Any, table: Table) -> Any:
    """Return (the character's entry, where the next one begins); places are unsigned, which spares a test each."""
    octet = data[at]
    if octet < 0x80:
        return table[octet], at + _U1
    if octet < 0xE0:
        return table[((octet & 0x1F) << 6) | (data[at + _U1] & 0x3F)], at + _U2
    if octet < 0xF0:
        return table[((octet & 0x0F) << 12) | ((data[at + _U1] & 0x3F) << 6) | (data[at + _U2] & 0x3F)], at + _U3
    code = ((octet & 7) << 18) | ((data[at + _U1] & 63) << 12) | ((data[at + _U2] & 63) << 6) | (data[at + _U3] & 63)
    if code < SIZE:
        return table[code], at + _U4
    if code < 0x323B0:
        return np.uint32(code) | _ALONE, at + _U4
    return np.uint32(code) | _OTHER, at + _U4


@compiled
def finished(value: np.uint64) -> np.uint64:
    """Return the hash of a word whose letters are all in `value`."""
    value ^= value >> _B32
    value *= _FINAL
    return value ^ (value >> _B32)


@compiled
def token_of(word: np.uint64, guards: Hashes) -> Any:
    """Return the guard token of a word, 0 for most words."""
    slots = np.uint64(guards.shape[1] - 1)
    at = word & slots
    while guards[0, at]:
        if guards[0, at] == word:
            return guards[1, at]
        at = (at + np.uint64(1)) & slots
    return _ZERO


@compiled
def guarded(guard: np.uint64, token: np.uint64) -> np.uint64:
    """Return the guard with one more token; the order counts."""
    return mixed(guard * _M1 + token)


@compiled
def signs(data: Bytes, start: Any, end: Any, table: Table) -> Any:
    """Return the hash of a word that holds only signs and units of numbers, 0 of any other."""
    value, at = _SEED, start
    while at < end:
        entry, at = entry_at(data, at, table)
        if not entry & _SIGN_OR_UNIT:
            return _ZERO
        value = (value ^ np.uint64(entry & _FOLDED)) * _PRIME
    return finished(value)


@compiled
def closer(data: Bytes, start: Any, end: Any, table: Table, guards: Hashes, guard: np.uint64) -> Any:
    """Look at a word that holds punctuation or digits.

    Returns:
        (the hash of its letters and digits, 0 without any; the guard with its numbers, number words and negations).
    """
    letters, run, number, pending = _SEED, _SEED, _SEED, _SEED
    begun, numeric = False, False  # the number has a letter or digit; there is a digit
    in_run, before_apostrophe = False, False
    last, before_run = 0, 0
    any_letter = False
    at = start
    while True:
        if at < end:
            entry, after = entry_at(data, at, table)
        else:
            entry, after = _OTHER, end + _U1  # what ends the last run
        code = int(entry & _FOLDED)
        if entry & _OTHER:
            apostrophe = code in (0x27, 0x2018, 0x2019, 0x201B, 0x2BB, 0x2BC, 0x60, 0xB4, 0xFF07)
            if in_run:
                word = finished(run)
                token = token_of(word, guards)
                if not token and before_apostrophe and before_run == _LETTER_N and word == _T:
                    token = _NOT
                if not token and apostrophe and word == _N and at + _U1 < end:
                    token = _N
                if token:
                    guard = guarded(guard, token)
                run = _SEED
                in_run = False
                before_run = last
            before_apostrophe = apostrophe and at > start
            if at >= end:
                break
            if begun:
                pending = (pending ^ np.uint64(code)) * _PRIME
                if entry & _UNIT:
                    number = pending
            elif entry & _SIGN:
                pending = (pending ^ np.uint64(code)) * _PRIME
            else:
                pending = _SEED
        else:
            if entry & _NUMERIC:
                numeric = True
            letter = np.uint64(code)
            times = 2 if entry & _TWICE else 1
            for _ in range(times):
                letters = (letters ^ letter) * _PRIME
                run = (run ^ letter) * _PRIME
                pending = (pending ^ letter) * _PRIME
            number = pending
            begun, in_run, any_letter = True, True, True
            last = code
        at = after
    if numeric:
        guard = guarded(guard, finished(number))
    return (finished(letters) if any_letter else _ZERO), guard


@compiled
def cut(data: Bytes, start: Any, end: Any, table: Table, guards: Hashes, words: Hashes) -> Any:
    """Write the hashes of a text's words to `words`.

    A word is what stands between white space, case folded, without punctuation; in scripts without spaces each
    character is one.

    Returns:
        (words, two hashes of the normalised text: both 0 for a blank one; the guard of its numbers and negations).
    """
    c1, c2, guard = np.uint64(0x452821E638D01377), np.uint64(0xBE5466CF34E90C6C), np.uint64(0x9216D5D98979FB1B)
    count, blank = 0, True
    after_number, sign = False, _ZERO  # the word before is a number; or a sign, which may belong to a number
    lone, lone_end = _ZERO, start  # the character by itself before, and where it ended
    at = start
    while at < end:
        value, before = _SEED, _SEED
        seen, seen_before = np.uint32(0), np.uint32(0)  # all characters, and those before the last
        first = at
        last = at
        entry = np.uint32(0)
        after = at
        while at < end:
            octet = data[at]
            if octet < 0x80:
                entry, after = table[octet], at + _U1
            else:
                entry, after = entry_at(data, at, table)
            if entry & _WORD_END:
                break
            seen_before = seen
            before = value
            last = at
            seen |= entry
            value = (value ^ np.uint64(entry & _FOLDED)) * _PRIME
            if entry & _TWICE:
                value = (value ^ np.uint64(entry & _FOLDED)) * _PRIME
            at = after
        if at > first:
            word = finished(value)
            whole = word if at == end or entry & _SPACE else word + _GLUED
            c1 = (((c1 << _B31) | (c1 >> _B33)) ^ whole) * _M1
            c2 = (((c2 << _B27) | (c2 >> _B37)) + (whole ^ c1)) * _M2
            blank = False
            if seen & _LOOK_CLOSER == _OTHER and not seen_before & _LOOK_CLOSER:  # a comma or stop after the letters
                word = finished(before) if last > first else _ZERO
                token = token_of(word, guards)
                if token:
                    guard = guarded(guard, token)
            elif seen & _LOOK_CLOSER:
                if sign and seen & _NUMERIC:
                    guard = guarded(guard, sign)
                word, guard = closer(data, first, at, table, guards, guard)
            else:
                token = token_of(word, guards)
                if token:
                    guard = guarded(guard, token)
            sign = _ZERO
            if not word and seen & _SIGN_OR_UNIT:
                sign = signs(data, first, at, table)
                if sign and after_number:
                    guard = guarded(guard, sign)
                    sign = _ZERO
            after_number = seen & _NUMERIC != 0
            if word:
                words[count] = word
                count += 1
        if at < end:
            if entry & _ALONE:
                word = finished((_SEED ^ np.uint64(entry & _FOLDED)) * _PRIME)
                spaced = after == end
                if not spaced:
                    following, _ = entry_at(data, after, table)
                    spaced = following & _SPACE != 0
                whole = word if spaced else word + _GLUED
                c1 = (((c1 << _B31) | (c1 >> _B33)) ^ whole) * _M1
                c2 = (((c2 << _B27) | (c2 >> _B37)) + (whole ^ c1)) * _M2
                blank = False
                token = token_of(word, guards)
                if not token and lone_end == at:
                    token = token_of(finished((lone ^ np.uint64(entry & _FOLDED)) * _PRIME), guards)
                if not token and entry & _NUMERIC:
                    if sign:
                        guard = guarded(guard, sign)
                    token = word & ~_U1
                if token:
                    guard = guarded(guard, token)
                after_number, sign = entry & _NUMERIC != 0, _ZERO
                lone, lone_end = (_SEED ^ np.uint64(entry & _FOLDED)) * _PRIME, after
                words[count] = word
                count += 1
            at = after
    if blank:
        return 0, _ZERO, _ZERO, guard
    size = np.uint64(count)
    return count, mixed(c1 ^ size), mixed(c2 + size), guard
