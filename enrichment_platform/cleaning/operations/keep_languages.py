"""keep_languages: removes rows whose text is in another language than those expected."""

import difflib
from collections.abc import Sequence
from typing import Annotated

import polars as pl
from pydantic import AfterValidator, Field

from enrichment_platform.cleaning import language
from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

EXAMPLES = [
    (None, None),
    ("My card was declined when I tried to pay.", None),
    ("Meine Karte wurde abgelehnt, als ich bezahlen wollte.", "language de"),
    ("Ma carte a été refusée quand j'ai voulu payer.", "language fr"),
    ("私のカードは支払いの際に拒否されました。", "language ja"),
    ("MEINE KARTE WURDE ABGELEHNT, ALS ICH BEZAHLEN WOLLTE.", "language de"),
    ("ok danke", None),
    ("12345 - 67", None),
]


def _known(name: str) -> str:
    if name not in language.LANGUAGES:
        close = difflib.get_close_matches(name, language.LANGUAGES, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ValueError(f"no language {name!r}{hint} Known (ISO 639-1): {', '.join(language.LANGUAGES)}")
    return name


Language = Annotated[str, AfterValidator(_known)]


@operation(
    version=1,
    kind="filter",
    reason="other_language",
    scope="all",
    gpu=on_host_where(Feature.NONE),  # every row, to the host
    examples=EXAMPLES,
)
def keep_languages(
    column: pl.Series,
    *,
    languages: Annotated[Sequence[Language], Field(min_length=1)] = ("en",),
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.7,
) -> pl.Series:
    """Flag texts in a language that is none of `languages`, where `min_confidence` says so; short texts mostly stay."""
    found, sure = pl.col("language"), pl.col("confidence") >= min_confidence
    detail = pl.when(sure & ~found.is_in(list(languages))).then(pl.format("language {}", found))
    return language.languages(column).select(detail.alias(column.name)).to_series()
