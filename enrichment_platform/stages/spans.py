"""Where a quoted span stands in the cleaned text of its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from enrichment_platform.checks.grounding import ground


@dataclass(frozen=True)
class Span:
    """A quote and its place: column, first and last character (the end not included) where it stands there as it is.

    `found`: `exactly`, `in another case`, or what `checks.grounding` says of it.
    """

    field: str
    quote: str
    found: str
    column: str | None = None
    start: int | None = None
    end: int | None = None


def locate(field: str, quote: str, texts: Mapping[str, str]) -> Span:
    """Find a quote in the texts of a row, by column."""
    for column, text in texts.items():
        start = text.find(quote)
        if start >= 0:
            return Span(field, quote, "exactly", column, start, start + len(quote))
    for column, text in texts.items():
        start = text.lower().find(quote.lower())
        if start >= 0 and len(text.lower()) == len(text):
            return Span(field, quote, "in another case", column, start, start + len(quote))
    whole = " ".join(" ".join(texts.values()).split())
    return Span(field, quote, ground(" ".join(quote.split()), whole).value)
