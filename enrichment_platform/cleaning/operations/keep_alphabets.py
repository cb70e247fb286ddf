"""keep_alphabets: removes rows whose text is mostly written in another alphabet than those expected."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from enrichment_platform.cleaning.alphabet import NO_LETTER, Alphabet, Codes, alphabets_by_code_point, code_of
from enrichment_platform.cleaning.buffers import TextBuffers
from enrichment_platform.cleaning.device import DeviceMask, DeviceText
from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.feature_patterns import feature_pattern
from enrichment_platform.cleaning.guard import NOT_ASCII, TEXT
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

EXAMPLES = [
    (None, None),
    ("Größe, naïve, ｗｉｄｅ", None),
    ("Моя карта не работает", "0% of 18 letters are latin"),
    ("Error 404: 日本語のテキスト", "38% of 13 letters are latin"),
    ("Ciao! Πώς είσαι", "33% of 12 letters are latin"),
    ("12:30, 🙂 → 5 µ", None),
    ("ok 👍", None),
]


def _other_letters(text: DeviceText, *, alphabets: Sequence[Alphabet], **_: object) -> DeviceMask:
    return text.contains(feature_pattern(Feature.NOT_ASCII)) if "latin" in alphabets else text.is_there()


@operation(
    version=1,
    kind="filter",
    reason="other_alphabet",
    scope="all",
    gpu=on_host_where(_other_letters),
    examples=EXAMPLES,
)
def keep_alphabets(
    column: pl.Series,
    *,
    alphabets: Annotated[Sequence[Alphabet], Field(min_length=1)] = ("latin",),
    min_share: Annotated[float, Field(gt=0, le=1)] = 0.5,
) -> pl.Series:
    """Flag texts in which less than `min_share` of the letters are of `alphabets`; without letters a text stays."""
    from enrichment_platform.cleaning.alphabet_kernel import counts

    # ASCII has no other letters than Latin ones
    texts = column.alias("text").to_frame().select(pl.when(NOT_ASCII).then(TEXT))["text"]
    buffers = TextBuffers.of(texts if "latin" in alphabets else column)
    found = counts(buffers.data, buffers.offsets, _classes(alphabets), 3)
    letters, share = pl.col("other") + pl.col("kept"), pl.col("kept") / (pl.col("other") + pl.col("kept"))
    percent = (share * 100).floor().cast(pl.Int32, strict=False)
    detail = pl.format(f"{{}}% of {{}} letters are {', '.join(alphabets)}", percent, letters)
    frame = pl.DataFrame({"other": found[:, 1], "kept": found[:, 2]})
    return frame.select(pl.when((letters > 0) & (share < min_share)).then(detail).alias(column.name)).to_series()


def _classes(alphabets: Sequence[Alphabet]) -> Codes:
    """Return 0 for what is no letter, 1 for other letters, 2 for those of `alphabets`, by code point."""
    table = alphabets_by_code_point()
    return np.where(np.isin(table, [code_of(alphabet) for alphabet in alphabets]), 2, table != NO_LETTER).astype(
        np.uint8
    )
