"""Pseudonyms: the same identifier has the same token in every text, and only who has the key can make it."""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cache

from enrichment_platform.cleaning.pii.kinds import KINDS, Kind
from enrichment_platform.cleaning.pii.masking import Token
from enrichment_platform.errors import InputError

KEY_VARIABLE = "ENRICHMENT_PII_KEY"
LEAST_KEY_LENGTH = 16
HEX_DIGITS = 12


def pseudonym_token() -> Token:
    """Return what turns kind and found text into `[EMAIL:9f3a6c1e2b7d]`, with the key of the environment.

    Raises:
        InputError: The key is missing or short.
    """
    key = os.environ.get(KEY_VARIABLE, "")
    if len(key) < LEAST_KEY_LENGTH:
        problem = f"has {len(key)} characters" if key else "is not set"
        raise InputError(
            f"mask_pii with pseudonyms: the environment variable {KEY_VARIABLE} {problem}; it needs at least"
            f" {LEAST_KEY_LENGTH}. Set it to a secret that stays the same for all runs whose pseudonyms are to join"
            " (for example from `openssl rand -hex 32`, kept in your secret store), or leave out `pseudonyms`."
        )

    @cache
    def token(kind: Kind, found: str) -> str:
        message = f"{kind}:{KINDS[kind].normal(found)}".encode()
        return f"[{kind.upper()}:{hmac.new(key.encode(), message, hashlib.sha256).hexdigest()[:HEX_DIGITS]}]"

    return token
