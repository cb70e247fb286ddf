"""mask_pii: replaces what identifies a person by its kind: [EMAIL], [IBAN], [CARD], [SSN], [IP], [PHONE]."""

from collections.abc import Callable, Sequence
from typing import Literal

import polars as pl

from enrichment_platform.cleaning.guard import TEXT, by_row, where_suspicious
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.pii import cards, contacts, ibans, networks, ssns

Kind = Literal["email", "iban", "card", "ssn", "ip", "phone"]
MASKS: dict[Kind, Callable[[str], str]] = {  # in this order: a phone number could be part of the others
    "email": contacts.emails_masked,
    "iban": ibans.ibans_masked,
    "card": cards.cards_masked,
    "ssn": ssns.ssns_masked,
    "ip": networks.ips_masked,
    "phone": contacts.phones_masked,
}
SUSPICIOUS: dict[Kind, str] = {
    "email": "@",
    "iban": "[A-Za-z]{2}[0-9]{2}[ A-Za-z0-9]{8}",
    "card": "[0-9]{4}[ -]?[0-9]{4}",
    "ssn": "[0-9]{2}[- ]?[0-9]{4}",
    "ip": r"[0-9]\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]*:",
    "phone": "[0-9]{2}",
}

EXAMPLES = [
    (None, None),
    ("Order ORD-483920 of 2026-01-05 for 1,234.56 USD", "Order ORD-483920 of 2026-01-05 for 1,234.56 USD"),
    ("mail jane.doe+x@mail.example.com.", "mail [EMAIL]."),
    ("card 4111 1111 1111 1111, not 4111 1111 1111 1112", "card [CARD], not 4111 1111 1111 1112"),
    ("IBAN DE89 3704 0044 0532 0130 00 and GB82WEST12345698765432", "IBAN [IBAN] and [IBAN]"),
    ("DE00370400440532013000", "DE00370400440532013000"),
    ("from 192.0.2.17 or 2001:db8::8a2e:370:7334 at 12:30:45", "from [IP] or [IP] at 12:30:45"),
    ("before version 1.2.3.4, std::string, 127.0.0.1", "before version 1.2.3.4, std::string, 127.0.0.1"),
    ("ssn 540-28-3799, not 000-12-3456", "ssn [SSN], not 000-12-3456"),
    ("call (202) 555-0119 or +44 20 7946 0958", "call [PHONE] or [PHONE]"),
    ("my phone number is 2025550119, account 2025550119", "my phone number is [PHONE], account 2025550119"),
]


@operation(version=1, examples=EXAMPLES)
def mask_pii(column: pl.Series, *, kinds: Sequence[Kind] = tuple(MASKS)) -> pl.Series:
    """Mask the `kinds` listed; cards, IBANs and addresses only where their check digits and ranges hold."""
    masked = column
    for kind, mask in MASKS.items():
        if kind in kinds:
            masked = where_suspicious(masked, TEXT.str.contains(SUSPICIOUS[kind]), by_row(mask))
    return masked
