"""Pieces of text that look like identifiers, and what masking gives without the compiled search."""

from hypothesis import strategies as st

from enrichment_platform.cleaning.pii.kinds import KINDS
from enrichment_platform.cleaning.pii.masking import PASSES, masked
from enrichment_platform.cleaning.pii.shadow import shadow

PIECES = (
    *("4111111111111111", "4111 1111 1111 1111", "3714-496353-98431", "630427373398"),
    *("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "gb82-west-1234-5698-7654-32"),
    *("192.0.2.1", "2001:db8::1", "fe80::1:2", "::ffff:10.0.0.7", "1:2:3:4:5:6:7:8", "before "),
    *("540-28-3799", "540 28 3799", "540283799", "ssn ", "social security number is ", "ITIN"),
    *("(202) 555-0119", "+44 (0)20 7946 0958", "030 1234567", "0049 30 1234567", "60-56-85-91", "(37) 788-063"),
    *("2025550119", "call ", "tel: ", "Phone:\n", " office", "-Fax", " x12", "TÉL ", "tél. ", "móvil ", "texting"),
    *("a@b.de", "x.y@mail.example.com", "to=", "@", ".com", "12345678Z", "12.345.678-Z", "X1234567L", "X-1234567-L"),
    *("AB 12 34 56 C", "AB123456C", "RSSMRA85T10A562S", "1 85 05 78 006 084 91", "185057800608491", "185052A006084"),
    *("BSN ", "111222333", "86 095 742 719", "IdNr. ", "PESEL:", "44051401359", "111.444.777-35", "756.9217.0769.85"),
    *("811218-9876", "8112189876", "personnummer ", "NHS ", "943 476 5919", "SIN ", "046 454 286"),
    *("Aadhaar ", "2341 2341 2346", "é", "漢", "😀", "1", "12", "0", "a", "de", "v", "é漢字😀" * 12),
    *("-", ".", ":", "::", ",", "/", " ", "   ", "+", "(", ")", "_", "\n", "\0", "=", "'", "[", "]"),
    *("jürgen@example.com", "user@münchen.de", "user@пример.рф", "u\u0308@b.de", "到", "@例子.公司", "\uff20", "ñ"),
    *("\u00a0", "\u202f", "\u2007", "\u2009", "\u2010", "\u2011", "\u2012", "\u2013", "\u2212", "\u3000", "\u2014"),
    *("\uff14\uff11\uff11\uff11", "\u0664", "\u06f1", "1111", "\uff0d", "\uff08", "30\u00a01234567", "+49\u00a0"),
    *("4111\u20131111\u20131111\u20131111", "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000"),
    *("[EMAIL]", "[CARD:411111111111]", "[IP]", "[PHONE:0123456789ab]", "[PHONE:"),
)
NEAR_PII = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14).map("".join)
NUMBER_LIKE = st.text("0123456789 0123456789-./():+@abAB", max_size=80)


def masked_everywhere(text: str) -> str:
    """Return the text masked with every position looked at."""
    for _ in range(PASSES):
        before, text = text, masked(text, shadow(text), [(at, 0xFF) for at in range(len(text))], tuple(KINDS))
        if text == before:
            break
    return text
