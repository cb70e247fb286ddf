"""Cells and tables of the detection-power document, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from enrichment_platform.checks.power import Proportion


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Lines of a Markdown table."""
    heads = list(heads)
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def interval_text(one: Proportion) -> str:
    """Share, interval, hits and trials."""
    if not one.of:
        return "-"
    low, high = (percent(end) for end in one.interval)
    return f"{percent(one.share or 0)} ({low} to {high}; {one.hits}/{one.of})"


def short(one: Proportion) -> str:
    """Share and trials."""
    return f"{floored(one.share)} ({one.of})" if one.share is not None else "-"


def floored(share: float) -> str:
    """A share with two digits; rounded down, so that 1.00 means all of them."""
    return f"{int(share * 100 + 1e-9) / 100:.2f}"


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{share * 100:.2g}%" if share < 0.1 else f"{share * 100:.0f}%"
