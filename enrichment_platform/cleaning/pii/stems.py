"""The beginnings of words that name a number: the compiled search for candidates looks for them beside bare digits."""

from __future__ import annotations

from functools import cache

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes

PHONE = (
    "phone|iphone|tel|té|mobil|mó|movil|cell|call|text|whats|fax|dial|desk|direct|office|home|work|landline|hotline|handy"
    "|ring|contact|reach|answering|sms|messag"
)
SSN = "ssn|social|itin|tax"
NATIONAL_ID = (
    "nino|ni|national|nhs|steuer|idnr|tin|bsn|burger|sofi|pesel|cpf|cadastro|aadha|uid|sin|social|person|samord|citizen"
)


@cache
def stems() -> Bytes:
    """Return the words, uint8, each as whose it is (1: telephone, 2: SSN, 4: national id), length, lower-case UTF-8."""
    words: dict[str, int] = {}
    for bit, listed in ((1, PHONE), (2, SSN), (4, NATIONAL_ID)):
        for word in listed.split("|"):
            words[word] = words.get(word, 0) | bit
    packed = bytearray()
    for word, bits in words.items():
        # of a letter beyond ASCII only its first byte, which it shares with its capital
        encoded = word.encode() if word.isascii() else word.encode()[:-1]
        packed += bytes((bits, len(encoded))) + encoded
    return np.frombuffer(bytes(packed), np.uint8)
