"""unicode_nfc: one code point sequence for texts that look the same (NFC: NFKC would make m² m2)."""

import polars as pl

from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.guard import NOT_ASCII, where_suspicious
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

EXAMPLES = [
    (None, None),
    ("plain", "plain"),
    ("cafe\u0301", "café"),
    ("A\u030angstro\u0308m", "Ångström"),
    ("m²", "m²"),
    ("\u1112\u1161\u11ab", "\ud55c"),
]


@operation(
    version=1,
    needs=Feature.NOT_NFC,
    gpu=on_host_where(Feature.NOT_NFC),  # cuDF's Unicode is of another version
    examples=EXAMPLES,
)
def unicode_nfc(column: pl.Series) -> pl.Series:
    """Compose letters and their accents."""
    return where_suspicious(column, NOT_ASCII, lambda texts: texts.str.normalize("NFC"))
