"""mask_pii: replaces what identifies a person by its kind: [EMAIL], [IBAN], [CARD], [SSN], [IP], [PHONE], ..."""

from collections.abc import Sequence

import polars as pl

from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.pii.candidates import masked_column
from enrichment_platform.cleaning.pii.kinds import KINDS, Kind
from enrichment_platform.cleaning.pii.masking import plain_token
from enrichment_platform.cleaning.pii.pseudonym import pseudonym_token

EXAMPLES = [
    (None, None),
    ("Order ORD-483920 of 2026-01-05 for 1,234.56 USD", "Order ORD-483920 of 2026-01-05 for 1,234.56 USD"),
    ("mail jane.doe+x@mail.example.com.", "mail [EMAIL]."),
    ("?to=jane@example.com&n=1", "?to=[EMAIL]&n=1"),
    ("card 4111 1111 1111 1111, not 4111 1111 1111 1112", "card [CARD], not 4111 1111 1111 1112"),
    ("IBAN DE89 3704 0044 0532 0130 00 and GB82WEST12345698765432", "IBAN [IBAN] and [IBAN]"),
    ("DE00370400440532013000", "DE00370400440532013000"),
    ("from 192.0.2.17 or 2001:db8::8a2e:370:7334 at 12:30:45", "from [IP] or [IP] at 12:30:45"),
    ("before version 1.2.3.4, std::string, 127.0.0.1", "before version 1.2.3.4, std::string, 127.0.0.1"),
    ("ssn 540-28-3799, not 000-12-3456", "ssn [SSN], not 000-12-3456"),
    ("call (202) 555-0119 or +44 20 7946 0958", "call [PHONE] or [PHONE]"),
    ("my phone number is 2025550119, account 2025550119", "my phone number is [PHONE], account 2025550119"),
    ("71-33-52-22 office, 1234567 items", "[PHONE] office, 1234567 items"),
    ("an j\u00fcrgen@m\u00fcnchen.de, \uff2a: jane\uff20example.com", "an [EMAIL], \uff2a: [EMAIL]"),
    ("+49\u00a030\u00a01234567, 4111\u20131111\u20131111\u20131111", "[PHONE], [CARD]"),
    ("DNI 12345678Z, not 12345678A", "DNI [NATIONAL_ID], not 12345678A"),
    ("BSN 111222333, order 111222333", "BSN [NATIONAL_ID], order 111222333"),
    ("[EMAIL:9f3a6c1e2b7d] and [CARD:411111111111]", "[EMAIL:9f3a6c1e2b7d] and [CARD:411111111111]"),
]


NEEDS = Feature.DIGITS | Feature.AT | Feature.NOT_ASCII  # digits and @ beyond ASCII


@operation(version=3, needs=NEEDS, gpu=on_host_where(NEEDS), examples=EXAMPLES)
def mask_pii(column: pl.Series, *, kinds: Sequence[Kind] = tuple(KINDS), pseudonyms: bool = False) -> pl.Series:
    """Mask the `kinds` listed; cards, IBANs, national ids and addresses only where check digits and ranges hold.

    With `pseudonyms`, a token is [EMAIL:9f3a6c1e2b7d]: the first 12 hexadecimal digits (48 bits) of HMAC-SHA256 with
    the key in the environment variable ENRICHMENT_PII_KEY, over the kind and the normal form: e-mail addresses in NFC
    and folded case, digits of cards, digits of telephone numbers (without a leading 00, the `(0)` after a country code
    and the extension), IBANs and national ids without blanks and in upper case, IP addresses in their shortest form. So
    joins and counts survive, but the national form of a telephone number (020 7946 0958) does not join with the
    international one (+44 20 7946 0958): the text does not say which country it is from. Nor does a domain join with
    its Punycode (xn--). Two of a million identifiers
    share a token with a probability of 0.2% (of ten million: 16%). There are but 10^10 telephone numbers, 10^9 social
    security numbers and 2^32 addresses of version 4: who has the key can try them all, so it has to stay as secret as
    the texts; a new key gives new tokens.

    Blanks and dashes beyond ASCII (no-break, thin, figure, ideographic; hyphens, en dash, minus) count as blank and
    hyphen where a digit is beside one in the text; full-width and Arabic digits and the full-width `@` as ASCII. Texts
    that are masked already stay as they are.

    Raises:
        InputError: `pseudonyms` without a key of at least 16 characters.
    """
    return masked_column(column, kinds, pseudonym_token() if pseudonyms else plain_token)
