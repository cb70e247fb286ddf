"""fix_mojibake: repairs text that was decoded with the wrong encoding, once or twice (ftfy.fix_encoding)."""

import ftfy
import polars as pl

from enrichment_platform.cleaning.guard import NOT_ASCII, by_row, where_suspicious
from enrichment_platform.cleaning.operation import operation

EXAMPLES = [
    (None, None),
    ("plain", "plain"),
    ("don\u00e2\u20ac\u2122t", "don’t"),
    ("caf\u00c3\u00a9", "café"),
    ("caf\u00c3\u0192\u00c2\u00a9", "café"),
    ("naïve café – “quoted”", "naïve café – “quoted”"),
    ("Größe 10 €", "Größe 10 €"),
]


@operation(version=1, idempotent=False, examples=EXAMPLES)
def fix_mojibake(column: pl.Series) -> pl.Series:
    """Leave text that shows no sign of it; not idempotent, since a repair can uncover another."""
    return where_suspicious(column, NOT_ASCII, by_row(ftfy.fix_encoding))
