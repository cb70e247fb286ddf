"""The pass over the bytes that finds where an identifier may be (compiled): never less than the finders find."""

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.pii.octet import (
    ALPHANUMERIC,
    ANCHOR,
    AT,
    BITS,
    DIGIT,
    HEX,
    LETTER,
    LOCAL,
    SEPARATOR,
)

_EMAIL, _IBAN, _CARD, _SSN, _NATIONAL, _IP, _PHONE = (BITS[kind] for kind in BITS)
_SPACE, _PLUS, _HYPHEN, _DOT, _ZERO, _OPEN = 0x20, 0x2B, 0x2D, 0x2E, 0x30, 0x28
_MOST_GROUPS, _MOST_DIGITS, _MOST_BETWEEN = 8, 24, 4
_LABEL_BYTES = 200  # of the 48 characters in which a word may name a number
_SINGLE_V6, _LEAST_COLONS, _LEAST_HEX = 45, 6, 4


@compiled
def _is(data: Bytes, at: int, end: int, table: Bytes, kind: int) -> bool:
    return at < end and (table[data[at]] & kind) != 0


@compiled
def _goes_on(data: Bytes, at: int, end: int, table: Bytes) -> bool:
    """Return whether another group of digits may follow."""
    return _is(data, at, end, table, SEPARATOR) and _is(data, at + 1, end, table, SEPARATOR | DIGIT)


@compiled
def _stems_at(data: Bytes, at: int, end: int, stems: Bytes, offsets: Offsets, owners: Bytes) -> int:
    """Return whose words begin at a position, as bits."""
    found = 0
    for word in range(len(owners)):
        first, last = offsets[word], offsets[word + 1]
        if at + last - first > end:
            continue
        same = True
        for place in range(last - first):
            octet = data[at + place]
            if 0x41 <= octet <= 0x5A:
                octet |= 0x20
            if octet != stems[first + place]:
                same = False
                break
        if same:
            found |= owners[word]
    return found


@compiled
def _named(
    data: Bytes, start: int, at: int, end: int, table: Bytes, stems: Bytes, offsets: Offsets, owners: Bytes
) -> int:
    """Return whose words begin before a number, no further back than the digit before."""
    found = 0
    place = at - 1
    while place >= start and at - place <= _LABEL_BYTES:
        kind = table[data[place]]
        if kind & DIGIT:
            break
        if kind & LETTER and (place == start or not table[data[place - 1]] & LETTER):
            found |= _stems_at(data, place, end, stems, offsets, owners)
        place -= 1
    return found


@compiled
def _email(data: Bytes, start: int, at: int, end: int, table: Bytes) -> int:
    if at == start or not table[data[at - 1]] & LOCAL or not _is(data, at + 1, end, table, ALPHANUMERIC):
        return 0
    place = at + 1
    while place < end and place - at <= 64 and (table[data[place]] & ALPHANUMERIC or data[place] == _HYPHEN):
        place += 1
    return _EMAIL if place < end and data[place] == _DOT else 0


@compiled
def _v6(data: Bytes, start: int, at: int, end: int, table: Bytes) -> int:
    first = at
    while first > start and at - first <= 4 and table[data[first - 1]] & HEX:
        first -= 1
    if first > start and data[first - 1] == 0x3A:
        return 0
    colons, digits, double, place = 0, at - first, False, at
    while place < end and place - at < _SINGLE_V6:
        if data[place] == 0x3A:
            colons += 1
            double |= place > at and data[place - 1] == 0x3A
        elif table[data[place]] & HEX:
            digits += 1
        else:
            break
        place += 1
    return _IP if (double or colons >= _LEAST_COLONS) and digits >= _LEAST_HEX else 0


@compiled
def _lettered(data: Bytes, start: int, at: int, stop: int, end: int, table: Bytes, countries: Bytes) -> int:
    """Return the kinds that begin with the letters right before the digits [at, stop)."""
    letters = 0
    while letters < 7 and at - letters > start and table[data[at - letters - 1]] & LETTER:
        letters += 1
    if at - letters > start and table[data[at - letters - 1]] & ALPHANUMERIC:
        return 0
    count = stop - at
    if letters == 2:
        found = _NATIONAL if _nino(data, at, end, table) else 0
        length = countries[((data[at - 2] | 0x20) - 0x61) * 26 + (data[at - 1] | 0x20) - 0x61]
        if length and count >= 2:
            missing, place = length - 2, at
            while missing and place < end:
                if table[data[place]] & ALPHANUMERIC:
                    missing -= 1
                elif (data[place] != _SPACE and data[place] != _HYPHEN) or not table[data[place - 1]] & ALPHANUMERIC:
                    break
                place += 1
            if missing == 0 and not _is(data, place, end, table, ALPHANUMERIC):
                found |= _IBAN
        return found
    if letters == 6 and count == 2:  # codice fiscale
        return _NATIONAL if _is(data, at + 2, end, table, LETTER) and _is(data, at + 9, end, table, LETTER) else 0
    return _NATIONAL if letters == 1 and count == 7 else 0


@compiled
def _nino(data: Bytes, at: int, end: int, table: Bytes) -> bool:
    digits, place = 0, at
    while place < end and digits < 6:
        if table[data[place]] & DIGIT:
            digits += 1
        elif data[place] != _SPACE:
            return False
        place += 1
    if place < end and data[place] == _SPACE:
        place += 1
    return digits == 6 and place < end and 0x61 <= (data[place] | 0x20) <= 0x64


@compiled
def _numbered(
    data: Bytes,
    start: int,
    at: int,
    stop: int,
    end: int,
    table: Bytes,
    size: Offsets,
    gap: Offsets,
    stems: Bytes,
    offsets: Offsets,
    owners: Bytes,
) -> int:
    """Return the kinds that begin with the digits [at, stop); `size` and `gap` are room for the groups' shape."""
    first = stop - at
    before = data[at - 1] if at > start else 0
    after = data[stop] if stop < end else 0
    found = 0
    if (first == 2 or first == 6) and before == _SPACE and at - 3 >= start and table[data[at - 2]] & LETTER:
        found |= _NATIONAL if table[data[at - 3]] & LETTER and _nino(data, at, end, table) else 0
    if first == 7 and before == _HYPHEN and at - 2 >= start and table[data[at - 2]] & LETTER:
        found |= _NATIONAL
    if table[after] & LETTER:
        if first == 8 or (first == 6 and (after == 0x41 or after == 0x42)):  # DNI; NIR of Corsica
            found |= _NATIONAL
    elif (first == 6 or first == 8) and (after == _HYPHEN or after == _PLUS):
        found |= _NATIONAL if _is(data, stop + 1, end, table, ALPHANUMERIC) else 0
    elif first == 8 and after == _SPACE and _is(data, stop + 1, end, table, LETTER):
        found |= _NATIONAL

    groups, total, last = 1, first, stop
    size[0] = first
    while groups < _MOST_GROUPS and total <= _MOST_DIGITS:
        place = last
        while place < end and place - last < _MOST_BETWEEN and table[data[place]] & SEPARATOR:
            place += 1
        if place == last or not _is(data, place, end, table, DIGIT):
            break
        gap[groups] = data[last] if place == last + 1 else 1
        last = place + 1
        while _is(data, last, end, table, DIGIT) and last - place <= _MOST_DIGITS:
            last += 1
        size[groups] = last - place
        total += size[groups]
        groups += 1
    if total < 4 or (groups == 1 and first < 7 and before != _PLUS):
        return found
    for rest in range(groups, _MOST_GROUPS):
        size[rest] = 0
        gap[rest] = 0

    dotted = gap[1] == _DOT and gap[2] == _DOT
    if dotted and groups >= 4 and gap[3] == _DOT and first <= 3 and size[1] <= 3 and size[2] <= 3:
        found |= _IP
    if 12 <= first <= 19 or (first == 4 and (size[1] == 6 or size[1] == 4) and size[2] >= 4):
        found |= _CARD
    if first == 15 or (first == 13 and data[at] == 0x37 and data[at + 1] == 0x35 and data[at + 2] == 0x36):
        found |= _NATIONAL  # NIR; AHV
    if first == 1 and size[1] == 2 and size[2] == 2 and size[3] >= 1 and gap[1] == gap[2]:
        found |= _NATIONAL  # NIR
    if dotted and size[1] >= 3 and size[2] >= 3 and (first == 3 or (first == 2 and size[1] == 3)):
        found |= _NATIONAL  # CPF, AHV, DNI
    if first == 3 and size[1] == 2 and size[2] == 4 and gap[1] == _HYPHEN and gap[2] == _HYPHEN:
        found |= _SSN
    lead = 1 if (first == 1 or first == 3) and size[1] == 3 and size[2] == 3 and size[3] == 4 else 0
    if size[lead] == 3 and size[lead + 1] == 3 and size[lead + 2] == 4:
        found |= _PHONE
    if before == _PLUS or (data[at] == _ZERO and total >= 9 and groups >= 2):
        found |= _PHONE
    if total < 7:
        return found
    names = _named(data, start, at, end, table, stems, offsets, owners)
    if names & 1:
        found |= _PHONE
    if names & 2 and (first == 9 or (first == 3 and (size[1] == 6 or size[1] == 2)) or (first == 5 and size[1] == 4)):
        found |= _SSN
    if names & 4 and total >= 9:
        found |= _NATIONAL
    place = last
    while place < end and place - last < 3 and (data[place] == _SPACE or data[place] == _HYPHEN or data[place] == _OPEN):
        place += 1
    if place > last and _stems_at(data, place, end, stems, offsets, owners) & 1:
        found |= _PHONE
    return found


@compiled
def candidates(
    data: Bytes,
    offsets: Offsets,
    table: Bytes,
    countries: Bytes,
    stems: Bytes,
    stem_offsets: Offsets,
    owners: Bytes,
    rows: Offsets,
    anchors: Offsets,
    kinds: Bytes,
) -> int:
    """Write where something may be found, in order, and return how many places; more than there is room: not all.

    Args:
        data: UTF-8 of all texts.
        offsets: Where each begins, and the end.
        table: Classes by octet (`octet.py`).
        countries: Length of an IBAN by two letters, 26 * first + second; 0: no country.
        stems: The beginnings of naming words, lower case, end to end.
        stem_offsets: Where each begins, and the end.
        owners: Whose word it is, bits by word.
        rows: Room for the numbers of the texts. It does not grow here: that made the whole loop 60 times slower.
        anchors: Room for the anchors, in characters of the text.
        kinds: Room for the bits of the kinds.
    """
    count = 0
    size, gap = np.zeros(_MOST_GROUPS, np.int64), np.zeros(_MOST_GROUPS, np.int64)
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        counted, characters = start, 0
        at = start
        while at < end:
            anchor = table[data[at]]
            if anchor & ANCHOR == 0:
                at += 1
                continue
            following = at + 1
            if anchor & DIGIT:
                while _is(data, following, end, table, DIGIT):
                    following += 1
                before = data[at - 1] if at > start else 0
                if table[before] & LETTER:
                    found = _lettered(data, start, at, following, end, table, countries)
                elif following - at < 6 and before != _PLUS and not _goes_on(data, following, end, table):
                    found = 0  # most numbers: too short, and no group follows
                else:
                    found = _numbered(
                        data, start, at, following, end, table, size, gap, stems, stem_offsets, owners
                    )
            elif data[at] == AT:
                found = _email(data, start, at, end, table)
            else:
                found = _v6(data, start, at, end, table)
            if found:
                while counted < at:
                    characters += (data[counted] & 0xC0) != 0x80
                    counted += 1
                if count < len(rows):
                    rows[count] = row
                    anchors[count] = characters
                    kinds[count] = found
                count += 1
            at = following
    return count
