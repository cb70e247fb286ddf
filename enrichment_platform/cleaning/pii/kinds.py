"""The kinds of identifier in the order in which they are looked for, each with its finder and its normal form."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from enrichment_platform.cleaning.pii.boundary import Span
from enrichment_platform.cleaning.pii.cards import find_card
from enrichment_platform.cleaning.pii.contacts import EXTENSION, find_email, find_phone
from enrichment_platform.cleaning.pii.ibans import find_iban
from enrichment_platform.cleaning.pii.national_ids import find_national_id
from enrichment_platform.cleaning.pii.networks import find_ip
from enrichment_platform.cleaning.pii.ssns import find_ssn

TRUNK_ZERO = re.compile(r"\A(\(?(?:\+|00)[ .-]?[0-9]{1,3}\)?[ .-]{0,2})\(0\)")  # +44 (0)20: dialled without it
Kind = Literal["email", "iban", "card", "ssn", "national_id", "ip", "phone"]


@dataclass(frozen=True)
class Finder:
    """How one kind is found.

    Attributes:
        find: (text, anchor, floor) to the span around the anchor that begins at `floor` at the earliest. The anchor
            is `@` for an e-mail address, a colon for an IP address of version 6, else the first of a run of digits.
        normal: The span's text to what is the same however it was written; pseudonyms are made of it.
        bit: Of the kind in what the compiled search for candidates returns.
    """

    find: Callable[[str, int, int], Span | None]
    normal: Callable[[str], str]
    bit: int


def _alphanumeric(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()


def _mailed(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _dialled(text: str) -> str:
    number = TRUNK_ZERO.sub(r"\1", EXTENSION.sub("", text))
    return "".join(filter(str.isdigit, number)).removeprefix("00")


def _address(text: str) -> str:
    return ipaddress.ip_address(text).compressed


KINDS: dict[Kind, Finder] = {  # in this order: a telephone number could be part of the others
    "email": Finder(find_email, _mailed, 1),
    "iban": Finder(find_iban, _alphanumeric, 2),
    "card": Finder(find_card, _alphanumeric, 4),
    "ssn": Finder(find_ssn, _alphanumeric, 8),
    "national_id": Finder(find_national_id, _alphanumeric, 16),
    "ip": Finder(find_ip, _address, 32),
    "phone": Finder(find_phone, _dialled, 64),
}
