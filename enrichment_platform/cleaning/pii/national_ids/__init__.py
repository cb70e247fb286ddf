"""National identification numbers, one module a family of check digits; each number's source is in its docstring."""

from enrichment_platform.cleaning.pii.boundary import Span, begins_digits
from enrichment_platform.cleaning.pii.national_ids import iso7064, lettered, luhn, mod97, verhoeff, weighted
from enrichment_platform.cleaning.pii.national_ids.written import Written

WRITTEN: tuple[Written, ...] = (
    *lettered.WRITTEN,
    *weighted.WRITTEN,
    *mod97.WRITTEN,
    *luhn.WRITTEN,
    *iso7064.WRITTEN,
    *verhoeff.WRITTEN,
)


def find_national_id(text: str, at: int, floor: int) -> Span | None:
    """Return where the number is whose first digits begin at the position."""
    if not begins_digits(text, at):
        return None
    return next((span for written in WRITTEN if (span := written.find(text, at, floor))), None)
