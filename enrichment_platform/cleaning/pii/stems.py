"""The beginnings of words that name a number: the compiled search for candidates looks for them beside bare digits."""

from __future__ import annotations

from functools import cache

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets

PHONE = (
    "phone|iphone|tel|té|mobil|mó|movil|cell|call|text|whats|fax|dial|desk|direct|office|home|work|landline|hotline|handy"
    "|ring|contact|reach|answering|sms|messag"
)
SSN = "ssn|social|itin|tax"
NATIONAL_ID = (
    "nino|ni|national|nhs|steuer|idnr|tin|bsn|burger|sofi|pesel|cpf|cadastro|aadha|uid|sin|social|person|samord|citizen"
)


@cache
def stems() -> tuple[Bytes, Offsets, Bytes]:
    """Return the words in lower case (UTF-8, end to end), their offsets, and by word whose it is.

    The bits are 1 for telephones, 2 for social security numbers, 4 for national ids.
    """
    words: dict[str, int] = {}
    for bit, listed in ((1, PHONE), (2, SSN), (4, NATIONAL_ID)):
        for word in listed.split("|"):
            words[word] = words.get(word, 0) | bit
    # of a letter beyond ASCII only its first byte, which it shares with its capital
    encoded = [word.encode() if word.isascii() else word.encode()[:-1] for word in words]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), offsets, np.array(list(words.values()), np.uint8)
