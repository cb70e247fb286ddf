"""Hashes that the kernels share (compiled)."""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.duplicates.alphabet import COMPLEX, SIZE, Table

Hashes = np.ndarray[Any, np.dtype[np.uint64]]

_HIGH_BITS = np.uint64(0x8080808080808080)
_M1, _M2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
_F1, _F2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_R27, _R31, _R33 = np.uint64(27), np.uint64(31), np.uint64(33)
_L37 = np.uint64(37)
_COMPLEX = np.uint32(COMPLEX)


def _load64(_: Any, data: Any, at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        wide = context.get_value_type(types.uint64).as_pointer()
        return builder.load(builder.bitcast(place, wide), align=1)

    return types.uint64(data, at), code


load64: Any = intrinsic(_load64)  # eight bytes at any address, little-endian; numba cannot say it itself


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """Return the bits of a hash mixed (MurmurHash3's finaliser)."""
    value ^= value >> _R33
    value *= _F1
    value ^= value >> _R33
    value *= _F2
    return value ^ (value >> _R33)


@compiled
def raw_hashes(data: Bytes, offsets: Offsets, table: Table, out: Hashes, complicated: Bytes) -> None:
    """Hash each text's bytes to 128 bits (MurmurHash3's two lanes), and find the texts that Polars must fold.

    Args:
        data: UTF-8 of all texts.
        offsets: Where each begins, and the end.
        table: `alphabet.table()`.
        out: (rows, 2) uint64, written.
        complicated: (rows,) uint8, written: 1 where a character is `COMPLEX`.
    """
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        h1, h2 = np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344)
        high = np.uint64(0)
        at = start
        while at < end:
            if at + 8 <= end:
                word = load64(data, at)
            else:
                word = np.uint64(0)
                for place in range(end - 1, at - 1, -1):
                    word = (word << np.uint64(8)) | np.uint64(data[place])
            high |= word
            h1 = (((h1 << _R31) | (h1 >> _R33)) ^ word) * _M1
            h2 = (((h2 << _R27) | (h2 >> _L37)) + (word ^ h1)) * _M2
            at += 8
        size = np.uint64(end - start)
        out[row, 0] = mixed(h1 ^ size)
        out[row, 1] = mixed(h2 + size)
        complicated[row] = 0
        if not high & _HIGH_BITS:
            continue
        at = start
        while at < end:
            octet = data[at]
            if octet < 0x80:
                at += 1
                while at + 8 <= end and not load64(data, at) & _HIGH_BITS:
                    at += 8
                continue
            if octet < 0xE0:
                code = ((octet & 0x1F) << 6) | (data[at + 1] & 0x3F)
                at += 2
            elif octet < 0xF0:
                code = ((octet & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F)
                at += 3
            else:
                code = (
                    ((octet & 7) << 18) | ((data[at + 1] & 63) << 12) | ((data[at + 2] & 63) << 6) | (data[at + 3] & 63)
                )
                at += 4
                if code >= SIZE:
                    if 0x2F800 <= code < 0x2FA20:  # ideographs that NFC replaces
                        complicated[row] = 1
                        break
                    continue
            if table[code] & _COMPLEX:
                complicated[row] = 1
                break
