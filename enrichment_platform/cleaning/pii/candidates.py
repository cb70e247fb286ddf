"""Masks a column: the compiled search finds where something may be found, and only there the finders look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from enrichment_platform.cleaning.buffers import Bytes, Offsets, TextBuffers
from enrichment_platform.cleaning.pii.kinds import KINDS, Kind
from enrichment_platform.cleaning.pii.masking import PASSES, Token, masked
from enrichment_platform.cleaning.pii.octet import octet_table
from enrichment_platform.cleaning.pii.shadow import odd_code_points, shadow
from enrichment_platform.cleaning.pii.stems import stems

LEAST_ROOM, OCTETS_A_CANDIDATE = 1_000, 500


def masked_column(column: pl.Series, kinds: Sequence[Kind], token: Token, passes: int = PASSES) -> pl.Series:
    """Return the String column with what the kinds name replaced by tokens.

    What `masked` gives for a text at all its positions it gives at the candidates, too: about 1 of 10,000 octets.
    Texts that change are looked at again, so that masking a column twice gives what masking it once gives.
    """
    rows, anchors, bits, shadows = _candidates(column)
    wanted = np.nonzero(bits & sum(KINDS[kind].bit for kind in set(kinds)))[0]
    if not len(wanted):
        return column
    places = list(zip(anchors[wanted].tolist(), bits[wanted].tolist(), strict=True))
    numbers, firsts = np.unique(rows[wanted], return_index=True)
    bounds = [*firsts.tolist(), len(places)]
    texts = column.gather(numbers).to_list()
    changed: dict[int, str] = {}
    for number, text, first, last in zip(numbers.tolist(), texts, bounds, bounds[1:], strict=False):
        new = masked(text, shadows.get(number, text), places[first:last], kinds, token)
        if new != text:
            changed[number] = new
    if not changed:
        return column
    fresh = pl.Series(column.name, list(changed.values()), dtype=pl.String)
    if passes > 1:
        fresh = masked_column(fresh, kinds, token, passes - 1)
    source = np.arange(len(column))
    source[list(changed)] = np.arange(len(column), len(column) + len(changed))
    return pl.concat([column, fresh]).gather(source)


def _candidates(column: pl.Series) -> tuple[Offsets, Offsets, Bytes, dict[int, str]]:
    """Return text number, anchor in characters and bits of the kinds, by place; and the shadows by text number."""
    from enrichment_platform.cleaning.pii.shadow_kernel import odd_texts

    parts, odd = [], []
    for first, buffers in TextBuffers.blocks(column):
        odd.append(odd_texts(buffers.data, buffers.offsets, odd_code_points()))
        rows, anchors, bits = _searched(buffers)
        parts.append((rows + first, anchors, bits))
    rows, anchors, bits = (np.concatenate(part) for part in zip(*parts, strict=True))
    has_shadow = np.concatenate(odd)
    numbers = np.nonzero(has_shadow)[0]
    if not len(numbers):
        return rows, anchors, bits, {}
    shadows = [shadow(text) for text in column.gather(numbers).to_list()]
    others, at, kinds = _searched(TextBuffers.of(pl.Series(shadows, dtype=pl.String)))
    plain = has_shadow[rows] == 0
    rows = np.concatenate([rows[plain], numbers[others]])
    order = np.argsort(rows, kind="stable")
    anchors, bits = np.concatenate([anchors[plain], at])[order], np.concatenate([bits[plain], kinds])[order]
    return rows[order], anchors, bits, dict(zip(numbers.tolist(), shadows, strict=True))


def _searched(buffers: TextBuffers) -> tuple[Offsets, Offsets, Bytes]:
    from enrichment_platform.cleaning.pii.candidate_kernel import candidates

    room, count = 0, LEAST_ROOM + len(buffers.data) // OCTETS_A_CANDIDATE
    while count > room:  # again, with enough room, where there were more than expected
        room = count
        rows, anchors, bits = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.uint8)
        count = candidates(buffers.data, buffers.offsets, octet_table(), stems(), rows, anchors, bits)
    return rows[:count], anchors[:count], bits[:count]
