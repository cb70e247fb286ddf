"""The pass over the bytes that finds where an identifier may be (compiled): never less than the finders find."""

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.pii import octet as of
from enrichment_platform.cleaning.pii.boundary import LABEL_REACH

_EMAIL, _IBAN, _CARD, _SSN, _NATIONAL, _IP, _PHONE = (of.BITS[kind] for kind in of.BITS)
_SPACE, _PLUS, _HYPHEN, _DOT, _ZERO, _OPEN = 0x20, 0x2B, 0x2D, 0x2E, 0x30, 0x28
_MOST_GROUPS, _MOST_DIGITS, _MOST_BETWEEN = 8, 24, 4
_LABEL_REACH = LABEL_REACH + 2  # characters, of them `+(` before the first digit
_BLOCK, _SINGLE_V6, _LEAST_COLONS, _LEAST_HEX, _LABEL = 64, 45, 6, 4, 4 * 64  # the first is a power of two


@compiled
def _is(data: Bytes, at: int, end: int, table: Bytes, kind: int) -> bool:
    return at < end and (table[data[at]] & kind) != 0


@compiled
def _stems_at(data: Bytes, at: int, end: int, words: Bytes) -> int:
    """Return whose words begin at a position, as bits."""
    found, word = 0, 0
    while word < len(words):
        length = words[word + 1]
        same = at + length <= end
        place = 0
        while same and place < length:
            octet = data[at + place]
            if 0x41 <= octet <= 0x5A:
                octet |= 0x20
            same = octet == words[word + 2 + place]
            place += 1
        if same:
            found |= words[word]
        word += 2 + length
    return found


@compiled
def _named(data: Bytes, start: int, at: int, end: int, table: Bytes, words: Bytes) -> int:
    """Return whose words begin before a number, no further back than the digit before."""
    found, characters = 0, 0
    place = at - 1
    while place >= start and characters <= _LABEL_REACH:
        characters += (data[place] & 0xC0) != 0x80
        kind = table[data[place]]
        if kind & of.DIGIT:
            break
        if kind & of.LETTER and (place == start or not table[data[place - 1]] & of.LETTER):
            found |= _stems_at(data, place, end, words)
        place -= 1
    return found


@compiled
def _email(data: Bytes, start: int, at: int, end: int, table: Bytes) -> int:
    if at == start or not table[data[at - 1]] & of.LOCAL or not _is(data, at + 1, end, table, of.LOCAL):
        return 0
    place = at + 1
    while place < end and place - at <= _LABEL and table[data[place]] & of.LOCAL and data[place] != _DOT:
        place += 1
    return _EMAIL if place < end and data[place] == _DOT else 0


@compiled
def _v6(data: Bytes, start: int, at: int, end: int, table: Bytes) -> int:
    first = at
    while first > start and at - first <= 4 and table[data[first - 1]] & of.HEX:
        first -= 1
    if first > start and data[first - 1] == 0x3A:
        return 0
    colons, digits, double, place = 0, at - first, False, at
    while place < end and place - at < _SINGLE_V6:
        if data[place] == 0x3A:
            colons += 1
            double |= place > at and data[place - 1] == 0x3A
        elif table[data[place]] & of.HEX:
            digits += 1
        else:
            break
        place += 1
    ends_as_v4 = place < end and data[place] == _DOT
    return _IP if (double or colons >= _LEAST_COLONS) and (digits >= _LEAST_HEX or ends_as_v4) else 0


@compiled
def _lettered(data: Bytes, start: int, at: int, stop: int, end: int, table: Bytes) -> int:
    """Return the kinds that begin with the letters right before the digits [at, stop)."""
    letters = 0
    while letters < 7 and at - letters > start and table[data[at - letters - 1]] & of.LETTER:
        letters += 1
    if at - letters > start and table[data[at - letters - 1]] & of.ALPHANUMERIC:
        return 0
    count = stop - at
    if letters == 2:
        found = _NATIONAL if _nino(data, at, end, table) else 0
        length = table[256 + ((data[at - 2] | 0x20) - 0x61) * 26 + (data[at - 1] | 0x20) - 0x61]
        if length and count >= 2:
            missing, place = length - 2, at
            while missing and place < end:
                if table[data[place]] & of.ALPHANUMERIC:
                    missing -= 1
                elif (data[place] != _SPACE and data[place] != _HYPHEN) or not table[data[place - 1]] & of.ALPHANUMERIC:
                    break
                place += 1
            if missing == 0 and not _is(data, place, end, table, of.ALPHANUMERIC):
                found |= _IBAN
        return found
    if letters == 6 and count == 2:  # codice fiscale
        return _NATIONAL if _is(data, at + 2, end, table, of.LETTER) and _is(data, at + 9, end, table, of.LETTER) else 0
    return _NATIONAL if letters == 1 and count == 7 else 0


@compiled
def _nino(data: Bytes, at: int, end: int, table: Bytes) -> bool:
    digits, place = 0, at
    while place < end and digits < 6:
        if table[data[place]] & of.DIGIT:
            digits += 1
        elif data[place] != _SPACE:
            return False
        place += 1
    if place < end and data[place] == _SPACE:
        place += 1
    return digits == 6 and place < end and 0x61 <= (data[place] | 0x20) <= 0x64


@compiled
def _group(packed: int, number: int) -> int:
    return (packed >> (8 * number)) & 0xFF


@compiled
def _numbered(data: Bytes, start: int, at: int, stop: int, end: int, table: Bytes, words: Bytes) -> int:
    """Return the kinds that begin with the digits [at, stop)."""
    first = stop - at
    before = data[at - 1] if at > start else 0
    after = data[stop] if stop < end else 0
    found = 0
    if (first == 2 or first == 6) and before == _SPACE and at - 3 >= start and table[data[at - 2]] & of.LETTER:
        found |= _NATIONAL if table[data[at - 3]] & of.LETTER and _nino(data, at, end, table) else 0
    if first == 7 and before == _HYPHEN and at - 2 >= start and table[data[at - 2]] & of.LETTER:
        found |= _NATIONAL
    if table[after] & of.LETTER:
        if first == 8 and not _is(data, stop + 1, end, table, of.ALPHANUMERIC):  # DNI
            found |= _NATIONAL
        if first == 6 and 0x41 <= after <= 0x42 and _is(data, stop + 1, end, table, of.DIGIT):  # NIR of Corsica
            found |= _NATIONAL
    elif (first == 6 or first == 8) and (after == _HYPHEN or after == _PLUS):
        found |= _NATIONAL if _is(data, stop + 1, end, table, of.ALPHANUMERIC) else 0
    elif first == 8 and after == _SPACE and _is(data, stop + 1, end, table, of.LETTER):
        found |= _NATIONAL

    groups, total, last = 1, first, stop
    sizes, gaps = min(first, 0xFF), 0  # of a group and before it, 8 bits each: arrays would cost more than the search
    while groups < _MOST_GROUPS and total <= _MOST_DIGITS:
        place = last
        while place < end and place - last < _MOST_BETWEEN and table[data[place]] & of.SEPARATOR:
            place += 1
        if place == last or not _is(data, place, end, table, of.DIGIT):
            break
        gaps |= (int(data[last]) if place == last + 1 else 1) << (8 * groups)
        last = place + 1
        while _is(data, last, end, table, of.DIGIT) and last - place <= _MOST_DIGITS:
            last += 1
        sizes |= (last - place) << (8 * groups)
        total += last - place
        groups += 1
    if total < 7 and groups < 4 and before != _PLUS:  # versions, amounts
        return found
    second, third, fourth = _group(sizes, 1), _group(sizes, 2), _group(sizes, 3)
    gap1, gap2, gap3 = _group(gaps, 1), _group(gaps, 2), _group(gaps, 3)

    dotted = gap1 == _DOT and gap2 == _DOT
    if dotted and groups >= 4 and gap3 == _DOT and first <= 3 and second <= 3 and third <= 3:
        found |= _IP
    spaced = (gap1 == _SPACE or gap1 == _HYPHEN) and (gap2 == _SPACE or gap2 == _HYPHEN)
    if 12 <= first <= 19 or (spaced and first == 4 and (second == 6 or second == 4) and third >= 4):
        found |= _CARD
    if first == 15 or (first == 13 and data[at] == 0x37 and data[at + 1] == 0x35 and data[at + 2] == 0x36):
        found |= _NATIONAL  # NIR; AHV
    if first == 1 and second == 2 and third == 2 and fourth >= 1 and gap1 == gap2:
        found |= _NATIONAL  # NIR
    if dotted and second >= 3 and third >= 3 and (first == 3 or (first == 2 and second == 3)):
        found |= _NATIONAL  # CPF, AHV, DNI
    if first == 3 and second == 2 and third == 4 and gap1 == _HYPHEN and gap2 == _HYPHEN:
        found |= _SSN
    lead = 1 if (first == 1 or first == 3) and second == 3 and third == 3 and fourth == 4 else 0
    if _group(sizes, lead) == 3 and _group(sizes, lead + 1) == 3 and _group(sizes, lead + 2) == 4:
        found |= _PHONE
    if before == _PLUS or (data[at] == _ZERO and first >= 3 and total >= 9 and groups >= 2):
        found |= _PHONE
    dated = groups == 3 and first == 4 and second == 2 and third == 2 and gap1 == _HYPHEN and gap2 == _HYPHEN
    if total < 7 or dated:
        return found
    names = _named(data, start, at, end, table, words)
    if names & 1:
        found |= _PHONE
    if names & 2 and (first == 9 or (first == 3 and (second == 6 or second == 2)) or (first == 5 and second == 4)):
        found |= _SSN
    if names & 4 and total >= 9:
        found |= _NATIONAL
    place = last
    while (
        place < end and place - last < 3 and (data[place] == _SPACE or data[place] == _HYPHEN or data[place] == _OPEN)
    ):
        place += 1
    if place > last and _stems_at(data, place, end, words) & 1:
        found |= _PHONE
    return found


@compiled
def _anchored(data: Bytes) -> Bytes:
    """Return for each block of 64 octets whether there is an anchor in it (eight times faster than octet by octet)."""
    blocks = np.zeros(len(data) // _BLOCK + 1, np.uint8)
    for block in range(len(data) // _BLOCK):
        found = np.uint8(0)
        for place in range(_BLOCK):
            octet = data[block * _BLOCK + place]
            found |= np.uint8(np.uint8(octet - np.uint8(_ZERO)) <= 10) | np.uint8(octet == of.AT)  # digits, ":"; "@"
        blocks[block] = found
    blocks[-1] = 1
    return blocks


@compiled
def candidates(
    data: Bytes,
    offsets: Offsets,
    table: Bytes,
    words: Bytes,
    rows: Offsets,
    anchors: Offsets,
    kinds: Bytes,
) -> int:
    """Write where something may be found, in order, and return how many places; more than there is room: not all.

    Args:
        data: UTF-8 of all texts.
        offsets: Where each begins, and the end.
        table: Classes by octet, and lengths of IBANs by country (`octet.py`).
        words: The beginnings of naming words (`stems.py`).
        rows: Room for the numbers of the texts. It does not grow here: that made the whole loop 60 times slower.
        anchors: Room for the anchors, in characters of the text.
        kinds: Room for the bits of the kinds.
    """
    count, blocks = 0, _anchored(data)
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        counted, characters = start, 0
        at = start
        while at < end:
            following = (at | (_BLOCK - 1)) + 1
            if blocks[at // _BLOCK]:
                following = min(end, following)
                while at < following and not table[data[at]] & of.ANCHOR:
                    at += 1
            else:
                at = following
            if at >= following:
                continue
            anchor = table[data[at]]
            following = at + 1
            if anchor & of.DIGIT:
                while _is(data, following, end, table, of.DIGIT):
                    following += 1
                before = data[at - 1] if at > start else 0
                after = table[data[following]] if following < end else 0
                later = table[data[following + 1]] if following + 1 < end else 0
                group = ((after & of.SEPARATOR) != 0) & ((later & (of.SEPARATOR | of.DIGIT)) != 0)  # may follow
                if table[before] & of.LETTER:
                    found = _lettered(data, start, at, following, end, table) if following - at > 1 else 0
                elif (
                    (following - at < 6) & (before != _PLUS) & (not group)
                ):  # most: without branches, they are guessed wrong
                    found = 0
                else:
                    found = _numbered(data, start, at, following, end, table, words)
            elif data[at] == of.AT:
                found = _email(data, start, at, end, table)
            elif _is(data, at + 1, end, table, of.HEX | of.COLON):
                found = _v6(data, start, at, end, table)
            else:
                found = 0
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
