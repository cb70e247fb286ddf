"""The id of a row, made of the columns that identify it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


def row_id(values: Sequence[object]) -> str | None:
    r"""The id of a row, or None when one of its key values is missing or blank.

    One key: its text, stripped. Several: joined with `|`, with `\` and `|` in the values escaped by a
    backslash, so that different keys never give the same id.
    """
    texts = [key_text(value) for value in values]
    if len(texts) == 1:
        return texts[0]
    parts = [text.replace("\\", "\\\\").replace("|", "\\|") for text in texts if text is not None]
    return "|".join(parts) if len(parts) == len(texts) else None


def key_text(value: object) -> str | None:
    """Text of a key value, stripped; None when it is null, NaN or blank. Dates and times are ISO 8601."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is the one value that differs from itself
        return None
    if isinstance(value, bytes):
        text = value.hex()
    elif isinstance(value, date):
        text = value.isoformat()
    else:
        text = str(value)
    return text.strip() or None
