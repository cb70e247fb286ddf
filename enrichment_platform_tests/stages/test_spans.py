"""A quote is found where it stands."""

from __future__ import annotations

import pytest

from enrichment_platform.stages.spans import Span, locate

TEXTS = {"subject": "Refund", "body": "Please refund order A-123456, I paid $20 on 3 May."}


@pytest.mark.parametrize(
    ("quote", "found", "column", "start"),
    [
        ("order A-123456", "exactly", "body", 14),
        ("Refund", "exactly", "subject", 0),
        ("please REFUND", "in another case", "body", 0),
        ("Please refund order A-123456, i payed $20", "the quoted text is in the source", None, None),
        ("a bicycle", "the quoted text is not in the source", None, None),
    ],
)
def test_a_quote_is_located(quote: str, found: str, column: str | None, start: int | None) -> None:
    end = None if start is None else start + len(quote)
    assert locate("field", quote, TEXTS) == Span("field", quote, found, column, start, end)
