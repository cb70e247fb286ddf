"""The kinds of identifier in the order in which they are looked for, each with its finder and its normal form."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from enrichment_platform.cleaning.pii.boundary import Span
from enrichment_platform.cleaning.pii.cards import find_card
from enrichment_platform.cleaning.pii.contacts import find_email, find_phone
from enrichment_platform.cleaning.pii.ibans import find_iban
from enrichment_platform.cleaning.pii.national_ids import find_national_id
from enrichment_platform.cleaning.pii.networks import find_ip
from enrichment_platform.cleaning.pii.ssns import find_ssn

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


def _dialled(text: str) -> str:
    return "".join(filter(str.isdigit, text)).removeprefix("00")


def _address(text: str) -> str:
    return ipaddress.ip_address(text).compressed


KINDS: dict[Kind, Finder] = {  # in this order: a telephone number could be part of the others
    "email": Finder(find_email, str.lower, 1),
    "iban": Finder(find_iban, _alphanumeric, 2),
    "card": Finder(find_card, _alphanumeric, 4),
    "ssn": Finder(find_ssn, _alphanumeric, 8),
    "national_id": Finder(find_national_id, _alphanumeric, 16),
    "ip": Finder(find_ip, _address, 32),
    "phone": Finder(find_phone, _dialled, 64),
}
